"""What a spec says of itself and its variants: for those who look for a network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from cnnspec.graph.ir import CallItem, Graph
from cnnspec.graph.walk import walk_items
from cnnspec.ops.shapes import Shape
from cnnspec.records import dataclass
from cnnspec.report.summary import Summary, summarize
from cnnspec.spec.model import ModelSpec
from cnnspec.spec.spelling import spell_argument

# A remark behind a value; what has a quote behind its sign may be part of a text.
_REMARK = re.compile(r"\s#\s+([^'\"]+)$")


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant: what to call it, the values that it sets, and its figures."""

    reference: str
    settings: tuple[tuple[str, str], ...]
    summary: Summary
    outputs: tuple[tuple[str, Shape], ...]

    @property
    def inputs(self) -> tuple[tuple[str, Shape], ...]:
        """The inputs by name."""
        return self.summary.inputs


@dataclass(frozen=True, slots=True)
class Parameter:
    """One of the model's parameters, with the remark that stands behind it."""

    name: str
    default: str
    remark: str


@dataclass(frozen=True, slots=True)
class BlockUse:
    """A block, and how often the network of the first variant calls it."""

    name: str
    summary: str
    count: int


@dataclass(frozen=True, slots=True)
class Family:
    """A spec with all its variants; `stages` are the first variant's parts."""

    name: str
    spec: ModelSpec
    variants: tuple[Variant, ...]
    parameters: tuple[Parameter, ...]
    blocks: tuple[BlockUse, ...]
    stages: Summary

    @property
    def task(self) -> str:
        """What the output is for; empty where the spec does not say."""
        return self.spec.task.kind if self.spec.task else ""

    @property
    def year(self) -> str:
        """When it was published; empty where the spec does not say."""
        return "" if self.spec.year is None else str(self.spec.year)


def describe_family(name: str, spec: ModelSpec, graphs: Sequence[Graph]) -> Family:
    """A family from the graphs of its variants, in the spec's order; without any, of the spec."""
    variants = (
        Variant(
            f"{name}:{graph.variant}" if graph.variant else name,
            _list_settings(spec, graph.variant),
            summarize(graph),
            tuple((label, value.known) for label, value in graph.outputs.items()),
        )
        for graph in graphs
    )
    return Family(
        name,
        spec,
        tuple(variants),
        _list_parameters(spec),
        _list_blocks(graphs[0]),
        summarize(graphs[0], 1),
    )


def _list_settings(spec: ModelSpec, variant: str) -> tuple[tuple[str, str], ...]:
    values = spec.variants.get(variant, {})
    return tuple((name, spell_argument(value)) for name, value in values.items())


def _list_parameters(spec: ModelSpec) -> tuple[Parameter, ...]:
    found = []
    for name, value in spec.params.items():
        span = spec.param_spans[name]
        lines = spec.sources[span.file].splitlines()
        remark = _REMARK.search(lines[span.line - 1])
        # On a line with several parameters it belongs to none of them.
        own = remark if lines[span.line - 1].lstrip().startswith(name) else None
        found.append(Parameter(name, spell_argument(value), own[1] if own else ""))
    return tuple(found)


def _list_blocks(graph: Graph) -> tuple[BlockUse, ...]:
    """The blocks that a network calls, in the order of their first calls."""
    calls = [item.block for item in walk_items(graph.body) if isinstance(item, CallItem)]
    counts = Counter(block.name for block in calls)
    blocks = {block.name: block for block in calls}
    return tuple(BlockUse(name, blocks[name].summary, counts[name]) for name in blocks)
