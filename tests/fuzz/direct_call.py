"""One op of a spec as somebody would read it who writes PyTorch by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cnnspec.ops.shapes import Kind, Shape
from tests.frameworks import functional, nn, torch

if TYPE_CHECKING:
    from torch import Tensor

Fields = Mapping[str, Any]
Numbers = list[int]


class Inexpressible(Exception):
    """PyTorch's layer has no such field."""


class Layers:
    """The calls for one use: `shapes` are those of its inputs, `fields` what its step says."""

    def __init__(self, op: str, fields: Fields, inputs: list[Tensor], kinds: list[Kind]) -> None:
        self.op, self.fields, self.inputs, self.kinds = op, fields, inputs, kinds
        self.x = inputs[0]
        self.rank = self.x.dim() - 2
        self.axis = 2 if kinds[0] is Kind.TOKENS else 1
        self.channels = self.x.shape[self.axis]

    def get(self, name: str, default: Any) -> Any:
        return self.fields.get(name, default)

    def pick(self, name: str) -> Any:
        """The layer of so many axes."""
        return getattr(nn, f"{name}{self.rank}d")

    def tuple(self, name: str, default: Any = 1) -> Any:
        """A field as layers take it: one number, or one for each axis."""
        value = self.get(name, default)
        return tuple(value) if isinstance(value, list) else value

    def spread(self, name: str, default: Any = 1) -> Numbers:
        value = self.get(name, default)
        if isinstance(value, list):
            if len(value) != self.rank:
                raise ValueError(f"{name} has {len(value)} entries")
            return value
        return [value] * self.rank

    def sides(self, name: str = "padding") -> list[tuple[int, int]]:
        """A padding as pairs; those of `same` are half and half, the odd row behind."""
        value = self.get(name, 0)
        if value == "same":
            return self._same()
        if value == "valid":
            value = 0
        if isinstance(value, list) and len(value) == 2 * self.rank:
            return list(zip(value[::2], value[1::2], strict=True))
        return [(entry, entry) for entry in self.spread(name, 0)]

    def _same(self) -> list[tuple[int, int]]:
        pairs = []
        kernels, strides = self.spread("kernel_size"), self.strides()
        for size, k, s, d in zip(
            self.x.shape[2:], kernels, strides, self.spread("dilation"), strict=True
        ):
            total = max((math.ceil(size / s) - 1) * s + (k - 1) * d + 1 - size, 0)
            pairs.append((total // 2, total - total // 2))
        return pairs

    def strides(self) -> Numbers:
        name = "stride" if self.get("stride", None) is not None else "kernel_size"
        return self.spread(name if "pool" in self.op else "stride")

    def padded(self, fill: float = 0.0) -> Tensor:
        """The map with its padding on."""
        flat = [rows for pair in reversed(self.sides()) for rows in pair]
        if any(rows < 0 for rows in flat):
            raise ValueError("a negative padding")
        return functional.pad(self.x, flat, value=fill)

    def even(self) -> Any:
        """A padding that is alike on both sides, as layers take it."""
        value = self.get("padding", 0)
        if value == "valid":
            return 0
        if value == "same" or (isinstance(value, list) and len(value) == 2 * self.rank):
            pairs = self.sides()
            if any(before != after for before, after in pairs):
                raise Inexpressible("padding on one side")
            return tuple(before for before, _ in pairs)
        return self.tuple("padding", 0)


def draw_value(shape: Shape, seed: int) -> Tensor:
    """A batch of two in the shape that a spec says."""
    source = torch.Generator().manual_seed(seed)
    return torch.randn(2, *shape.dims, generator=source)
