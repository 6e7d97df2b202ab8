"""A network as it is once it is trained."""

from __future__ import annotations

from dataclasses import replace

from cnnspec.graph.ir import Graph
from cnnspec.graph.serving import find_training_only
from cnnspec.graph.variations import find_variations


def drop_training(graph: Graph) -> Graph:
    """The network without outputs for training, and without what serves them alone."""
    if not graph.training_outputs:
        return graph
    left_out = find_training_only(graph)
    trained = replace(
        graph,
        every_output=tuple(output for output in graph.every_output if not output.training),
        nodes=tuple(node for node in graph.nodes if node not in left_out),
    )
    if graph.open_sizes:
        # The sizes are those that the whole network takes.
        trained.variations = find_variations(graph)
    return trained
