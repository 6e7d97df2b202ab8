"""Parts of values and orders of channels."""

from __future__ import annotations

from itertools import product
from types import MappingProxyType

import numpy as np

from cnnspec.backends.onnx.builder import Place, Writer, list_pads
from cnnspec.ops.base import Op
from cnnspec.ops.fields import MAX_SIZE
from cnnspec.ops.rearrange import (
    ChannelShuffle,
    PadChannels,
    PixelShuffle,
    PixelUnshuffle,
    Slice,
    Split,
)
from cnnspec.ops.shapes import Kind, Shape


def write_slice(op: Slice, at: Place) -> str:
    """A Slice."""
    tokens = at.shape.kind is Kind.TOKENS
    axes = [2 - axis if tokens else 1 + axis for axis in op.find_axes(at.shape)]
    # Beyond the end means up to it.
    stop = MAX_SIZE + 1 if op.stop is None else op.stop
    return _slice(at, axes, op.start, stop, op.step)


def write_split(op: Split, at: Place) -> str:
    """A Slice of the channels."""
    count = at.shape.channels // op.parts
    start = op.index * count
    axis = 2 if at.shape.kind is Kind.TOKENS else 1
    return _slice(at, [axis], start, start + count, 1)


def _slice(at: Place, axes: list[int], start: int, stop: int, step: int) -> str:
    numbers = (("starts", start), ("ends", stop), ("axes", None), ("steps", step))
    inputs = [
        at.integers(role, axes if value is None else [value] * len(axes)) for role, value in numbers
    ]
    return at.give("Slice", (at.input, *inputs))


def write_pad_channels(op: PadChannels, at: Place) -> str:
    """A Concat with zeros would need the batch, so a Pad of the channels."""
    sides = [(0, 0), op.sides, *[(0, 0)] * at.shape.rank]
    inputs = (at.input, at.integers("pads", list_pads(sides)), at.floats("fill", 0.0))
    return at.give("Pad", inputs, mode="constant")


def write_channel_shuffle(op: ChannelShuffle, at: Place) -> str:
    """A Gather of the channels, which leaves sizes open."""
    at.require_room(2 * at.shape.channels)
    order = np.arange(at.shape.channels).reshape(op.groups, -1).T.reshape(-1)
    return at.give("Gather", (at.input, at.integers("order", order)), axis=1)


def write_pixel_shuffle(op: PixelShuffle, at: Place) -> str:
    """A DepthToSpace in the order of PyTorch; over one axis or three by way of two."""
    rank, r = at.shape.rank, op.factor
    if rank == 2:
        return at.give("DepthToSpace", (at.input,), blocksize=r, mode="CRD")
    channels = at.node.shape.channels
    parts = (channels, *(r,) * rank)
    whole = (*parts, *at.shape.sizes)
    tiles = at.reshape("tiles", at.input, (*parts, *_say_sizes(at.shape)), whole)
    order = [place + axis for axis in range(rank) for place in (2 + rank, 2)]
    dims = [part for size in at.shape.sizes for part in (size, r)]
    turned = at.add("turned", "Transpose", (tiles,), (channels, *dims), perm=[0, 1, *order])
    return _give_map(at, turned)


def write_pixel_unshuffle(op: PixelUnshuffle, at: Place) -> str:
    """A SpaceToDepth, whose channels then get the order of PyTorch."""
    shape, rank, r = at.node.shape, at.shape.rank, op.factor
    if rank != 2:
        said, known = (
            (at.shape.channels, *(part for size in sizes for part in (size, r)))
            for sizes in (_say_sizes(shape), shape.sizes)
        )
        tiles = at.reshape("tiles", at.input, said, known)
        order = [*range(3, 3 + 2 * rank, 2), *range(2, 2 + 2 * rank, 2)]
        dims = (at.shape.channels, *(r,) * rank, *shape.sizes)
        turned = at.add("turned", "Transpose", (tiles,), dims, perm=[0, 1, *order])
        return _give_map(at, turned)
    tile = r**2
    spread = at.add("tiles", "SpaceToDepth", (at.input,), shape.dims, blocksize=op.factor)
    channels = at.shape.channels
    order = [place * channels + channel for channel, place in product(range(channels), range(tile))]
    return at.give("Gather", (spread, at.integers("order", order)), axis=1)


def _say_sizes(shape: Shape) -> tuple[int, ...]:
    """The sizes for a Reshape, which works a single one out itself."""
    return shape.sizes if shape.rank > 1 else (-1,)


def _give_map(at: Place, source: str) -> str:
    shape = at.node.shape
    dims = at.integers("shape", (0, shape.channels, *_say_sizes(shape)))
    return at.give("Reshape", (source, dims))


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {
        Slice: write_slice,
        Split: write_split,
        PadChannels: write_pad_channels,
        ChannelShuffle: write_channel_shuffle,
        PixelShuffle: write_pixel_shuffle,
        PixelUnshuffle: write_pixel_unshuffle,
    }
)
