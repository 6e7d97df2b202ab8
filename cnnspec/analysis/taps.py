"""Which taps of a kernel ever fall on the map that it slides over, and which on padding alone."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from cnnspec.analysis.masks import Effort, fill
from cnnspec.graph.ir import Graph, Node
from cnnspec.ops.conv import Conv, DepthwiseConv
from cnnspec.ops.pool import AvgPool, LpPool, MaxPool, MinPool
from cnnspec.ops.windows import Window
from cnnspec.records import dataclass

# What a step of a kernel takes, in bits.
_STEP = 64
_SLIDING = (Conv, DepthwiseConv, MaxPool, AvgPool, MinPool, LpPool)


@dataclass(frozen=True, slots=True)
class Taps:
    """A kernel's taps: `sizes` along each axis, and a set of those that fall on the map.

    In `alive` bit `i` stands for tap `i` of the axis. A tap of the whole kernel falls on the map if
    it does so along each axis.
    """

    sizes: tuple[int, ...]
    alive: tuple[int, ...]

    @property
    def dead(self) -> int:
        """How many taps of the whole kernel only ever fall on padding."""
        return prod(self.sizes) - prod([taps.bit_count() for taps in self.alive])

    @property
    def dead_share(self) -> Fraction:
        """The share of the taps that only ever fall on padding."""
        return Fraction(self.dead, prod(self.sizes))


def find_taps(graph: Graph, effort: Effort | None = None) -> dict[Node, Taps]:
    """The taps of every convolution and every pool with a window, but not of transposed ones.

    Once the effort is spent, all taps are said to fall on the map.
    """
    effort = effort or Effort()
    known: dict[tuple[int, tuple[int, ...]], Taps] = {}
    found = {}
    for node in graph.nodes:
        if isinstance(node.op, _SLIDING):
            shape = node.inputs[0].known
            # Equal ops in a network are mostly one object.
            key = id(node.op), shape.sizes
            if key not in known:
                known[key] = _find(node.op.resolve(shape), shape.sizes, effort)
            found[node] = known[key]
    return found


def _find(windows: tuple[Window, ...], sizes: tuple[int, ...], effort: Effort) -> Taps:
    alive = tuple([find_alive(*pair, effort) for pair in zip(windows, sizes, strict=True)])
    return Taps(tuple([window.kernel for window in windows]), alive)


def find_alive(window: Window, size: int, effort: Effort | None = None) -> int:
    """The taps along one axis that fall on one of `size` rows at some step."""
    kernel, stride, dilation, before = (
        window.kernel, window.stride, window.dilation, window.before
    )  # fmt: skip
    last = (window.count_steps(size) - 1) * stride
    if size >= stride:
        # The places that a tap comes to are no further apart than the map is long: it falls on
        # the map unless the first is behind it or the last before it.
        return _list_taps(before - last, size + before, dilation, kernel)
    alive = 0
    # Steps whose window lies in the padding before the map, or behind it, hold no tap.
    first = max(0, -(-(before - window.extent + 1) // stride) * stride)
    starts = range(first, min(last, before + size - 1) + 1, stride)
    effort = effort or Effort()
    effort.left -= len(starts) * (kernel + _STEP)
    if effort.left < 0:
        return fill(kernel)
    for start in starts:
        alive |= _list_taps(before - start, before - start + size, dilation, kernel)
    return alive


def _list_taps(first: int, stop: int, dilation: int, kernel: int) -> int:
    """The taps from `first` up to `stop`, in rows from the first one."""
    least = max(0, -(-first // dilation))
    most = min(kernel - 1, (stop - 1) // dilation)
    return fill(most - least + 1) << least if most >= least else 0
