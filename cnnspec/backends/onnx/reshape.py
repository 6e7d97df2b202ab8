"""Ops that move or cut values without computing with them."""

from __future__ import annotations

from types import MappingProxyType

from cnnspec.backends.onnx.builder import Place, Writer
from cnnspec.ops.base import Op
from cnnspec.ops.fields import MAX_SIZE
from cnnspec.ops.reshape import Crop, CropLike, Flatten, Identity, ZeroPad


def write_flatten(op: Flatten, at: Place) -> str:
    """A Flatten; channels come first already."""
    return at.give("Flatten", (at.input,), axis=1)


def write_zero_pad(op: ZeroPad, at: Place) -> str:
    """A Pad of zeros."""
    sides = op.resolve_sides(at.shape)
    return at.give("Pad", at.list_padding(at.input, sides, 0.0), mode="constant")


def write_crop(op: Crop, at: Place) -> str:
    """A Slice of the axes after the channels."""
    sides = op.resolve_sides(at.shape)
    starts = at.integers("starts", [before for before, _ in sides])
    ends = [size - after for size, (_, after) in zip(at.shape.sizes, sides, strict=True)]
    if at.is_open:
        # Counted from the end; beyond it means up to it.
        ends = [-after or MAX_SIZE + 1 for _, after in sides]
    axes = at.integers("axes", range(2, 2 + at.shape.rank))
    return at.give("Slice", (at.input, starts, at.integers("ends", ends), axes))


def write_crop_like(op: CropLike, at: Place) -> str:
    """A Slice behind rows that are known, or that are counted when the model runs."""
    rank = at.shape.rank
    axes = at.integers("axes", range(2, 2 + rank))
    if not at.is_open:
        first = op.find_starts(at.node.shapes)
        last = [start + size for start, size in zip(first, at.node.shape.sizes, strict=True)]
        ends = (at.integers("starts", first), at.integers("ends", last))
        return at.give("Slice", (at.input, *ends, axes))
    size = at.measure("like", at.inputs[1], rank)
    if op.offset == "center":
        own = at.measure("own", at.input, rank)
        spare = at.count("spare", "Sub", (own, size), rank)
        starts = at.count("starts", "Div", (spare, at.integers("two", [2])), rank)
    else:
        starts = at.integers("starts", op.find_starts(at.node.shapes))
    stop = at.count("ends", "Add", (starts, size), rank)
    return at.give("Slice", (at.input, starts, stop, axes))


def write_identity(op: Identity, at: Place) -> str:
    """An Identity."""
    return at.give("Identity", (at.input,))


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {
        Flatten: write_flatten,
        ZeroPad: write_zero_pad,
        Crop: write_crop,
        CropLike: write_crop_like,
        Identity: write_identity,
    }
)
