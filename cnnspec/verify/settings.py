"""What TensorFlow is told before it is imported, where its user has not said otherwise."""

from __future__ import annotations

# TensorFlow 2.21's oneDNN kernel for the weight gradient of a 1x1 convolution with stride 2 writes
# past its memory for some shapes (batch 3, 18x14, 4 channels to 6, on AVX-512): wrong numbers, or a
# crash some time later. TensorFlow's own kernels don't.
TENSORFLOW_SETTINGS = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
