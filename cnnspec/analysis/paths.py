"""What a single path through a network sees: a bound on receptive fields that costs little.

The widest path into a value sees at least as much, the narrowest at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cnnspec.graph.ir import Node, Value
from cnnspec.ops.base import Op
from cnnspec.records import dataclass

Number = int | Fraction
# The extent and the stride of each axis; None where all of a map is read.
_Steps = tuple[tuple[int, Number], ...] | None


@dataclass(frozen=True, slots=True)
class Place:
    """A value on a path, and how many of its rows are seen from the path's end, by axis."""

    value: Value
    rows: tuple[Number, ...]

    @property
    def is_whole(self) -> bool:
        """Whether all that there is along some axis is seen."""
        pairs = zip(self.rows, self.value.known.sizes, strict=True)
        return any(rows >= size for rows, size in pairs)


def follow_back(value: Value, choice: int) -> Iterator[Place]:
    """The values from one back to an input along one path, as often as more rows are seen.

    `choice` says which of several values the path comes through: 0 is the first, -1 the last. It
    ends behind an op that reads all of a map.
    """
    rank = value.known.rank
    rows: tuple[Number, ...] = (1,) * rank
    known: dict[tuple[int, tuple[int, ...]], _Steps] = {}
    yield Place(value, rows)
    while (node := value.producer) is not None:
        flows = node.flows
        if len(flows) > 1:
            # A gate that stretches over a map is no way that the map came.
            full = [flow for flow in flows if flow.known.sizes == node.shape.sizes]
            value = (full or flows)[choice]
            continue
        if not flows or flows[0].known.rank != rank:
            return
        (value,) = flows
        if type(node.op).find_reach is not Op.find_reach:
            # Equal ops in a network are mostly one object.
            key = id(node.op), value.known.sizes
            if key not in known:
                known[key] = _list_steps(node)
            steps = known[key]
            if steps is None or len(steps) != rank:
                return
            pairs = zip(rows, steps, strict=True)
            rows = tuple([(seen - 1) * stride + extent for seen, (extent, stride) in pairs])
            yield Place(value, rows)


def _list_steps(node: Node) -> _Steps:
    reaches = node.op.find_reach(node.shapes)
    if reaches is None:
        return None
    # Whole numbers are reckoned with in a tenth of the time.
    return tuple(
        (reach.extent, int(reach.stride) if reach.stride.denominator == 1 else reach.stride)
        for reach in reaches
    )
