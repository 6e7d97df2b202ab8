"""Ops that move or cut values without computing with them."""

from __future__ import annotations

from typing import ClassVar

from cnnspec.ops.base import MAPS, Growth, Op, ShapeFault, spread, spread_sides
from cnnspec.ops.fields import Offset, PerAxisFromZero, Reference
from cnnspec.ops.model import Field
from cnnspec.ops.resize import check_rank
from cnnspec.ops.rows import Gather
from cnnspec.ops.shapes import Kind, Shape, vector


class Flatten(Op):
    """All values of a sample as one vector, in the order channels, height, width.

    Shape: a vector of all values of the input.
    """

    op: ClassVar[str] = "flatten"

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        return vector(inputs[0].elements)

    def find_reach(self, inputs: tuple[Shape, ...]) -> None:
        return None

    def find_growth(self, inputs: tuple[Shape, ...]) -> None:
        return None


class ZeroPad(Op):
    """Zeros around a map.

    Shape: along each axis `in + padding`, with the padding of both sides.
    """

    op: ClassVar[str] = "zero_pad"
    principal: ClassVar[str | None] = "padding"
    kinds: ClassVar[frozenset[Kind]] = MAPS

    padding: PerAxisFromZero = Field(
        description="rows on every side, or a list with one for each axis or each side"
    )

    def resolve_sides(self, shape: Shape) -> tuple[tuple[int, int], ...]:
        """The zeros before and after each axis."""
        return spread_sides(self.padding, shape.rank, "padding")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        pairs = zip(shape.sizes, self.resolve_sides(shape), strict=True)
        return shape.resize(tuple(size + sum(sides) for size, sides in pairs))

    def find_growth(self, inputs: tuple[Shape, ...]) -> tuple[Growth, ...]:
        return tuple(Growth(1, sum(sides)) for sides in self.resolve_sides(inputs[0]))

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Gather, ...]:
        return tuple(Gather(before=before) for before, _ in self.resolve_sides(inputs[0]))


class Crop(Op):
    """A map without its margins.

    Shape: along each axis `in - margins`, with the margins of both sides.
    """

    op: ClassVar[str] = "crop"
    principal: ClassVar[str | None] = "margins"
    kinds: ClassVar[frozenset[Kind]] = MAPS

    margins: PerAxisFromZero = Field(
        description="rows cut from every side, or a list with one for each axis or each side"
    )

    def resolve_sides(self, shape: Shape) -> tuple[tuple[int, int], ...]:
        """The rows cut before and after each axis."""
        return spread_sides(self.margins, shape.rank, "margins")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        sizes = [
            size - sum(sides)
            for size, sides in zip(shape.sizes, self.resolve_sides(shape), strict=True)
        ]
        if min(sizes) < 1:
            raise ShapeFault(
                "crop-exceeds-input",
                f"crop cuts more than the {'x'.join(map(str, shape.sizes))} map holds",
                field="margins",
            )
        return shape.resize(tuple(sizes))

    def find_growth(self, inputs: tuple[Shape, ...]) -> tuple[Growth, ...]:
        return tuple(Growth(1, -sum(sides)) for sides in self.resolve_sides(inputs[0]))

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Gather, ...]:
        return tuple(Gather(before=-before) for before, _ in self.resolve_sides(inputs[0]))


class CropLike(Op):
    """The part of a map that is as large as another value, of which nothing else is taken.

    `center` leaves as much on one side as on the other, and the odd row at the end. `like` is the
    name of a value, or of an input; the network's only input is called `input`.

    Shape: the channels of the map, and the other value's size along each axis.
    Source: Ronneberger et al., "U-Net", arXiv:1505.04597; with offsets Long et al.,
    arXiv:1411.4038.
    """

    op: ClassVar[str] = "crop_like"
    principal: ClassVar[str | None] = "like"
    kinds: ClassVar[frozenset[Kind]] = MAPS
    refers: ClassVar[bool] = True

    like: Reference = Field(description="name of the value whose size it gets")
    offset: Offset = Field(
        "center", description="rows cut before each axis, or 'center' for half of what is cut"
    )

    def find_starts(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        """The first row of each axis that stays."""
        shape, like = inputs
        if not isinstance(self.offset, str):
            return spread(self.offset, shape.rank, "offset")
        return tuple((n - kept) // 2 for n, kept in zip(shape.sizes, like.sizes, strict=True))

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        shape, like = inputs
        check_rank(self.op, shape, like)
        starts = self.find_starts(inputs)
        rows = zip(starts, like.sizes, shape.sizes, strict=True)
        if any(start < 0 or start + kept > size for start, kept, size in rows):
            behind = "" if isinstance(self.offset, str) else f" behind {_join(starts)} rows"
            raise ShapeFault(
                "crop-exceeds-input",
                f"crop_like cannot cut {_join(like.sizes)}{behind} out of a map of "
                f"{_join(shape.sizes)}",
                field="like",
            )
        return shape.resize(like.sizes)

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Gather, ...]:
        return tuple(Gather(before=-start) for start in self.find_starts(inputs))


def _join(sizes: tuple[int, ...]) -> str:
    return "x".join(map(str, sizes))


class Identity(Op):
    """The value itself."""

    op: ClassVar[str] = "identity"
