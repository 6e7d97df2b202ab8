"""Builds the graph of a spec, or says everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping

from cnnspec.diagnostics import SpecError, sort_findings
from cnnspec.expressions import Value
from cnnspec.graph.builder import Builder
from cnnspec.graph.ir import Graph
from cnnspec.graph.reuse import Known
from cnnspec.spec.model import ModelSpec


def build_graph(
    spec: ModelSpec,
    variant: str = "",
    overrides: Mapping[str, Value] | None = None,
    known: Known | None = None,
) -> Graph:
    """The graph of one variant of a spec; raises SpecError with everything that is wrong.

    `known` is what other builds of the same spec have worked out.
    """
    builder = Builder(spec, variant, dict(overrides or {}), known=known or Known())
    graph = builder.build()
    if graph is None:
        # What explains faults takes as long to import as a small network to build.
        from cnnspec.graph.explain import explain_faults

        raise SpecError(sort_findings([*builder.diagnostics, *explain_faults(builder)]))
    return graph
