"""What ops compute that move, cut or enlarge maps."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from cnnspec.ops.shapes import Kind
from tests.frameworks import torch
from tests.reference_call import Call
from tests.reference_windows import cut, list_sides, pad, per_axis

if TYPE_CHECKING:
    from torch import Tensor


def zero_pad(op: Any, call: Call) -> Tensor:
    return pad(call.x, list_sides(op.padding, call.rank))


def crop(op: Any, call: Call) -> Tensor:
    return cut(call.x, list_sides(op.margins, call.rank))


def upsample(op: Any, call: Call) -> Tensor:
    x = call.x
    factors = per_axis(op.scale_factor, call.rank)
    if op.mode != "nearest":
        for axis, factor in enumerate(factors, 2):
            x = _sample(x, axis, x.shape[axis] * factor, op)
        return x
    for axis, factor in enumerate(factors, 2):
        x = x.repeat_interleave(factor, dim=axis)
    return x


def _sample(x: Tensor, axis: int, rows: int, op: Any) -> Tensor:
    """One axis with as many rows as asked for."""
    size = x.shape[axis]
    numbers = torch.arange(rows)
    if op.mode == "nearest":
        return x.index_select(axis, numbers * size // rows)
    numbers = numbers.to(torch.float64)
    if op.align_corners:
        places = numbers * ((size - 1) / max(rows - 1, 1))
    else:
        places = ((numbers + 0.5) * size / rows - 0.5).clamp(0, size - 1)
    first = places.floor().long().clamp(max=size - 1)
    share = (places - first).to(x.dtype).reshape(-1, *(1,) * (x.dim() - axis - 1))
    left = x.index_select(axis, first)
    return left + share * (x.index_select(axis, (first + 1).clamp(max=size - 1)) - left)


def resize(op: Any, call: Call) -> Tensor:
    x = call.x
    for axis, rows in enumerate(per_axis(op.size, call.rank), 2):
        x = _sample(x, axis, rows, op)
    return x


def resize_like(op: Any, call: Call) -> Tensor:
    x, like = call.inputs
    for axis, rows in enumerate(like.shape[2:], 2):
        x = _sample(x, axis, rows, op)
    return x


def crop_like(op: Any, call: Call) -> Tensor:
    x, like = call.inputs
    for axis, rows in enumerate(like.shape[2:], 2):
        spare = x.shape[axis] - rows
        before = spare // 2
        if op.offset != "center":
            before = per_axis(op.offset, call.rank)[axis - 2]
        x = x.narrow(axis, before, rows)
    return x


# What takes parts of a value, or puts its numbers in another order.


def slice_axes(op: Any, call: Call) -> Tensor:
    axes: list[int] = list(range(2, call.x.dim()))
    if op.axis != "spatial":
        names = {1: ["length"], 2: ["height", "width"], 3: ["depth", "height", "width"]}
        if call.kinds[0] is Kind.TOKENS:
            axes = [{"tokens": 1, "channels": 2}[op.axis]]
        else:
            axes = [1 + ["channels", *names.get(call.rank, [])].index(op.axis)]
    x = call.x
    for axis in axes:
        end = x.shape[axis] if op.stop is None else op.stop
        x = x.index_select(axis, torch.arange(op.start, end, op.step))
    return x


def split(op: Any, call: Call) -> Tensor:
    each = call.x.shape[call.channel_axis] // op.parts
    return call.x.narrow(call.channel_axis, op.index * each, each)


def pad_channels(op: Any, call: Call) -> Tensor:
    before, behind = (op.padding, op.padding) if isinstance(op.padding, int) else op.padding
    x = call.x
    zeros = [torch.zeros(x.shape[0], n, *x.shape[2:], dtype=x.dtype) for n in (before, behind)]
    return torch.cat([zeros[0], x, zeros[1]], dim=1)


def channel_shuffle(op: Any, call: Call) -> Tensor:
    each = call.x.shape[1] // op.groups
    order = [group * each + place for place in range(each) for group in range(op.groups)]
    return call.x[:, order]


def _list_tiles(op: Any, rank: int) -> list[Any]:
    """Where the places of a tile stand in a map, in order."""
    places = itertools.product(range(op.factor), repeat=rank)
    return [(..., *(slice(row, None, op.factor) for row in rows)) for rows in places]


def pixel_shuffle(op: Any, call: Call) -> Tensor:
    x = call.x
    tile = op.factor**call.rank
    sizes = [size * op.factor for size in x.shape[2:]]
    result = torch.zeros(x.shape[0], x.shape[1] // tile, *sizes, dtype=x.dtype)
    for place, where in enumerate(_list_tiles(op, call.rank)):
        result[where] = x[:, place::tile]
    return result


def pixel_unshuffle(op: Any, call: Call) -> Tensor:
    parts = [call.x[where] for where in _list_tiles(op, call.rank)]
    return torch.stack(parts, dim=2).flatten(1, 2)
