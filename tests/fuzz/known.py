"""Faults of frameworks that random networks show, and that generated code has no part in.

Each is described in docs/semantics.md. What they explain is counted, and is no failure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnnspec.graph.ir import Graph
from cnnspec.ops.norm import InstanceNorm


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong where: whether a problem, as a line, in a network is this one."""

    name: str
    explains: Callable[[Graph, str], bool]


def _is_gradient_of_norm(graph: Graph, problem: str) -> bool:
    first = problem.partition(":")[0]
    return (
        "gradient" in problem
        and first in ("torch", "the class in double precision")
        and any(isinstance(node.op, InstanceNorm) for node in graph.nodes)
    )


FAULTS = (
    # A gradient that comes with the channels last is read as if they were first, where one sample
    # leaves the order of the axes open: an instance norm makes one sample of the batch.
    Fault("PyTorch: gradients through an instance norm, channels last", _is_gradient_of_norm),
)


def explain(graph: Graph, problem: str) -> str:
    """The fault that a problem comes from, or nothing."""
    return next((fault.name for fault in FAULTS if fault.explains(graph, problem)), "")
