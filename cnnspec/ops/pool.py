"""Pooling: a window, or the whole map, becomes one number for each channel."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from math import gcd
from typing import ClassVar

from cnnspec.ops.base import MAPS, Growth, Op, Reach, ShapeFault, spread
from cnnspec.ops.fields import Flag, Padding, PerAxis, Positive
from cnnspec.ops.model import Field
from cnnspec.ops.rows import Gather, Spans
from cnnspec.ops.shapes import Kind, Shape, vector
from cnnspec.ops.windows import Window, find_growth, pad_shape, resolve_windows, slide


class _Pool(Op):
    """What pools with a sliding window share.

    Shape: along each axis
    `floor((in + padding - dilation * (kernel_size - 1) - 1) / stride) + 1`, with the padding of
    both sides; a pool without these fields has no padding and a dilation of 1. `ceil_mode` rounds
    up, but a last window that starts behind the map is dropped. `padding: same` gives
    `ceil(in / stride)`.
    """

    principal: ClassVar[str | None] = "kernel_size"
    kinds: ClassVar[frozenset[Kind]] = MAPS

    kernel_size: PerAxis = Field(description="size of the window along each axis")
    stride: PerAxis | None = Field(None, description="rows between windows; kernel_size if unset")
    ceil_mode: Flag = Field(False, description="whether a last window may hang over the end")

    def resolve(self, shape: Shape) -> tuple[Window, ...]:
        """The window along each axis, with its padding in numbers."""
        return resolve_windows(
            shape, self.kernel_size, self.step, self.pads, self.spacing, self.ceil_mode
        )

    @property
    def step(self) -> int | tuple[int, ...]:
        """The stride, which is the window's size where it is not set."""
        return self.kernel_size if self.stride is None else self.stride

    @property
    def pads(self) -> int | tuple[int, ...] | str:
        """The padding as written; pools without that field have none."""
        return 0

    @property
    def spacing(self) -> int | tuple[int, ...]:
        """The dilation as written; pools without that field have none."""
        return 1

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        windows = self.resolve(shape)
        sizes = slide(shape, windows, self.op)
        for window, size, steps in zip(windows, shape.sizes, sizes, strict=True):
            if not window.touches_map(size, steps):
                raise ShapeFault(
                    "invalid-field",
                    f"with padding {window.before} and {window.after} some windows of "
                    f"{window.extent} would hold padding alone",
                    field="padding",
                    help=(
                        "use a smaller dilation"
                        if self.pads == "same"
                        else f"use a padding of at most {window.kernel // 2}",
                    ),
                )
        return shape.resize(sizes)

    def find_padded(self, inputs: tuple[Shape, ...]) -> Shape:
        return pad_shape(inputs[0], self.resolve(inputs[0]))

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...]:
        return tuple(Reach(w.extent, Fraction(w.stride)) for w in self.resolve(inputs[0]))

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Gather, ...]:
        return tuple(window.rows for window in self.resolve(inputs[0]))

    def find_growth(self, inputs: tuple[Shape, ...]) -> tuple[Growth, ...]:
        return find_growth(self.resolve(inputs[0]), self.pads)

    def count_unread(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        pairs = zip(self.resolve(inputs[0]), inputs[0].sizes, strict=True)
        return tuple(window.count_unread(size) for window, size in pairs)


class _ExtremePool(_Pool):
    """What maximum and minimum pooling share."""

    padding: Padding = Field(0, description="rows around the map that no window ever picks")
    dilation: PerAxis = Field(1, description="distance between the window's taps")

    @property
    def pads(self) -> int | tuple[int, ...] | str:
        return self.padding

    @property
    def spacing(self) -> int | tuple[int, ...]:
        return self.dilation


class MaxPool(_ExtremePool):
    """The largest value of each window; padding is never picked."""

    op: ClassVar[str] = "max_pool"


class MinPool(_ExtremePool):
    """The smallest value of each window; padding is never picked."""

    op: ClassVar[str] = "min_pool"


class AvgPool(_Pool):
    """The mean of each window.

    With `count_include_pad` the padding counts as zeros; without it the mean is over the rows
    inside the map. A window that hangs over the end (`ceil_mode`) never counts what lies
    past the padding.
    """

    op: ClassVar[str] = "avg_pool"

    padding: Padding = Field(0, description="zeros around the map, or 'same', or 'valid'")
    count_include_pad: Flag = Field(True, description="whether padding counts in the mean")

    @property
    def pads(self) -> int | tuple[int, ...] | str:
        return self.padding


class LpPool(_Pool):
    """The p-norm of each window.

    Rows past the end of the map (`ceil_mode`) count as zeros.

    Formula: `(sum of |x| ** p) ** (1 / p)`, where p is `norm_type`.
    """

    op: ClassVar[str] = "lp_pool"

    norm_type: Positive = Field(2.0, description="the power p of the norm")


class _GlobalPool(Op):
    """What pools over the whole map share.

    Shape: a vector with a number for each channel; with `keepdims` a map of size 1.
    """

    kinds: ClassVar[frozenset[Kind]] = MAPS

    keepdims: Flag = Field(False, description="whether the result stays a map, of size 1")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        return shape.resize((1,) * shape.rank) if self.keepdims else vector(shape.channels)

    def find_reach(self, inputs: tuple[Shape, ...]) -> None:
        return None

    def find_growth(self, inputs: tuple[Shape, ...]) -> None:
        return None


class GlobalAvgPool(_GlobalPool):
    """The mean of each channel over the whole map, as a vector.

    Source: Lin et al., "Network in network", arXiv:1312.4400.
    """

    op: ClassVar[str] = "global_avg_pool"


class GlobalMaxPool(_GlobalPool):
    """The largest value of each channel over the whole map, as a vector."""

    op: ClassVar[str] = "global_max_pool"


class AdaptiveAvgPool(Op):
    """The means of a fixed number of bins, whatever the map's size.

    Bin i of o over n rows covers rows `floor(i * n / o)` up to `ceil((i + 1) * n / o)`, without the
    last.

    Shape: `output_size` along each axis.
    """

    op: ClassVar[str] = "adaptive_avg_pool"
    principal: ClassVar[str | None] = "output_size"
    kinds: ClassVar[frozenset[Kind]] = MAPS

    output_size: PerAxis = Field(description="size of the result along each axis")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        return shape.resize(spread(self.output_size, shape.rank, "output_size"))

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...] | None:
        (shape,) = inputs
        bins = spread(self.output_size, shape.rank, "output_size")
        return tuple(
            Reach(_count_longest(n, o), Fraction(n, o))
            for n, o in zip(shape.sizes, bins, strict=True)
        )

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Spans, ...]:
        bins = spread(self.output_size, inputs[0].rank, "output_size")
        pairs = zip(inputs[0].sizes, bins, strict=True)
        return tuple(Spans(partial(_find_bin, n, o)) for n, o in pairs)

    def find_growth(self, inputs: tuple[Shape, ...]) -> None:
        return None


def _count_longest(n: int, o: int) -> int:
    """The rows of the longest of `o` bins over `n` rows."""
    # Both ends of a bin are rounded outwards, unless they fall between rows.
    whole, rest = divmod(n, o)
    return whole + min(2, rest // gcd(rest, o)) if rest else whole


def _find_bin(n: int, o: int, row: int) -> range:
    """The rows of one of `o` bins over `n` rows."""
    return range(row * n // o, -(-(row + 1) * n // o))
