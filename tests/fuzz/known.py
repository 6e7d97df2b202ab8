"""Faults of frameworks that random networks show, and that generated code has no part in.

Each is described in docs/semantics.md. What they explain is counted, and is no failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from cnnspec.graph.ir import Graph, Value
from cnnspec.ops.norm import InstanceNorm


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong where: whether a problem, as a line, in a network is this one."""

    name: str
    explains: Callable[[Graph, str], bool]


_GRADIENT = re.compile(r"(?:torch|the class in double precision): gradient (\S+) is ")


def _is_gradient_of_norm(graph: Graph, problem: str) -> bool:
    found = _GRADIENT.match(problem)
    return found is not None and found[1] in _list_weights_before_norms(graph)


def _list_weights_before_norms(graph: Graph) -> set[str]:
    """The weights whose gradients pass through an instance norm, its own too."""
    names: set[str] = set()
    reaching: set[Value] = set()
    for node in reversed(graph.nodes):
        if isinstance(node.op, InstanceNorm) or node.output in reaching:
            reaching |= set(node.flows)
            names |= {node.home.name_weight(weight) for weight in node.home.weights}
    return names


FAULTS = (
    # A gradient that comes with the channels last is read as if they were first, where one sample
    # leaves the order of the axes open: an instance norm makes one sample of the batch.
    Fault("PyTorch: gradients through an instance norm, channels last", _is_gradient_of_norm),
)


def explain(graph: Graph, problem: str) -> str:
    """The fault that a problem comes from, or nothing."""
    return next((fault.name for fault in FAULTS if fault.explains(graph, problem)), "")
