"""What is known of the sizes that a network takes, as text and for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.expressions import Value
from cnnspec.graph.builder import Builder
from cnnspec.graph.ir import Graph
from cnnspec.graph.ir import Value as ValueOfGraph
from cnnspec.graph.limits import MAX_OPEN_NODES, MAX_OPEN_SIZES, MAX_TRIED_WORK, weigh_start
from cnnspec.graph.reuse import Known
from cnnspec.graph.settle import Sizes, build_settled, settle
from cnnspec.graph.size_sets import SizeSet, spell_sizes
from cnnspec.graph.valid_sizes import (
    AxisSizes,
    ValidSizes,
    find_valid_sizes,
    free_sizes,
    read_nominal,
)
from cnnspec.graph.variations import find_variations
from cnnspec.records import dataclass
from cnnspec.spec.model import ModelSpec

# The sizes that a network takes, and those that it declares.
Measured = tuple[ValidSizes, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class SizeReport:
    """The sizes that a spec's network takes, for some of its variants.

    `variants` is empty where all of them agree. `declared` are the sizes that the spec gives, axis
    by axis, where they are not open.
    """

    file: str
    variants: tuple[str, ...]
    sizes: ValidSizes
    declared: tuple[int, ...] = ()


def report_sizes(
    spec: ModelSpec,
    variant: str,
    overrides: Mapping[str, Value],
    *,
    every: bool = False,
    graphs: Mapping[str, Graph] = MappingProxyType({}),
) -> tuple[SizeReport, ...]:
    """The sizes that a spec's networks take; those without open sizes only where asked for.

    `graphs` are the networks that are built already, by variant.
    """
    variants = (variant,) if variant else ("", *spec.variants)
    found: list[tuple[str, ValidSizes, tuple[int, ...]]] = []
    known, work = Known(), 0
    for name in variants:
        if work > MAX_TRIED_WORK:
            message = f"the sizes of the variants together take more than {MAX_TRIED_WORK:,} steps"
            help = f"'{name}' and those after it are not tried: check them one by one"
            raise SpecError([Diagnostic("too-large", message, spec.span, help=(help,))])

        def make(sizes: Sizes, name: str = name) -> Builder:
            return Builder(spec, name, dict(overrides), sizes=sizes, words=False, known=known)

        graph = graphs.get(name)
        if graph is None:
            builder, graph = build_settled(make)
            settled = None if graph is not None else _settle(builder, make, every)
            work += builder.steps + weigh_start(spec)
        measured = _measure(graph, every) if graph is not None else settled
        if measured is not None:
            work += measured[0].work
            found.append((name, *measured))
    groups: dict[tuple[ValidSizes, tuple[int, ...]], list[str]] = {}
    for name, sizes, declared in found:
        groups.setdefault((sizes, declared), []).append(name)
    return tuple(
        SizeReport(spec.file, () if len(groups) == 1 else tuple(names), sizes, declared)
        for (sizes, declared), names in groups.items()
    )


def _measure(graph: Graph, every: bool) -> Measured | None:
    """The sizes that a network takes, and those that it declares."""
    _hold_ops(graph.spec, len(graph.nodes))
    if graph.open_sizes:
        return find_variations(graph).valid, ()
    if not every:
        return None
    _hold_sizes(graph.spec, graph.inputs)
    return find_valid_sizes(graph), _list_declared(graph.inputs)


def _settle(builder: Builder, make: Callable[[Sizes], Builder], every: bool) -> Measured | None:
    """The same for one that does not take the sizes that it declares, but may take others."""
    if not builder.diagnostics:
        _hold_ops(builder.spec, len(builder.nodes))
    if builder.open_sizes or not every or any(value.shape is None for value in builder.inputs):
        return None
    _hold_sizes(builder.spec, builder.inputs)
    settled = settle(builder, free_sizes(builder.inputs), make)
    if settled is None or settled[1] is None:
        return None
    # No weights are those of a network that cannot be built.
    return find_valid_sizes(settled[1], locked=False), _list_declared(builder.inputs)


def _hold_ops(spec: ModelSpec, count: int) -> None:
    if count > MAX_OPEN_NODES:
        message = (
            f"sizes are tried for networks of at most {MAX_OPEN_NODES:,} ops; this one has "
            f"{count:,}"
        )
        raise SpecError([Diagnostic("too-large", message, spec.span)])


def _hold_sizes(spec: ModelSpec, inputs: Sequence[ValueOfGraph]) -> None:
    count = len(free_sizes(inputs))
    if count > MAX_OPEN_SIZES:
        message = (
            f"sizes are tried where inputs have at most {MAX_OPEN_SIZES} of them; here they have "
            f"{count:,}"
        )
        raise SpecError([Diagnostic("too-large", message, spec.span)])


def _list_declared(inputs: Sequence[ValueOfGraph]) -> tuple[int, ...]:
    shapes = [value.known for value in inputs]
    return tuple(read_nominal(shapes, size) for size in free_sizes(inputs))


def format_sizes(reports: Sequence[SizeReport]) -> str:
    """One line for each size of each network."""
    return "".join(f"{line}\n" for report in reports for line in _list_lines(report))


def _list_lines(report: SizeReport) -> list[str]:
    names = ", ".join(name or "without a variant" for name in report.variants)
    head = f"{report.file}: " + (f"({names}) " if report.variants else "")
    declared = report.declared or (None,) * len(report.sizes.axes)
    lines = [
        f"{head}{spell_axis(axis)}: {'; '.join(_list_facts(axis, size))}"
        for axis, size in zip(report.sizes.axes, declared, strict=True)
    ]
    least = tuple(axis.usable.least for axis in report.sizes.axes)
    if report.sizes.together is None:
        lines.append(f"{head}no sizes were found that work together")
    elif report.sizes.together != least:
        shown = "x".join(map(str, report.sizes.together))
        lines.append(f"{head}the least sizes do not work together; {shown} does")
    return lines


def spell_axis(axis: AxisSizes) -> str:
    """An axis by its letter and its name."""
    names = " and ".join(axis.axes)
    return names if axis.size.letter == names else f"{axis.size.letter} ({names})"


def _list_facts(axis: AxisSizes, declared: int | None) -> list[str]:
    usable = axis.usable
    facts = [spell_sizes(usable)]
    if axis.capped:
        facts.append(f"none above {axis.valid.tried} was tried")
    if declared is not None and declared not in usable:
        near = ", ".join(map(str, usable.find_nearest(declared)))
        facts.append(f"nearest to {declared}: {near}")
    elif not axis.size.is_range and declared is None:
        facts.append(f"figures are for {axis.nominal}")
    facts.append(_spell_lossless(axis))
    return facts


def _spell_lossless(axis: AxisSizes) -> str:
    """For which sizes every pixel is read."""
    lossless = axis.lossless
    if not lossless.members:
        return "all of them lose border pixels"
    if lossless == axis.usable:
        return "loses no border pixels"
    return f"loses no border pixels: {spell_sizes(lossless)}"


def describe_axis(axis: AxisSizes, declared: int | None = None) -> dict[str, object]:
    """The facts on one size for programs."""
    size = axis.size
    wanted = axis.nominal if declared is None else declared
    return {
        "name": size.letter,
        "axes": list(axis.axes),
        "declared": None
        if not size.is_range
        else {"min": size.least, "max": size.most, "multiple_of": size.multiple_of},
        "nominal": wanted,
        "valid": _describe_set(axis.usable),
        "lossless": _describe_set(axis.lossless),
        "nearest": list(axis.usable.find_nearest(wanted)),
        "tried": axis.valid.tried,
        "capped": axis.capped,
    }


def _describe_set(found: SizeSet) -> dict[str, object]:
    """A set of sizes: single ones, and from `start` on those with a remainder by `period`."""
    if found.period is None:
        return {"sizes": list(found.members), "start": None, "period": None, "remainders": []}
    return {
        "sizes": list(found.irregular),
        "start": found.start,
        "period": found.period,
        "remainders": list(found.residues),
    }


def describe_report(report: SizeReport) -> dict[str, object]:
    """The facts on one network, in the form of a finding."""
    declared = report.declared or (None,) * len(report.sizes.axes)
    pairs = list(zip(report.sizes.axes, declared, strict=True))
    lines = [f"{spell_axis(axis)}: {'; '.join(_list_facts(axis, size))}" for axis, size in pairs]
    return {
        "file": report.file,
        "rule": "valid-sizes",
        "severity": "hint",
        "message": "\n".join(lines),
        "variants": list(report.variants),
        "sizes": [describe_axis(axis, size) for axis, size in pairs],
        "together": list(report.sizes.together or ()),
    }
