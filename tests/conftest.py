"""What frameworks are told before any test imports them."""

from __future__ import annotations

import os

from cnnspec.verify.settings import TENSORFLOW_SETTINGS

# Keras's tests run on TensorFlow in this process; its other backends get processes of their own.
for name, value in {"KERAS_BACKEND": "tensorflow", **TENSORFLOW_SETTINGS}.items():
    os.environ.setdefault(name, value)
