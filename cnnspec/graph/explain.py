"""Turns shapes that do not fit into findings that say where, why and what to do."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from types import MappingProxyType

from cnnspec.diagnostics import Diagnostic, Span
from cnnspec.graph import limits
from cnnspec.graph.arguments import read_given
from cnnspec.graph.builder import Builder
from cnnspec.graph.frame import find_shown, place_finding
from cnnspec.graph.image_layout import suspect_layout
from cnnspec.graph.parting import describe_parting
from cnnspec.graph.record import Fault, Key
from cnnspec.graph.remedies import find_remedies
from cnnspec.graph.trail import (
    Change,
    describe_change,
    describe_maker,
    draw_ladder,
    find_maker,
    trace_fault,
)
from cnnspec.graph.trials import Budget, Trials
from cnnspec.ops.catalog import OPS
from cnnspec.ops.shapes import Kind
from cnnspec.spec.model import MapArgument

Uses = dict[tuple[str, Span], list[Fault]]


def explain_faults(
    builder: Builder, known: Container[Key] = (), budget: Budget | None = None
) -> list[Diagnostic]:
    """One finding for each place where shapes do not fit, but for those explained already."""
    trials = Trials(builder, budget or Budget())
    found: list[Diagnostic] = []
    groups = list(group_faults(builder.faults).items())
    for key, uses in groups[: limits.MAX_DIAGNOSTICS]:
        if key not in known:
            found.append(_explain(uses, key[1], trials, first=not found))
    return found


def group_faults(faults: Iterable[Fault]) -> Uses:
    """The faults by the rule and the place where each is shown."""
    groups: Uses = {}
    for fault in faults:
        span = find_shown(find_span(fault), fault.origin.calls)
        groups.setdefault((fault.cause.rule, span), []).append(fault)
    return groups


def find_span(fault: Fault) -> Span:
    """The field that a fault is about, where it is written in the step; else the step's word."""
    kind = OPS[fault.op.op]
    if fault.cause.field is None or kind.merges or fault.step.is_structure:
        return fault.step.span
    for name, span, value in read_given(fault.step, kind.principal) or ():
        if name == fault.cause.field:
            # A mapping may stand on several lines, and then has no useful end.
            return span if isinstance(value, MapArgument) else value.span
    return fault.step.span


def _explain(uses: list[Fault], span: Span, trials: Trials, first: bool) -> Diagnostic:
    fault = uses[0]
    _, chain = place_finding(find_span(fault), fault.origin.calls)
    describe = _DESCRIPTIONS.get(fault.cause.rule)
    notes = [*fault.cause.notes, *(describe(fault) if describe else [])]
    if first:
        notes += suspect_layout(trials.base.inputs)
        notes += _describe_open_sizes(trials.base)
    notes += chain
    if len(uses) > 1:
        same = all(use.cause.message == fault.cause.message for use in uses)
        count = f"{len(uses)} uses"
        notes.append(f"the same in {count}" if same else f"{count} fail here, this is the first")
    return Diagnostic(
        fault.cause.rule,
        fault.cause.message,
        span,
        path=fault.path,
        notes=tuple(notes),
        help=tuple(find_remedies(fault, trials)),
    )


def _describe_window(fault: Fault) -> list[str]:
    """The ladder of sizes, and the step that used the last of them up."""
    changes = trace_fault(fault)
    notes = [f"sizes: {draw_ladder(changes)}"]
    cause = _blame(changes[:-1])
    if cause is not None:
        notes.append(f"{cause.title} {describe_change(cause)}")
    return notes


def _blame(changes: list[Change]) -> Change | None:
    """The step that used up the size: the last that lost rows, else the last that shrank."""
    shrinking = [change for change in changes if change.shrinks]
    eating = [c for c in shrinking[-2:] if c.eats and all(w.stride == 1 for w in c.windows)]
    return next(reversed(eating or shrinking), None)


def _describe_kind(fault: Fault) -> list[str]:
    """The step that made a map a vector."""
    if fault.shapes[0].kind is not Kind.VECTOR:
        return []
    maker = find_maker(fault.inputs[0])
    return [describe_maker(maker)] if maker is not None else []


def _describe_open_sizes(builder: Builder) -> list[str]:
    """For which of the open sizes the shapes are, and that others are no better."""
    sizes = builder.open_sizes
    if not sizes:
        return []
    values = []
    for size in sizes:
        position, place = size.places[0]
        shape = builder.inputs[position].shape
        values.append(f"{size.letter} = {shape.sizes[place] if shape else '?'}")
    if all(size.default is not None for size in sizes):
        return [f"with the default {', '.join(values)}"]
    return [f"with {', '.join(values)}; no other sizes were found that work"]


_DESCRIPTIONS: MappingProxyType[str, Callable[[Fault], list[str]]] = MappingProxyType(
    {
        "kernel-exceeds-input": _describe_window,
        "crop-exceeds-input": _describe_window,
        "shape-mismatch": describe_parting,
        "kind-mismatch": _describe_kind,
    }
)
