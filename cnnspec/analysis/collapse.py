"""Where a map shrinks to a single row, while convolutions with larger kernels come after."""

from __future__ import annotations

from collections.abc import Iterable

from cnnspec.graph.ir import Node, Value
from cnnspec.ops.conv import Conv, DepthwiseConv
from cnnspec.ops.pool import AvgPool, LpPool, MaxPool, MinPool
from cnnspec.ops.shapes import Kind
from cnnspec.records import dataclass

_SLIDING = (Conv, DepthwiseConv, MaxPool, AvgPool, MinPool, LpPool)


@dataclass(frozen=True, slots=True)
class Collapse:
    """An op that leaves one row along an axis of several, and who would have read more of them.

    `readers` are convolutions whose kernel along that axis is larger than 1.
    """

    node: Node
    axis: int
    readers: tuple[Node, ...]


def find_collapses(convolutions: Iterable[Node]) -> list[Collapse]:
    """The ops that use up an axis which one of these convolutions still looks along."""
    found: dict[tuple[Node, int], list[Node]] = {}
    known: dict[tuple[Value, int], Node | None] = {}
    for node in convolutions:
        shape = node.inputs[0].known
        if 1 not in shape.sizes or not isinstance(node.op, Conv | DepthwiseConv):
            continue
        for axis, window in enumerate(node.op.resolve(shape)):
            if window.kernel == 1 or shape.sizes[axis] > 1:
                continue
            maker = _find_maker(node, axis, known)
            if maker is not None and isinstance(maker.op, _SLIDING):
                found.setdefault((maker, axis), []).append(node)
    return [Collapse(node, axis, tuple(readers)) for (node, axis), readers in found.items()]


def _find_maker(node: Node, axis: int, known: dict[tuple[Value, int], Node | None]) -> Node | None:
    """The op before a node that left one row of several; None where there never were.

    `known` is what was found of values with one row.
    """
    rank = node.shapes[0].rank
    passed = []
    found: Node | None = None
    while True:
        value = next((flow for flow in node.flows if flow.known.rank == rank), None)
        if value is None or value.known.kind is not Kind.MAP:
            break
        if value.known.sizes[axis] > 1:
            found = node
            break
        if (value, axis) in known:
            found = known[value, axis]
            break
        passed.append((value, axis))
        if value.producer is None:
            break
        node = value.producer
    known.update(dict.fromkeys(passed, found))
    return found
