"""Convolutions: plain, depthwise and transposed."""

from __future__ import annotations

from types import MappingProxyType

from cnnspec.backends.onnx.builder import Place, Writer, describe_windows
from cnnspec.ops.base import Op
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv


def write_conv(op: Conv | DepthwiseConv, at: Place) -> str:
    """A convolution; `same` is written in numbers, for ONNX Runtime refuses it with dilation."""
    windows = op.resolve(at.shape)
    return at.give(
        "Conv",
        (at.input, *at.weights()),
        **describe_windows(windows),
        dilations=[window.dilation for window in windows],
        group=op.count_groups(at.shape.channels),
    )


def write_conv_transpose(op: ConvTranspose, at: Place) -> str:
    """A transposed convolution; ONNX has all of its fields."""
    windows = op.resolve(at.shape)
    return at.give(
        "ConvTranspose",
        (at.input, *at.weights()),
        **describe_windows(windows),
        dilations=[window.dilation for window in windows],
        group=op.groups,
        output_padding=op.extra_rows(at.shape),
    )


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {
        Conv: write_conv,
        DepthwiseConv: write_conv,
        ConvTranspose: write_conv_transpose,
    }
)
