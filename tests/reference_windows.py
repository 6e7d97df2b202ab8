"""Paddings and windows, worked out from an op's fields alone, for the oracle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.frameworks import functional

if TYPE_CHECKING:
    from torch import Tensor


def per_axis(value: int | tuple[int, ...], rank: int) -> list[int]:
    return [value] * rank if isinstance(value, int) else list(value)


def list_sides(value: int | tuple[int, ...] | str, rank: int) -> list[tuple[int, int]]:
    if value == "valid":
        return [(0, 0)] * rank
    if isinstance(value, int):
        return [(value, value)] * rank
    if len(value) == rank:
        return [(int(entry), int(entry)) for entry in value]
    return [(int(value[2 * i]), int(value[2 * i + 1])) for i in range(rank)]


def resolve_sides(
    op: Any, x: Tensor, strides: list[int], spans: list[int]
) -> list[tuple[int, int]]:
    """The padding of each axis; `spans` are the rows from a window's first to its last tap."""
    padding = getattr(op, "padding", 0)
    if padding != "same":
        return list_sides(padding, x.dim() - 2)
    sides = []
    for size, stride, span in zip(x.shape[2:], strides, spans, strict=True):
        total = max((math.ceil(size / stride) - 1) * stride + span - size, 0)
        sides.append((total // 2, total - total // 2))
    return sides


def pad(x: Tensor, sides: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    flat = [rows for pair in reversed(sides) for rows in pair]
    return functional.pad(x, flat, value=value)


def cut(x: Tensor, sides: Sequence[tuple[int, int]]) -> Tensor:
    for axis, (before, after) in enumerate(sides, 2):
        x = x.narrow(axis, before, x.shape[axis] - before - after)
    return x


@dataclass(frozen=True)
class Plan:
    """How a pool's windows lie: `hangs` are the rows that they read past the padding."""

    kernels: list[int]
    strides: list[int]
    dilations: list[int]
    sides: list[tuple[int, int]]
    hangs: list[int]

    def cut(self, x: Tensor) -> Tensor:
        """All windows of a map that is padded already, their values along one last axis."""
        rows = zip(self.kernels, self.strides, self.dilations, strict=True)
        for axis, (kernel, stride, dilation) in enumerate(rows, 2):
            x = x.unfold(axis, (kernel - 1) * dilation + 1, stride)[..., ::dilation]
        return x.flatten(2 + len(self.kernels))

    def cut_filled(self, x: Tensor, fill: float) -> Tensor:
        """All windows of a map, with one number for whatever lies outside of it."""
        pairs = zip(self.sides, self.hangs, strict=True)
        return self.cut(pad(x, [(before, after + hang) for (before, after), hang in pairs], fill))


def plan_windows(op: Any, x: Tensor) -> Plan:
    rank = x.dim() - 2
    kernels = per_axis(op.kernel_size, rank)
    strides = kernels if op.stride is None else per_axis(op.stride, rank)
    dilations = per_axis(getattr(op, "dilation", 1), rank)
    spans = [(k - 1) * d + 1 for k, d in zip(kernels, dilations, strict=True)]
    sides = resolve_sides(op, x, strides, spans)
    hangs = [0] * rank
    if op.ceil_mode:
        for axis, (before, after) in enumerate(sides):
            size, span, stride = x.shape[2 + axis], spans[axis], strides[axis]
            count = math.ceil((size + before + after - span) / stride) + 1
            if (count - 1) * stride >= size + before:
                count -= 1
            hangs[axis] = max((count - 1) * stride + span - size - before - after, 0)
    return Plan(kernels, strides, dilations, sides, hangs)
