"""Builds the graph of a spec, or says everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping

from cnnspec.diagnostics import SpecError, sort_findings
from cnnspec.expressions import Value
from cnnspec.graph.builder import Builder
from cnnspec.graph.ir import Graph
from cnnspec.graph.reuse import Known
from cnnspec.graph.settle import Sizes, build_settled
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
    shared = known or Known()

    def make(sizes: Sizes) -> Builder:
        return Builder(spec, variant, dict(overrides or {}), sizes=sizes, known=shared)

    builder, graph = build_settled(make)
    if graph is None:
        # What explains faults takes as long to import as a small network to build.
        from cnnspec.graph.explain import explain_faults

        raise SpecError(sort_findings([*builder.diagnostics, *explain_faults(builder)]))
    if graph.open_sizes:
        from cnnspec.graph.declared import check_declared

        if wrong := list(check_declared(graph)):
            raise SpecError(wrong)
    return graph
