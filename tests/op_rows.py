"""The shapes that cases of ops are made of, and what a case is.

Sizes are pairwise distinct in most cases, so that a wrong transpose is a wrong shape, and all
equal in some, so that code that guesses axes from sizes goes wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cnnspec.ops.base import Op
from cnnspec.ops.catalog import OPS
from cnnspec.ops.shapes import Kind, Shape


@dataclass(frozen=True, slots=True)
class OpCase:
    """One op with its fields, and the shapes that go into it."""

    op: str
    fields: dict[str, Any]
    inputs: tuple[Shape, ...]
    id: str = field(default="")

    def build(self) -> Op:
        """The op itself."""
        return OPS[self.op].model_validate(self.fields)


def fmap(channels: int, *sizes: int) -> Shape:
    """A feature map."""
    return Shape(Kind.MAP, channels, sizes)


def vector(features: int) -> Shape:
    """A vector."""
    return Shape(Kind.VECTOR, features)


def tokens(count: int, channels: int) -> Shape:
    """A sequence of tokens."""
    return Shape(Kind.TOKENS, channels, (count,))


MAP = fmap(6, 9, 7)
CUBE = fmap(5, 5, 5)
LINE = fmap(4, 11)
SOLID = fmap(4, 6, 5, 7)
ALL_RANKS = (LINE, MAP, SOLID)
ALL_KINDS = (*ALL_RANKS, CUBE, vector(7), tokens(5, 6))

Row = tuple[dict[str, Any], tuple[Shape, ...]]


def one(shape: Shape, **fields: Any) -> Row:
    return fields, (shape,)


def each(shapes: tuple[Shape, ...], **fields: Any) -> Iterator[Row]:
    for shape in shapes:
        yield fields, (shape,)
