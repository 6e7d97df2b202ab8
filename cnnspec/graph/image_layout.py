"""Guesses whether the sizes of an image were given in another order than they are read in."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.graph.ir import Value
from cnnspec.ops.shapes import Kind, Shape

# An image with more channels than this has them on the wrong axis, or is no image.
_FEW_CHANNELS = 8
_IMAGE_CHANNELS = (1, 3, 4)


def suspect_layout(inputs: Sequence[Value]) -> list[str]:
    """What the only input was probably meant to be, as a note."""
    shape = inputs[0].shape if len(inputs) == 1 else None
    meant = guess_layout(shape) if shape is not None else None
    return [f"the input is {shape}: did you mean {meant}?"] if meant is not None else []


def guess_layout(shape: Shape) -> str | None:
    """The sizes as they were probably meant, where one axis is as an image's channels are."""
    if shape.kind is not Kind.MAP or shape.rank != 2 or shape.channels <= _FEW_CHANNELS:
        return None
    small = [axis for axis, size in enumerate(shape.sizes) if size in _IMAGE_CHANNELS]
    other = shape.sizes[1 - small[0]] if small else 0
    if len(small) != 1 or other <= _FEW_CHANNELS:
        return None
    channels = shape.sizes[small[0]]
    return f"channels: {channels}, height: {shape.channels}, width: {other}"
