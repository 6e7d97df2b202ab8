"""Steps that serve training alone, which generated code carries out last, under one condition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from cnnspec.backends.rows import Row
from cnnspec.graph.ir import Graph, Output
from cnnspec.graph.serving import find_training_only
from cnnspec.graph.walk import list_nodes

Code = TypeVar("Code")


class Later(Generic[Code]):
    """The steps of a model that are put off.

    Each of `steps` has the code of the value that it takes; None where that is the value of the
    step before it, or where it takes values by their names alone.
    """

    def __init__(self, graph: Graph) -> None:
        self.nodes = find_training_only(graph)
        self.steps: list[tuple[Sequence[Row], Code | None]] = []

    def holds(self, rows: Sequence[Row]) -> bool:
        """Whether a step is there for training alone."""
        nodes = list_nodes(rows[0].item) if self.nodes else []
        return bool(nodes) and self.nodes.issuperset(nodes)

    def takes_above(self, rows: Sequence[Row]) -> bool:
        """Whether a step takes the value above it, and that is none of a step put off before."""
        item = rows[0].item
        if self.steps and item.input is self.steps[-1][0][0].item.output:
            return False
        return any(item.input in node.inputs for node in list_nodes(item))

    def ends_with(self, output: Output) -> bool:
        """Whether an output is the value of the last step that was put off."""
        return bool(self.steps) and output.value is self.steps[-1][0][0].item.output
