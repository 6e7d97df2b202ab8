"""Convolutions: plain, depthwise and transposed."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any, cast

from cnnspec.backends.base import CannotSayError
from cnnspec.backends.onnx.builder import Place, Writer, describe_windows, list_pads
from cnnspec.graph.ir import Node
from cnnspec.ops.base import Op
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.pool import MaxPool
from cnnspec.ops.windows import Window


def write_conv(op: Conv | DepthwiseConv, at: Place) -> str:
    """A convolution; `same` is written in numbers, for ONNX Runtime refuses it with dilation."""
    windows = op.resolve(at.shape)
    return at.give(
        "Conv",
        (at.input, *at.weights()),
        **(pad_at_run_time(windows) if at.varies(list_pads_of) else describe_windows(windows)),
        dilations=[window.dilation for window in windows],
        group=op.count_groups(at.shape.channels),
    )


def list_pads_of(node: Node) -> list[int]:
    """The padding of an op that slides windows, as ONNX lists it."""
    windows = cast(Conv | MaxPool, node.op).resolve(node.shapes[0])
    return list_pads((window.before, window.after) for window in windows)


def pad_at_run_time(windows: tuple[Window, ...]) -> dict[str, Any]:
    """The attributes of windows whose padding follows from sizes that are open: `same` only."""
    if any(window.dilation > 1 and window.kernel > 1 for window in windows):
        raise CannotSayError(
            "its padding depends on a size of the input that is open, and ONNX Runtime refuses to "
            "compute the padding of dilated windows"
        )
    attributes: dict[str, Any] = describe_windows(windows)
    del attributes["pads"]
    return {**attributes, "auto_pad": "SAME_UPPER"}


def write_conv_transpose(op: ConvTranspose, at: Place) -> str:
    """A transposed convolution; ONNX has all of its fields.

    ONNX Runtime takes an output_padding below the stride only, PyTorch one below the dilation
    as well. More than that first takes back what the padding cuts, and then holds the bias alone.
    """
    windows, extra = op.resolve(at.shape), op.extra_rows(at.shape)
    if not _is_small(extra, windows):
        cuts = [window.after for window in windows]
        windows = tuple(
            replace(window, after=max(window.after - rows, 0))
            for window, rows in zip(windows, extra, strict=True)
        )
        extra = tuple(max(rows - cut, 0) for rows, cut in zip(extra, cuts, strict=True))
    attributes: dict[str, Any] = {
        **describe_windows(windows),
        "dilations": [window.dilation for window in windows],
        "group": op.groups,
    }
    if _is_small(extra, windows):
        inputs = (at.input, *at.weights())
        return at.give("ConvTranspose", inputs, **attributes, output_padding=extra)
    weight, *bias = at.weights()
    shape = at.node.shape
    dims = (shape.channels, *(n - rows for n, rows in zip(shape.sizes, extra, strict=True)))
    core = at.add("core", "ConvTranspose", (at.input, weight), dims, **attributes)
    padding = at.list_padding(core, [(0, rows) for rows in extra], 0.0)
    if not bias:
        return at.give("Pad", padding, mode="constant")
    padded = at.add("pad", "Pad", padding, shape.dims, mode="constant")
    return at.give("Add", (padded, at.stretch(*bias)))


def _is_small(extra: tuple[int, ...], windows: tuple[Window, ...]) -> bool:
    return all(rows < window.stride for rows, window in zip(extra, windows, strict=True))


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {
        Conv: write_conv,
        DepthwiseConv: write_conv,
        ConvTranspose: write_conv_transpose,
    }
)
