"""Pools: sliding, adaptive and global.

Windows that hang over the end are written as padding at the end. ONNX's own `ceil_mode` infers
wrong shapes before opset 22.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cnnspec.backends.base import CannotSayError
from cnnspec.backends.onnx.builder import Place, Writer, describe_windows
from cnnspec.backends.onnx.conv import list_pads_of, pad_at_run_time
from cnnspec.graph.ir import Node
from cnnspec.ops.base import Op, spread
from cnnspec.ops.pool import (
    AdaptiveAvgPool,
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    LpPool,
    MaxPool,
    MinPool,
)
from cnnspec.ops.shapes import Shape
from cnnspec.ops.windows import Window


def list_overhang(windows: Sequence[Window], shape: Shape) -> tuple[int, ...]:
    """What the last window along each axis reads past the padding."""
    return tuple(w.find_overhang(size) for w, size in zip(windows, shape.sizes, strict=True))


def stretch_windows(windows: Sequence[Window], at: Place) -> tuple[Window, ...]:
    """The same windows with what hangs over the end as padding.

    Where sizes are open it is as much padding as any of them needs.
    """
    most = tuple(w.after + w.slack for w in windows)
    padding = most if at.varies(_list_padding) else _list_padding(at.node)
    return tuple(
        replace(window, after=rows, ceil=False)
        for window, rows in zip(windows, padding, strict=True)
    )


def _count_padding(window: Window, size: int) -> int:
    """The rows behind the map, with those that hang over."""
    rows = window.after + window.find_overhang(size)
    # ONNX Runtime refuses padding of a kernel's size, though no window may read it.
    return rows if rows < window.kernel else window.count_past(size)


def _list_extremes(at: Place, windows: tuple[Window, ...], source: str) -> dict[str, Any]:
    """The inputs and attributes of a MaxPool over `source`."""
    dilations = [window.dilation for window in windows]
    if at.varies(list_pads_of):
        return {"inputs": (source,), **pad_at_run_time(windows), "dilations": dilations}
    if any(max(window.before, window.after) >= window.kernel for window in windows):
        # ONNX Runtime wants padding below the kernel's taps, however far apart they are.
        sides = [(window.before, window.after) for window in windows]
        sizes = [
            window.before + size + window.after
            for window, size in zip(windows, at.shape.sizes, strict=True)
        ]
        inputs = at.list_padding(source, sides, -np.inf)
        source = at.add("pad", "Pad", inputs, (at.shape.channels, *sizes), mode="constant")
        windows = tuple(replace(window, before=0, after=0) for window in windows)
    return {"inputs": (source,), **describe_windows(windows), "dilations": dilations}


def write_max_pool(op: MaxPool, at: Place) -> str:
    """A MaxPool, whose padding is never picked."""
    windows = stretch_windows(op.resolve(at.shape), at)
    return at.give("MaxPool", **_list_extremes(at, windows, at.input))


def write_min_pool(op: MinPool, at: Place) -> str:
    """The largest of the negated values, negated."""
    windows = stretch_windows(op.resolve(at.shape), at)
    negated = at.add("negate", "Neg", (at.input,), at.shape.dims)
    extremes = _list_extremes(at, windows, negated)
    return at.give("Neg", (at.add("max", "MaxPool", dims=at.node.shape.dims, **extremes),))


def count_shares(windows: Sequence[Window], shape: Shape) -> NDArray[np.float32]:
    """For each output position, the window's size over what of it counts.

    Rows past the trailing padding do not count.
    """
    shares = np.ones((), np.float64)
    for window, size in zip(windows, shape.sizes, strict=True):
        starts = np.arange(window.count_steps(size)) * window.stride
        past = np.maximum(starts + window.kernel - (size + window.before + window.after), 0)
        shares = np.multiply.outer(shares, window.kernel / (window.kernel - past))
    return shares.astype(np.float32)


def write_avg_pool(op: AvgPool, at: Place) -> str:
    """An AveragePool, put right by constants where a window hangs over the end."""
    windows = op.resolve(at.shape)
    if at.varies(list_pads_of):
        raise CannotSayError(
            "its padding depends on a size of the input that is open, and runtimes do not agree "
            "on what a mean counts where they compute the padding"
        )
    attributes: dict[str, Any] = {
        **describe_windows(stretch_windows(windows, at)),
        "count_include_pad": int(op.count_include_pad),
    }
    hangs = any(window.ceil for window in windows) and (
        at.is_open or any(list_overhang(windows, at.shape))
    )
    if hangs and at.is_open and not any(w.before or w.after for w in windows):
        # Without padding of its own, what hangs over is all that must not count.
        attributes["count_include_pad"] = 0
        hangs = False
    if not (hangs and op.count_include_pad):
        return at.give("AveragePool", (at.input,), **attributes)
    if at.is_open:
        raise CannotSayError(
            "what its last window counts depends on a size of the input that is open"
        )
    at.require_room(prod(at.node.shape.sizes))
    mean = at.add("mean", "AveragePool", (at.input,), at.node.shape.dims, **attributes)
    return at.give("Mul", (mean, at.floats("shares", count_shares(windows, at.shape))))


def write_lp_pool(op: LpPool, at: Place) -> str:
    """An LpPool, or for a broken power the root of the summed powers."""
    windows = op.resolve(at.shape)
    attributes = describe_windows(stretch_windows(windows, at))
    if op.norm_type.is_integer():
        return at.give("LpPool", (at.input,), **attributes, p=int(op.norm_type))
    dims = at.node.shape.dims
    size = at.add("abs", "Abs", (at.input,), at.shape.dims)
    power = at.floats("power", op.norm_type)
    raised = at.add("raise", "Pow", (size, power), at.shape.dims)
    mean = at.add("mean", "AveragePool", (raised,), dims, **attributes, count_include_pad=1)
    count = at.floats("count", prod(window.kernel for window in windows))
    total = at.add("sum", "Mul", (mean, count), dims)
    return at.give("Pow", (total, at.floats("root", 1 / op.norm_type)))


def write_global_pool(op: GlobalAvgPool | GlobalMaxPool, at: Place) -> str:
    """A global pool, flattened where the result is a vector."""
    kind = "GlobalAveragePool" if isinstance(op, GlobalAvgPool) else "GlobalMaxPool"
    if op.keepdims:
        return at.give(kind, (at.input,))
    dims = (at.shape.channels, *(1 for _ in at.shape.sizes))
    return at.give("Flatten", (at.add("pool", kind, (at.input,), dims),), axis=1)


def weigh_bins(size: int, bins: int) -> NDArray[np.float32]:
    """The matrix (bins, size) whose rows take the mean of each bin."""
    rows, columns = np.arange(bins)[:, np.newaxis], np.arange(size)
    start, stop = rows * size // bins, -(-(rows + 1) * size // bins)
    inside = (columns >= start) & (columns < stop)
    return (inside / (stop - start)).astype(np.float32)


def _list_padding(node: Node) -> tuple[int, ...]:
    """The padding behind the map that each window of an op reads."""
    (shape,) = node.shapes
    pairs = zip(cast(MaxPool, node.op).resolve(shape), shape.sizes, strict=True)
    return tuple(_count_padding(window, size) for window, size in pairs)


def write_adaptive_avg_pool(op: AdaptiveAvgPool, at: Place) -> str:
    """An AveragePool where the bins are equal, else one constant matrix for each axis."""
    sizes = at.shape.sizes
    bins = spread(op.output_size, at.shape.rank, "output_size")
    pairs = list(zip(sizes, bins, strict=True))
    if max(bins) == 1:
        return at.give("GlobalAveragePool", (at.input,))
    if at.varies(lambda node: node.shapes[0].sizes):
        raise CannotSayError(
            "its bins depend on a size of the input that is open; an output_size of 1 would do"
        )
    if all(size % count == 0 for size, count in pairs):
        windows = [Window(size // count, size // count) for size, count in pairs]
        return at.give("AveragePool", (at.input,), **describe_windows(windows))
    value, dims = at.input, [at.shape.channels, *sizes]
    for axis, (size, count) in enumerate(pairs, 1):
        if size == count:
            continue
        at.require_room(size * count)
        # As a stack of matrices, (batch, before, axis, after), whatever the map's rank.
        stack = (prod(dims[:axis]), size, prod(dims[axis + 1 :]))
        value = at.reshape(f"stack{axis}", value, stack)
        matrix = at.floats(f"bins{axis}", weigh_bins(size, count))
        value = at.add(f"mean{axis}", "MatMul", (matrix, value), (stack[0], count, stack[2]))
        dims[axis] = count
    return at.give("Reshape", (value, at.integers("shape", (0, *dims))))


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {
        MaxPool: write_max_pool,
        MinPool: write_min_pool,
        AvgPool: write_avg_pool,
        LpPool: write_lp_pool,
        GlobalAvgPool: write_global_pool,
        GlobalMaxPool: write_global_pool,
        AdaptiveAvgPool: write_adaptive_avg_pool,
    }
)
