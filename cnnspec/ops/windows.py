"""Padding and sliding-window arithmetic, one axis at a time.

Sizes follow Dumoulin and Visin, "A guide to convolution arithmetic" (arXiv:1603.07285); `same` is
ONNX's SAME_UPPER, which is TensorFlow's rule: the odd pixel goes to the end.
"""

from __future__ import annotations

from dataclasses import replace

from cnnspec.ops.base import Growth, ShapeFault, spread, spread_sides
from cnnspec.ops.rows import Gather
from cnnspec.ops.shapes import Shape
from cnnspec.records import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """A kernel that slides along one axis.

    `before` and `after` are the padding in rows; with `ceil` one more window may hang over the
    end, as long as it starts inside the input or its leading padding.
    """

    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    ceil: bool = False

    @property
    def extent(self) -> int:
        """The rows from the kernel's first tap to its last."""
        return (self.kernel - 1) * self.dilation + 1

    def count_steps(self, size: int) -> int:
        """The output's size; zero or less when the window does not fit."""
        room = size + self.before + self.after - self.extent
        steps = room // self.stride + 1
        hangs = self.ceil and room % self.stride and steps * self.stride < size + self.before
        return steps + 1 if hangs else steps

    def touches_map(self, size: int, steps: int) -> bool:
        """Whether every window has a tap inside the map, not only in its padding."""
        end = (steps - 1) * self.stride - self.before
        if self.extent <= self.before or end >= size:
            return steps < 1
        # Taps that are no further apart than the map is long do not step over it.
        return self.dilation <= size or all(
            self._is_inside(step * self.stride - self.before, size) for step in range(steps)
        )

    def _is_inside(self, start: int, size: int) -> bool:
        """Whether a tap of the window that starts at a row is in the map."""
        tap = max(0, -(start // self.dilation))
        return tap < self.kernel and start + tap * self.dilation < size

    def find_overhang(self, size: int) -> int:
        """How many rows past the trailing padding the last window reads."""
        reach = (self.count_steps(size) - 1) * self.stride + self.extent
        return max(0, reach - (size + self.before + self.after))

    def count_past(self, size: int) -> int:
        """How many rows past the map the last window reads, in the padding or behind it."""
        reach = (self.count_steps(size) - 1) * self.stride + self.extent - self.before
        return max(0, reach - size)

    @property
    def slack(self) -> int:
        """The rows past the trailing padding that the last window may read, whatever the size.

        With so many more rows of padding, steps that are rounded down are as many as `ceil` gives.
        """
        if not self.ceil:
            return 0
        # The last window must start inside the map or its leading padding.
        return max(0, min(self.stride - 1, self.extent - 1 - self.after))

    def find_growth(self) -> Growth:
        """The number of steps as a formula that holds for every size."""
        room = self.before + self.after + self.slack - self.extent
        return Growth(1, room + self.stride, self.stride)

    @property
    def rows(self) -> Gather:
        """The rows that each step reads."""
        return Gather(self.kernel, self.stride, self.dilation, self.before)

    def count_unread(self, size: int) -> int:
        """How many rows at the end of the map lie behind the last window."""
        reach = (self.count_steps(size) - 1) * self.stride + self.extent - self.before
        return max(0, size - reach)


def pad_same(size: int, window: Window) -> Window:
    """The window with the padding that gives ceil(size / stride) rows."""
    steps = -(-size // window.stride)
    total = max((steps - 1) * window.stride + window.extent - size, 0)
    return replace(window, before=total // 2, after=total - total // 2)


def resolve_windows(
    shape: Shape,
    kernel_size: int | tuple[int, ...],
    stride: int | tuple[int, ...],
    padding: int | tuple[int, ...] | str,
    dilation: int | tuple[int, ...] = 1,
    ceil: bool = False,
) -> tuple[Window, ...]:
    """One window for each axis of a map, with the padding in numbers."""
    rank = shape.rank
    windows = [
        Window(kernel, step, spacing, ceil=ceil)
        for kernel, step, spacing in zip(
            spread(kernel_size, rank, "kernel_size"),
            spread(stride, rank, "stride"),
            spread(dilation, rank, "dilation"),
            strict=True,
        )
    ]
    if padding == "same":
        return tuple(map(pad_same, shape.sizes, windows))
    sides = spread_sides(0 if isinstance(padding, str) else padding, rank, "padding")
    return tuple(
        replace(window, before=before, after=after)
        for window, (before, after) in zip(windows, sides, strict=True)
    )


def pad_shape(shape: Shape, windows: tuple[Window, ...]) -> Shape:
    """A map with its padding on."""
    pairs = zip(shape.sizes, windows, strict=True)
    return shape.resize(tuple(size + w.before + w.after for size, w in pairs))


def find_growth(
    windows: tuple[Window, ...], padding: int | tuple[int, ...] | str
) -> tuple[Growth, ...]:
    """How the sizes after sliding follow from those before, whatever they are."""
    if padding == "same":
        return tuple(Growth(1, window.stride - 1, window.stride) for window in windows)
    return tuple(window.find_growth() for window in windows)


def slide(shape: Shape, windows: tuple[Window, ...], op: str) -> tuple[int, ...]:
    """The sizes after sliding; raises ShapeFault where a window does not fit."""
    sizes = tuple(w.count_steps(size) for w, size in zip(windows, shape.sizes, strict=True))
    if min(sizes) >= 1:
        return sizes
    short = [axis for axis, steps in zip(shape.axes, sizes, strict=True) if steps < 1]
    needs = "x".join(str(window.extent) for window in windows)
    has = "x".join(
        str(size + w.before + w.after) for w, size in zip(windows, shape.sizes, strict=True)
    )
    padded = any(w.before or w.after for w in windows)
    dilated = any(w.dilation > 1 and w.kernel > 1 for w in windows)
    raise ShapeFault(
        "kernel-exceeds-input",
        f"{op} needs a {needs} window{' (with its dilation)' if dilated else ''}, but its input is "
        f"only {has}{' with its padding' if padded else ''} (too small in {' and '.join(short)})",
        field="kernel_size",
    )
