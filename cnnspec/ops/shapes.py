"""The kind and the size of a value, without its batch axis."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from math import prod

from cnnspec.diagnostics import Prose
from cnnspec.records import dataclass


class Kind(StrEnum):
    """What a value is: a feature map, a plain vector, or a sequence of tokens."""

    MAP = "feature map"
    VECTOR = "vector"
    TOKENS = "tokens"


# What the spatial axes of a map of one, two or three dimensions are called.
AXIS_NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of one sample: channels (or features) and the sizes of the other axes.

    A map has one to three `sizes`, tokens have one (their number), a vector has none.
    """

    kind: Kind
    channels: int
    sizes: tuple[int, ...] = ()

    @property
    def rank(self) -> int:
        """The number of spatial axes of a map; 0 for a vector."""
        return len(self.sizes)

    @property
    def dims(self) -> tuple[int, ...]:
        """The axes in canonical order: channels first for a map, tokens first for tokens."""
        if self.kind is Kind.TOKENS:
            return (*self.sizes, self.channels)
        return (self.channels, *self.sizes)

    @property
    def elements(self) -> int:
        """How many numbers one sample holds."""
        return prod(self.dims)

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the axes that follow the channels."""
        return ("tokens",) if self.kind is Kind.TOKENS else AXIS_NAMES.get(self.rank, ())

    def resize(self, sizes: tuple[int, ...]) -> Shape:
        """The same kind and channels with other sizes."""
        return Shape(self.kind, self.channels, sizes)

    def widen(self, channels: int) -> Shape:
        """The same kind and sizes with other channels."""
        return Shape(self.kind, channels, self.sizes)

    def describe(self) -> str:
        """The kind and the size in words, as messages print them."""
        noun = {Kind.MAP: "feature map", Kind.VECTOR: "vector of", Kind.TOKENS: "tokens"}[self.kind]
        return f"{noun} {self}"

    def __str__(self) -> str:
        return "x".join(map(str, self.dims))


def vector(features: int) -> Shape:
    """The shape of a vector."""
    return Shape(Kind.VECTOR, features)


# What the sizes of a value are called, channels first.
SIZE_NAMES = ("channels", "length", "depth", "height", "width", "features", "tokens")
SIZE_FORMS = Prose(
    "a map has channels and length, or height and width, or depth, height and width;\n"
    "a vector has features; tokens have tokens and channels"
)


def arrange(sizes: Mapping[str, int]) -> Shape | None:
    """The shape of the kind of value that the names of its sizes tell; None where they do not."""
    named = set(sizes)
    if named == {"features"}:
        return vector(sizes["features"])
    if named == {"tokens", "channels"}:
        return Shape(Kind.TOKENS, sizes["channels"], (sizes["tokens"],))
    for axes in AXIS_NAMES.values():
        if named == {"channels", *axes}:
            return Shape(Kind.MAP, sizes["channels"], tuple(sizes[axis] for axis in axes))
    return None
