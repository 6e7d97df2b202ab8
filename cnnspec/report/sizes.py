"""What is known of the sizes that a network takes, as text and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.expressions import Value
from cnnspec.graph.builder import Builder
from cnnspec.graph.limits import MAX_OPEN_NODES
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
    spec: ModelSpec, variant: str, overrides: Mapping[str, Value], *, every: bool = False
) -> tuple[SizeReport, ...]:
    """The sizes that a spec's networks take; those without open sizes only where asked for."""
    variants = (variant,) if variant else ("", *spec.variants)
    found: list[tuple[str, ValidSizes, tuple[int, ...]]] = []
    for name in variants:
        measured = _measure(spec, name, overrides, every)
        if measured is not None:
            found.append((name, *measured))
    groups: dict[tuple[ValidSizes, tuple[int, ...]], list[str]] = {}
    for name, sizes, declared in found:
        groups.setdefault((sizes, declared), []).append(name)
    return tuple(
        SizeReport(spec.file, () if len(groups) == 1 else tuple(names), sizes, declared)
        for (sizes, declared), names in groups.items()
    )


def _measure(
    spec: ModelSpec, variant: str, overrides: Mapping[str, Value], every: bool
) -> tuple[ValidSizes, tuple[int, ...]] | None:
    """The sizes that one variant takes, and those that it declares."""

    def make(sizes: Sizes) -> Builder:
        return Builder(spec, variant, dict(overrides), sizes=sizes, words=False)

    builder, graph = build_settled(make)
    if len(builder.nodes) > MAX_OPEN_NODES and not builder.diagnostics:
        message = (
            f"sizes are tried for networks of at most {MAX_OPEN_NODES:,} ops; this one has "
            f"{len(builder.nodes):,}"
        )
        raise SpecError([Diagnostic("too-large", message, spec.span)])
    if builder.open_sizes:
        return (find_variations(graph).valid, ()) if graph is not None else None
    if not every or any(value.shape is None for value in builder.inputs):
        return None
    freed = free_sizes(builder.inputs)
    declared = tuple(read_nominal([v.known for v in builder.inputs], size) for size in freed)
    if graph is not None:
        return find_valid_sizes(graph), declared
    settled = settle(builder, freed, make)
    if settled is None or settled[1] is None:
        return None
    # No weights are those of a network that cannot be built.
    return find_valid_sizes(settled[1], locked=False), declared


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
