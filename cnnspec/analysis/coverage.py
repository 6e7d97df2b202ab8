"""Which positions of each value some path to some output reads, found from the outputs back."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from heapq import heappop, heappush
from math import prod

from cnnspec.analysis.boxes import (
    NOTHING,
    WHOLE,
    Box,
    Boxes,
    count_positions,
    lay_out,
    line_up,
    simplify,
    unite,
)
from cnnspec.analysis.masks import Effort, fill, find_read, measure_work
from cnnspec.graph.ir import Graph, Node, Value
from cnnspec.ops.rows import OWN, Rows
from cnnspec.ops.tokens import ToMap, ToTokens
from cnnspec.records import dataclass


@dataclass(frozen=True)
class Coverage:
    """What is read of a value's positions; channels are not told apart.

    `parts` are products of a set of rows for each axis, which may overlap; None is all of it. It
    may say that a position is read which is not, where paths read very unlike parts, but never
    that one is not read which is.
    """

    sizes: tuple[int, ...]
    parts: Boxes

    @property
    def is_whole(self) -> bool:
        """Whether every position is known to be read."""
        return self.parts is WHOLE

    @cached_property
    def share(self) -> Fraction:
        """The share of the positions that is read."""
        if self.parts is None:
            return Fraction(1)
        return Fraction(count_positions(self.parts), prod(self.sizes))

    def list_rows(self, axis: int) -> int:
        """The rows of an axis of which any position is read: bit `i` stands for row `i`."""
        if self.parts is None:
            return fill(self.sizes[axis])
        rows = 0
        for part in self.parts:
            rows |= part[axis]
        return rows

    def count_unread(self, axis: int) -> int:
        """How many rows of an axis are not read at any position."""
        return self.sizes[axis] - self.list_rows(axis).bit_count()

    def count_unread_end(self, axis: int) -> int:
        """How many of these are at the end of the axis, behind all that are read."""
        return self.sizes[axis] - self.list_rows(axis).bit_length()


def find_coverage(graph: Graph, effort: Effort | None = None) -> dict[Value, Coverage]:
    """What the outputs read of every value, those for training among them."""
    finder = _Finder(effort or Effort())
    read: dict[Value, Boxes] = {output.value: WHOLE for output in graph.every_output}
    for node in reversed(graph.nodes):
        parts = read.get(node.output, NOTHING)
        if parts != NOTHING:
            for value in node.flows:
                more = finder.find(node, value, parts)
                if value in read:
                    more = unite(read[value], more, value.known.sizes)
                read[value] = more
    known: dict[tuple[object, ...], Coverage] = {}
    found = {}
    for value in (*graph.inputs, *[node.output for node in graph.nodes]):
        key = value.known.sizes, read.get(value, NOTHING)
        if key not in known:
            known[key] = Coverage(*key)
        found[value] = known[key]
    return found


class _Finder:
    """Finds what ops read, once for what is the same."""

    def __init__(self, effort: Effort) -> None:
        self.known: dict[tuple[object, ...], Boxes] = {}
        self.axes: dict[tuple[Rows, int, int], int] = {}
        self.effort = effort

    def find(self, node: Node, value: Value, parts: Boxes) -> Boxes:
        """What an op reads of one of the values that it takes, for parts of its output."""
        sizes = value.known.sizes
        if node.op.merges:
            return _stretch(parts, sizes, node.shape.sizes)
        # Equal ops in a network are mostly one object.
        key = (id(node.op), parts, sizes, node.shape.sizes)
        if key not in self.known:
            self.known[key] = self._find(node, sizes, parts)
        return self.known[key]

    def _find(self, node: Node, sizes: tuple[int, ...], parts: Boxes) -> Boxes:
        steps = node.shape.sizes
        if isinstance(node.op, ToTokens | ToMap):
            self.effort.left -= 2 * prod(sizes)
            if self.effort.left < 0:
                return WHOLE
            is_line = isinstance(node.op, ToTokens)
            return lay_out(parts, sizes) if is_line else line_up(parts, steps)
        reads = node.op.find_rows(node.shapes)
        if reads is None:
            return WHOLE
        if steps == sizes and all(rows == OWN for rows in reads):
            return parts
        # An output without axes has one row.
        full = steps or (1,) * len(sizes)
        self.effort.left -= len(parts or [None]) * sum(map(measure_work, reads, sizes, full))
        if self.effort.left < 0:
            return WHOLE
        boxes = parts or (tuple(map(fill, full)),)
        found: Boxes = NOTHING
        for box in boxes:
            more = self._find_box(reads, box, sizes)
            found = unite(found, simplify([more], sizes), sizes) if all(more) else found
        return found

    def _find_box(self, reads: tuple[Rows, ...], box: Box, sizes: tuple[int, ...]) -> Box:
        found = []
        for key in zip(reads, box, sizes, strict=True):
            if key not in self.axes:
                self.axes[key] = find_read(*key)
            found.append(self.axes[key])
        return tuple(found)


def _stretch(parts: Boxes, sizes: tuple[int, ...], full: tuple[int, ...]) -> Boxes:
    """What is read of a value that repeats along its axes of size 1, or that has none."""
    if parts is None or sizes == full:
        return parts
    if not sizes:
        return WHOLE
    found: Boxes = NOTHING
    for box in parts:
        pairs = zip(box, sizes, full, strict=True)
        own = tuple(rows if size == many else 1 for rows, size, many in pairs)
        found = unite(found, simplify([own], sizes), sizes)
    return found


@dataclass(frozen=True, slots=True)
class Cut:
    """An op that leaves the last `rows` rows of its input, however much of its output is read."""

    node: Node
    rows: int


def find_first_cut(
    places: Mapping[Node, int], coverage: Mapping[Value, Coverage], source: Value, axis: int
) -> Cut | None:
    """The first op to blame for the unread rows at the end of a value's axis.

    Where several ops read a value, one that leaves rows is to blame only if all of them do.
    `places` are those of all ops in the order of the network.
    """
    # Only what is reached is looked at: there may be many sources, and ops that none of them has.
    reached: dict[int, Value] = {-1: source} if coverage[source].count_unread_end(axis) else {}
    waiting = [*reached]
    while waiting:
        value = reached[heappop(waiting)]
        cuts = []
        for node in value.readers:
            output = coverage[node.output]
            if output.parts == NOTHING or value not in node.flows:
                continue
            cuts.append(Cut(node, _count_cut(node, value, axis)))
            if len(output.sizes) == len(value.known.sizes) and output.count_unread_end(axis):
                place = places[node]
                if place not in reached:
                    reached[place] = node.output
                    heappush(waiting, place)
        if cuts and all(cut.rows for cut in cuts):
            return min(cuts, key=lambda cut: cut.rows)
    return None


def _count_cut(node: Node, value: Value, axis: int) -> int:
    """The rows at the end of an axis that an op leaves."""
    if node.op.merges or isinstance(node.op, ToTokens | ToMap):
        return 0
    reads = node.op.find_rows(node.shapes)
    if reads is None:
        return 0
    steps, size = node.shape.sizes, value.known.sizes[axis]
    return size - find_read(reads[axis], fill(steps[axis] if steps else 1), size).bit_length()
