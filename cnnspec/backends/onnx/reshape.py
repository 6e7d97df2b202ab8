"""Ops that move or cut values without computing with them."""

from __future__ import annotations

from types import MappingProxyType

from cnnspec.backends.onnx.builder import Place, Writer
from cnnspec.ops.base import Op
from cnnspec.ops.fields import MAX_SIZE
from cnnspec.ops.reshape import Crop, Flatten, Identity, ZeroPad


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


def write_identity(op: Identity, at: Place) -> str:
    """An Identity."""
    return at.give("Identity", (at.input,))


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {
        Flatten: write_flatten,
        ZeroPad: write_zero_pad,
        Crop: write_crop,
        Identity: write_identity,
    }
)
