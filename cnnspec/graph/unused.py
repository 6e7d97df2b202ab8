"""Finds defaults that no step takes up, and results that no output needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnnspec.diagnostics import Diagnostic, Severity
from cnnspec.graph.frame import place_finding
from cnnspec.graph.ir import Graph
from cnnspec.graph.serving import find_unused
from cnnspec.graph.walk import list_steps
from cnnspec.spec.model import Argument, Column, ListArgument, Literal, MapArgument, ModelSpec


def find_unused_defaults(spec: ModelSpec, graphs: Iterable[Graph]) -> Iterator[Diagnostic]:
    """Warn of defaults for ops that no variant has and no step or block of the spec calls."""
    used = {step.head for step in list_steps(spec)}
    used |= {node.op.op for graph in graphs for node in graph.nodes}
    if any(step.choice for step in list_steps(spec)):
        used |= list_words(spec)
    for word, fields in spec.defaults.items():
        if word not in used:
            message = f"these defaults are not used: there is no {word} in this spec"
            yield Diagnostic("unused-defaults", message, fields.span, Severity.WARNING)


def list_words(spec: ModelSpec) -> set[str]:
    """The texts that parameters, variants, loops and calls give, which may choose an op."""
    found: set[str] = set()
    waiting: list[Argument | None] = list(spec.params.values())
    waiting += [value for values in spec.variants.values() for value in values.values()]
    waiting += [value for block in spec.blocks.values() for value in block.parameters.values()]
    for step in list_steps(spec):
        waiting += [step.argument, *(values for _, values in step.loop)]
    while waiting:
        match waiting.pop():
            case Literal(value=str() as word):
                found.add(word)
            case ListArgument(items=items):
                waiting += items
            case MapArgument(entries=entries):
                waiting += [value for _, _, value in entries]
            case Column(rows=rows):
                waiting.append(rows)
    return found


def find_unused_values(graph: Graph) -> Iterator[Diagnostic]:
    """Warn of ops at the end of a way that leads to no output."""
    unused = find_unused(graph)
    for node in graph.nodes:
        if node in unused and all(reader.op.starts for reader in node.output.readers):
            span, notes = place_finding(node.origin.step.span, node.origin.calls)
            yield Diagnostic(
                "unused-value",
                f"no output needs the result of {node.path}",
                span,
                Severity.WARNING,
                path=node.path,
                notes=notes,
                help=("take the step out, or name its result under outputs",),
            )
