"""The dropouts of a network, as the rules about them look at them."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.graph.ir import Node
from cnnspec.lint.base import Subject
from cnnspec.ops.regularize import Dropout, SpatialDropout, StochasticDepth
from cnnspec.ops.shapes import Kind
from cnnspec.spec.model import list_formulas


def drops(node: Node) -> bool:
    """Whether an op is a dropout of any kind that zeroes anything."""
    return isinstance(node.op, Dropout | SpatialDropout | StochasticDepth) and node.op.p > 0


def write_dropout(node: Node, word: str) -> str:
    """A dropout of some kind with the rate of another; empty where an expression gives that."""
    argument = node.origin.step.argument
    if argument is not None and any(list_formulas(argument)):
        return ""
    rates = [rate for rate in (getattr(node.op, "p", None),) if isinstance(rate, float)]
    return f"{word}: {rates[0]:.15g}" if rates else ""


def list_dropouts(subject: Subject) -> Iterator[tuple[Node, float]]:
    """The dropouts of any kind with their rates."""
    for node in subject.list(Dropout, SpatialDropout, StochasticDepth):
        if isinstance(node.op, Dropout | SpatialDropout | StochasticDepth):
            yield node, node.op.p


def list_map_dropouts(subject: Subject) -> Iterator[tuple[Node, float]]:
    """The dropouts of single values on maps that a convolution with a window reads behind them."""
    for node in subject.list(Dropout):
        shape = node.shape
        if shape.kind is not Kind.MAP or max(shape.sizes) == 1:
            continue
        if isinstance(node.op, Dropout) and node.output in subject.read_spatially:
            yield node, node.op.p
