"""Ops that enlarge a map by interpolation."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from cnnspec.backends.onnx.builder import Place, Writer
from cnnspec.ops.base import Op
from cnnspec.ops.resize import Resize, ResizeLike, Upsample


def write_upsample(op: Upsample, at: Place) -> str:
    """A Resize by whole scales, with its coordinates spelt out."""
    inputs = (at.input, "", at.floats("scales", (1, 1, *op.factors(at.shape))))
    if op.mode != "nearest":
        return at.give("Resize", inputs, **_say_linear(op))
    return at.give(
        "Resize",
        inputs,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


def write_resize(op: Resize | ResizeLike, at: Place) -> str:
    """A Resize to sizes, or the nearest rows picked by their numbers."""
    rank = at.shape.rank
    measured = at.measure("like", at.inputs[1], rank) if op.refers and at.is_open else None
    if op.mode == "nearest":
        return _pick_rows(at, measured)
    sizes = measured or at.integers("sizes", at.node.shape.sizes)
    if at.opset >= 18:
        # Only the axes after the channels: the batch is of any size.
        axes = list(range(2, 2 + rank))
        return at.give("Resize", (at.input, "", "", sizes), axes=axes, **_say_linear(op))
    whole = at.count("shape", "Shape", (at.input,), 2 + rank)
    ends = (at.integers("from", [0]), at.integers("to", [2]))
    kept = at.count("kept", "Slice", (whole, *ends), 2)
    full = at.count("full_sizes", "Concat", (kept, sizes), 2 + rank, axis=0)
    return at.give("Resize", (at.input, "", "", full), **_say_linear(op))


def _say_linear(op: Upsample | Resize | ResizeLike) -> dict[str, str]:
    corners = "align_corners" if op.align_corners else "half_pixel"
    return {"mode": "linear", "coordinate_transformation_mode": corners}


def _pick_rows(at: Place, sizes: str | None) -> str:
    """Row i of o is row i * n // o of n; Resize reckons that in single precision, and rounds.

    The numbers of the rows are found when the model runs where sizes are open.
    """
    rank = at.shape.rank
    x, dims = at.input, list(at.shape.dims)
    before = at.measure("own", x, rank) if at.is_open else ""
    after = ""
    if at.is_open:
        after = sizes or at.integers("sizes", at.node.shape.sizes)
    for axis, (own, rows) in enumerate(zip(at.shape.sizes, at.node.shape.sizes, strict=True)):
        if at.is_open:
            picked = _count_rows(at, axis, before, after)
        else:
            at.require_room(2 * rows)
            picked = at.integers(f"picked{axis}", np.arange(rows) * own // rows)
        dims[1 + axis] = rows
        if axis < rank - 1:
            x = at.add(f"resized{axis}", "Gather", (x, picked), dims, axis=2 + axis)
    return at.give("Gather", (x, picked), axis=1 + rank)


def _count_rows(at: Place, axis: int, before: str, after: str) -> str:
    """The numbers of the nearest rows along one axis, from the sizes before and after."""
    rows = at.node.shape.sizes[axis]
    place = at.integer(f"axis{axis}", axis)
    new = at.count(f"rows{axis}", "Gather", (after, place), None)
    own = at.count(f"own{axis}", "Gather", (before, place), None)
    ends = (at.integer(f"zero{axis}", 0), new, at.integer(f"one{axis}", 1))
    numbers = at.count(f"numbers{axis}", "Range", ends, rows)
    scaled = at.count(f"scaled{axis}", "Mul", (numbers, own), rows)
    return at.count(f"picked{axis}", "Div", (scaled, new), rows)


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {Upsample: write_upsample, Resize: write_resize, ResizeLike: write_resize}
)
