"""Vectors that a network with channels last would have in another order.

A map flattened with the channels last gives the same numbers in another order, and so do the
elementwise ops behind it. Weights that count those numbers must be put in our order.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from numpy.typing import NDArray

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.graph.ir import Graph, Node, Value
from cnnspec.ops.linear import Linear
from cnnspec.ops.merge import Concat
from cnnspec.ops.reshape import Flatten
from cnnspec.ops.shapes import Kind
from cnnspec.records import dataclass

# Where each of our numbers stands in the other order; None is the same order.
Order = NDArray[np.int64] | None


@dataclass(frozen=True, slots=True)
class Reordering:
    """How one array is put in our order: along one axis, by where its parts stand now."""

    axis: int
    places: NDArray[np.int64]


def find_reorderings(graph: Graph) -> Mapping[str, Reordering]:
    """The arrays that change, by name, where maps were flattened with the channels last.

    Raises:
        SpecError: a vector in that order meets one in ours, which no reordering of weights mends.
    """
    orders: dict[Value, Order] = {}
    found: dict[str, Reordering] = {}
    faults = []
    firsts: dict[Node, Order] = {}
    for node in graph.nodes:
        if node.op.starts:
            continue
        incoming = [orders.get(value) for value in node.inputs]
        order = _follow(node, incoming)
        # One array cannot be put in two orders.
        first = firsts.setdefault(node.home, incoming[0])
        if order is _MIXED or (node.weights and not _is_same(first, incoming[0])):
            faults.append(_explain_mixed(node))
            order = None
        orders[node.output] = order
        for weight in node.weights:
            axis = len(weight.shape) - 1
            if (
                incoming[0] is not None
                and weight.shape[axis] == len(incoming[0])
                and _counts(node, weight.name)
            ):
                found[node.name_weight(weight)] = Reordering(axis, incoming[0])
    if faults:
        raise SpecError(faults)
    return found


_MIXED: NDArray[np.int64] = np.zeros(0, np.int64)


def _counts(node: Node, weight: str) -> bool:
    """Whether a weight has a number for each of the op's inputs."""
    return not isinstance(node.op, Linear) or weight == "weight"


def _follow(node: Node, incoming: list[Order]) -> Order:
    """The order of an op's output."""
    shape = node.shapes[0]
    if isinstance(node.op, Flatten):
        if shape.kind is not Kind.MAP or shape.channels == 1 or prod(shape.sizes) == 1:
            return None
        grid = np.arange(shape.elements).reshape(*shape.sizes, shape.channels)
        return np.moveaxis(grid, -1, 0).ravel()
    if isinstance(node.op, Linear) or all(order is None for order in incoming):
        return None
    if isinstance(node.op, Concat):
        return _join(node, incoming)
    first = incoming[0]
    same = all(order is not None and _is_same(order, first) for order in incoming)
    return first if same and node.shape.kind is Kind.VECTOR else _MIXED


def _is_same(one: Order, other: Order) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def _join(node: Node, incoming: list[Order]) -> Order:
    parts, start = [], 0
    for shape, order in zip(node.shapes, incoming, strict=True):
        parts.append(start + (np.arange(shape.channels) if order is None else order))
        start += shape.channels
    return np.concatenate(parts)


def _explain_mixed(node: Node) -> Diagnostic:
    return Diagnostic(
        "mixed-orders",
        f"{node.path} brings together numbers that a network with channels last has in another "
        "order, so it computes something else there, whatever the weights",
        node.origin.step.span,
        path=node.path,
        help=("read the weights with the channels first, if they were trained so",),
    )
