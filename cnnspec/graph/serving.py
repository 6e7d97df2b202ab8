"""Which ops serve which outputs: some are there for training alone."""

from __future__ import annotations

from collections.abc import Iterable

from cnnspec.graph.ir import Graph, Node, Value


def find_serving(values: Iterable[Value], *, numbers: bool = False) -> set[Node]:
    """The ops that some values are computed by; with `numbers` those that tell only how many
    samples there are do not count.
    """
    found: set[Node] = set()
    open_ends = [value.producer for value in values]
    while open_ends:
        node = open_ends.pop()
        if node is not None and node not in found:
            found.add(node)
            taken = () if numbers and node.op.starts else node.inputs
            open_ends += [value.producer for value in taken]
    return found


def find_training_only(graph: Graph) -> set[Node]:
    """The ops that serve outputs for training and no other, and those that go on from them."""
    if not graph.training_outputs:
        return set()
    found = find_serving(graph.training_outputs.values()) - find_serving(graph.outputs.values())
    for node in graph.nodes:
        # What no output needs may go on from what only training has.
        if any(value.producer in found for value in node.inputs):
            found.add(node)
    return found


def find_unused(graph: Graph) -> set[Node]:
    """The ops whose results no output needs."""
    served = find_serving((output.value for output in graph.every_output), numbers=True)
    return {node for node in graph.nodes if node not in served}


def count_macs(graph: Graph, *, training: bool = False) -> int:
    """Multiply-accumulates for one sample, of a trained network or in training."""
    left_out = set() if training else find_training_only(graph)
    return sum(node.macs for node in graph.nodes if node not in left_out)
