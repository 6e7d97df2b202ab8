"""Ops that make a map larger or smaller by interpolation."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import Annotated, ClassVar

from cnnspec.ops.base import MAPS, Growth, Op, Reach, ShapeFault, spread
from cnnspec.ops.fields import Flag, PerAxis, Reference, words
from cnnspec.ops.model import Field
from cnnspec.ops.rows import Spans
from cnnspec.ops.shapes import Kind, Shape

# The way to interpolate along one axis, two and three.
LINEAR = ("linear", "bilinear", "trilinear")
_Mode = Annotated[str, words("nearest", *LINEAR)]
_MODE = Field("nearest", description="how the values between are found")
_CORNERS = Field(
    False, description="whether the first and last rows stay where they are; not for nearest"
)
_NOUNS = MappingProxyType({"upsample": "upsampling"})


class _Interpolation(Op):
    """What ops that interpolate share."""

    kinds: ClassVar[frozenset[Kind]] = MAPS

    mode: _Mode
    align_corners: Flag

    def check_mode(self, shape: Shape) -> None:
        """Raise ShapeFault for a mode that is for other maps, or that no corners belong to."""
        if self.mode in LINEAR and self.mode != (fitting := LINEAR[shape.rank - 1]):
            axes = LINEAR.index(self.mode) + 1
            raise ShapeFault(
                "wrong-rank",
                f"{self.mode} {_NOUNS.get(self.op, 'resizing')} needs a map with {axes} "
                f"ax{'i' if axes == 1 else 'e'}s, got {shape}",
                field="mode",
                help=(f"use mode: {fitting}",),
            )
        if self.align_corners and self.mode == "nearest":
            raise ShapeFault(
                "invalid-field",
                "align_corners has no meaning where the nearest row is taken",
                field="align_corners",
                help=(f"leave it out, or use mode: {LINEAR[shape.rank - 1]}",),
            )

    def find_reaches(self, before: tuple[int, ...], after: tuple[int, ...]) -> tuple[Reach, ...]:
        """How far each axis looks, from its size before and after."""
        extent = 1 if self.mode == "nearest" else 2
        pairs = zip(before, after, strict=True)
        return tuple(Reach(extent, Fraction(own, new)) for own, new in pairs)

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Spans, ...]:
        find = (
            _find_nearest
            if self.mode == "nearest"
            else _find_between_corners
            if self.align_corners
            else _find_between_centres
        )
        pairs = zip(inputs[0].sizes, self.infer_shape(inputs).sizes, strict=True)
        return tuple(Spans(partial(find, n, o)) for n, o in pairs)


class Upsample(_Interpolation):
    """A map enlarged by whole factors.

    `nearest` repeats each value; `linear`, `bilinear` and `trilinear`, for maps of one, two and
    three axes, sample at pixel centres (what PyTorch calls align_corners=False and ONNX
    half_pixel), or with `align_corners` at rows that lie evenly from the first to the last.

    Shape: along each axis `in * scale_factor`.
    """

    op: ClassVar[str] = "upsample"
    principal: ClassVar[str | None] = "scale_factor"

    scale_factor: PerAxis = Field(description="how many times larger each axis becomes")
    mode: _Mode = _MODE
    align_corners: Flag = _CORNERS

    def factors(self, shape: Shape) -> tuple[int, ...]:
        """The factor of each axis."""
        return spread(self.scale_factor, shape.rank, "scale_factor")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        self.check_mode(shape)
        pairs = zip(shape.sizes, self.factors(shape), strict=True)
        return shape.resize(tuple(size * factor for size, factor in pairs))

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...]:
        return self.find_reaches(inputs[0].sizes, self.infer_shape(inputs).sizes)

    def find_growth(self, inputs: tuple[Shape, ...]) -> tuple[Growth, ...]:
        return tuple(Growth(factor) for factor in self.factors(inputs[0]))


class Resize(_Interpolation):
    """A map brought to a fixed size.

    Row i of o, out of n rows, is with `nearest` row `floor(i * n / o)`, reckoned exactly. The
    linear modes, for maps of one, two and three axes, read at `(i + 0.5) * n / o - 0.5`, not
    before the first row and not behind the last, or with `align_corners` at
    `i * (n - 1) / (o - 1)`. A map that becomes smaller is not blurred first.

    Shape: `size` along each axis.
    """

    op: ClassVar[str] = "resize"
    principal: ClassVar[str | None] = "size"

    size: PerAxis = Field(description="size of the result along each axis")
    mode: _Mode = _MODE
    align_corners: Flag = _CORNERS

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        self.check_mode(shape)
        return shape.resize(spread(self.size, shape.rank, "size"))

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...]:
        return self.find_reaches(inputs[0].sizes, self.infer_shape(inputs).sizes)

    def find_growth(self, inputs: tuple[Shape, ...]) -> None:
        return None


class ResizeLike(_Interpolation):
    """A map brought to the size of another value, of which nothing else is taken.

    The values between are found as `resize` finds them. `like` is the name of a value, or of an
    input; the network's only input is called `input`.

    Shape: the channels of the map, and the other value's size along each axis.
    Source: Lin et al., "Feature pyramid networks for object detection", arXiv:1612.03144.
    """

    op: ClassVar[str] = "resize_like"
    principal: ClassVar[str | None] = "like"
    refers: ClassVar[bool] = True

    like: Reference = Field(description="name of the value whose size it gets")
    mode: _Mode = _MODE
    align_corners: Flag = _CORNERS

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        shape, like = inputs
        check_rank(self.op, shape, like)
        self.check_mode(shape)
        return shape.resize(like.sizes)

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...]:
        return self.find_reaches(inputs[0].sizes, inputs[1].sizes)


def _find_nearest(n: int, o: int, row: int) -> range:
    """The row of `n` that a row of `o` takes."""
    return range(row * n // o, row * n // o + 1)


def _find_between_centres(n: int, o: int, row: int) -> range:
    return _list_neighbours((2 * row + 1) * n - o, 2 * o, n)


def _find_between_corners(n: int, o: int, row: int) -> range:
    return _list_neighbours(row * (n - 1), max(1, o - 1), n)


def _list_neighbours(place: int, parts: int, n: int) -> range:
    """The rows around `place / parts` that have a share in what is read there."""
    place = min(max(place, 0), (n - 1) * parts)
    return range(place // parts, -(-place // parts) + 1)


def is_whole(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether each axis becomes a whole number of times larger or smaller.

    Frameworks then find the nearest rows alike, whatever they round; for factors above 16 not all.
    """
    return all(
        n % o == 0 or (o % n == 0 and o // n <= 16) for n, o in zip(before, after, strict=True)
    )


def check_rank(op: str, shape: Shape, like: Shape) -> None:
    """Raise ShapeFault where a map and the one whose size it gets have not the same axes."""
    if shape.rank != like.rank:
        raise ShapeFault(
            "wrong-rank",
            f"{op} needs maps with the same axes, got {shape} and {like}",
            field="like",
        )
