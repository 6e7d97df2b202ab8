"""Ops that take a part of a value, or put its numbers in another order."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, ClassVar

from cnnspec.ops.base import MAPS, Growth, Op, Reach, ShapeFault
from cnnspec.ops.fields import Count, CountFromZero, PerSideFromZero, words
from cnnspec.ops.model import Field
from cnnspec.ops.rows import OWN, Gather, Scatter
from cnnspec.ops.shapes import AXIS_NAMES, Kind, Shape

_Axis = Annotated[str, words("channels", "spatial", *AXIS_NAMES[1], *AXIS_NAMES[3], "tokens")]


class Slice(Op):
    """Every `step`-th entry along an axis, from `start` up to `stop`.

    `spatial` are all axes of a map after the channels; the features of a vector are its channels.

    Shape: along the axis `ceil((stop - start) / step)`, where without `stop` that is the size.
    """

    op: ClassVar[str] = "slice"

    axis: _Axis = Field(description="the axis, or 'spatial' for all of a map alike")
    start: CountFromZero = Field(0, description="the first entry taken, counted from 0")
    stop: Count | None = Field(None, description="the first entry after it that is not; or none")
    step: Count = Field(1, description="from one entry to the next that is taken")

    def find_axes(self, shape: Shape) -> tuple[int, ...]:
        """The axes that are cut, where the channels are 0 and the sizes follow."""
        names = ("channels", *shape.axes)
        if self.axis == "spatial" and shape.kind is Kind.MAP:
            return tuple(range(1, 1 + shape.rank))
        if self.axis not in names:
            raise ShapeFault(
                "wrong-rank",
                f"a {shape.describe()} has no axis '{self.axis}'",
                field="axis",
                help=(f"its axes are {', '.join(names)}",),
            )
        return (names.index(self.axis),)

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        sizes = [shape.channels, *shape.sizes]
        for axis in self.find_axes(shape):
            end = sizes[axis] if self.stop is None else self.stop
            if not self.start < end <= sizes[axis]:
                raise ShapeFault(
                    "crop-exceeds-input",
                    f"slice takes {self.start} up to {end} of {sizes[axis]} {self.axis}",
                    field="start" if self.stop is None else "stop",
                )
            sizes[axis] = -(-(end - self.start) // self.step)
        return Shape(shape.kind, sizes[0], tuple(sizes[1:]))

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...]:
        axes = self.find_axes(inputs[0])
        return tuple(
            Reach(1, Fraction(self.step if axis in axes else 1))
            for axis in range(1, 1 + inputs[0].rank)
        )

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Gather, ...]:
        axes = self.find_axes(inputs[0])
        cut = Gather(stride=self.step, before=-self.start)
        return tuple(cut if axis in axes else OWN for axis in range(1, 1 + inputs[0].rank))

    def find_growth(self, inputs: tuple[Shape, ...]) -> tuple[Growth, ...]:
        shape, axes = self.infer_shape(inputs), self.find_axes(inputs[0])
        cut = Growth(1, self.step - 1 - self.start, self.step)
        return tuple(
            Growth()
            if axis not in axes
            else cut
            if self.stop is None
            else Growth(0, shape.sizes[axis - 1])
            for axis in range(1, 1 + shape.rank)
        )


class Split(Op):
    """One of several equal parts of the channels.

    The parts are named one by one: `split: {parts: 2, index: 0}` is the first half.

    Shape: the channels divided by `parts`.
    Source: Ma et al., "ShuffleNet V2", arXiv:1807.11164.
    """

    op: ClassVar[str] = "split"

    parts: Count = Field(description="how many parts there are")
    index: CountFromZero = Field(description="which of them is taken, counted from 0")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        if self.index >= self.parts:
            raise ShapeFault(
                "invalid-field",
                f"there is no part {self.index} of {self.parts}",
                field="index",
                help=(f"parts are counted from 0 to {self.parts - 1}",),
            )
        return shape.widen(_divide(self.op, shape.channels, self.parts, "parts"))


class PadChannels(Op):
    """Channels of zeros before and behind those of a map.

    Shape: `channels + padding`, with the padding of both sides.
    Source: He et al., arXiv:1512.03385, shortcut A.
    """

    op: ClassVar[str] = "pad_channels"
    principal: ClassVar[str | None] = "padding"
    kinds: ClassVar[frozenset[Kind]] = MAPS

    padding: PerSideFromZero = Field(description="channels on each side, or [before, behind]")

    @property
    def sides(self) -> tuple[int, int]:
        """The channels before and behind."""
        if isinstance(self.padding, int):
            return self.padding, self.padding
        return self.padding[0], self.padding[1]

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        return inputs[0].widen(inputs[0].channels + sum(self.sides))


class ChannelShuffle(Op):
    """The channels of several groups in turn: the first of each group, then the second of each.

    Formula: channel `k * groups + i` is channel `i * channels / groups + k` of the input.
    Shape: that of the input.
    Source: Zhang et al., "ShuffleNet", arXiv:1707.01083.
    """

    op: ClassVar[str] = "channel_shuffle"
    principal: ClassVar[str | None] = "groups"
    kinds: ClassVar[frozenset[Kind]] = MAPS

    groups: Count = Field(description="how many groups the channels come from")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        _divide(self.op, inputs[0].channels, self.groups, "groups")
        return inputs[0]


class _PixelOp(Op):
    """What both ways of pixel shuffle share."""

    principal: ClassVar[str | None] = "factor"
    kinds: ClassVar[frozenset[Kind]] = MAPS

    factor: Count = Field(description="rows and columns of a tile")


class PixelShuffle(_PixelOp):
    """Each position becomes a tile of positions, made of as many channels.

    Formula: channel c at row `r * h + i` and column `r * w + j` is channel `c * r * r + r * i + j`
    of the input at h and w, where r is `factor`; with one axis or three alike.
    Shape: the channels divided by the positions of a tile; along each axis `in * factor`.
    Source: Shi et al., arXiv:1609.05158.
    """

    op: ClassVar[str] = "pixel_shuffle"

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        channels = _divide(self.op, shape.channels, self.factor**shape.rank, "factor")
        return shape.widen(channels).resize(tuple(size * self.factor for size in shape.sizes))

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...]:
        return (Reach(1, Fraction(1, self.factor)),) * inputs[0].rank

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Scatter, ...]:
        return (Scatter(self.factor, self.factor),) * inputs[0].rank

    def find_growth(self, inputs: tuple[Shape, ...]) -> tuple[Growth, ...]:
        return (Growth(self.factor),) * inputs[0].rank


class PixelUnshuffle(_PixelOp):
    """Each tile of positions becomes one position with as many channels.

    Formula: the reverse of `pixel_shuffle`.
    Shape: the channels times the positions of a tile; along each axis `in / factor`.
    Source: Shi et al., arXiv:1609.05158, the other way round.
    """

    op: ClassVar[str] = "pixel_unshuffle"

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        for name, size in zip(shape.axes, shape.sizes, strict=True):
            if size % self.factor:
                raise ShapeFault(
                    "groups-not-dividing",
                    f"{self.op} needs a {name} divisible by {self.factor}, got {size}",
                    field="factor",
                )
        wide = shape.widen(shape.channels * self.factor**shape.rank)
        return wide.resize(tuple(size // self.factor for size in shape.sizes))

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...]:
        return (Reach(self.factor, Fraction(self.factor)),) * inputs[0].rank

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Gather, ...]:
        return (Gather(self.factor, self.factor),) * inputs[0].rank

    def find_growth(self, inputs: tuple[Shape, ...]) -> tuple[Growth, ...]:
        return (Growth(1, 0, self.factor),) * inputs[0].rank


def _divide(op: str, channels: int, parts: int, field: str) -> int:
    if channels % parts:
        raise ShapeFault(
            "groups-not-dividing",
            f"{op} needs a number of channels divisible by {parts}, got {channels}",
            field=field,
        )
    return channels // parts
