"""Finds defaults that no step takes up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnnspec.diagnostics import Diagnostic, Severity
from cnnspec.graph.ir import Graph
from cnnspec.graph.walk import list_steps
from cnnspec.spec.model import ModelSpec


def find_unused_defaults(spec: ModelSpec, graphs: Iterable[Graph]) -> Iterator[Diagnostic]:
    """Warn of defaults for ops that no variant has and no step or block of the spec calls."""
    used = {step.head for step in list_steps(spec)}
    used |= {node.op.op for graph in graphs for node in graph.nodes}
    for word, fields in spec.defaults.items():
        if word not in used:
            message = f"these defaults are not used: there is no {word} in this spec"
            yield Diagnostic("unused-defaults", message, fields.span, Severity.WARNING)
