"""Asks the rules about the networks of a spec, and says each fault once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Final

from cnnspec.diagnostics import Diagnostic, Severity, Span, sort_findings
from cnnspec.expressions import Value
from cnnspec.graph.check import Checked, check_variants, name_variants
from cnnspec.graph.frame import find_shown, place_finding
from cnnspec.graph.ir import Graph
from cnnspec.lint.base import Budget, Finding, Fix, Problem, Rule, Subject
from cnnspec.lint.control import Control
from cnnspec.lint.options import LintOptions
from cnnspec.lint.rules import RULES
from cnnspec.records import dataclass
from cnnspec.spec.model import ModelSpec

# Places at which one rule's finding is listed: nobody reads further.
MAX_LISTED: Final = 1_000

Key = tuple[str, Span | None]
# The finding, and the variant that it is in; None where it is about the spec as a whole.
Use = tuple[Finding, str | None]


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to say of a spec, what it took to find it, in steps, and its sound networks."""

    problems: tuple[Diagnostic, ...]
    work: int = 0
    graphs: Mapping[str, Graph] = field(default_factory=dict)


def find_problems(
    spec: ModelSpec,
    overrides: Mapping[str, Value] | None = None,
    options: LintOptions | None = None,
    variant: str = "",
) -> tuple[Diagnostic, ...]:
    """Everything that is wrong or doubtful in a spec and in each of its variants, each once.

    With a variant it is about that one alone.
    """
    return look_at(spec, overrides, options, variant).problems


def look_at(
    spec: ModelSpec,
    overrides: Mapping[str, Value] | None = None,
    options: LintOptions | None = None,
    variant: str = "",
) -> Found:
    """The same with what it took."""
    checked = check_variants(spec, overrides, variant)
    # What silences nothing in one network may be for another.
    is_whole = not (checked.findings or overrides or variant)
    found = lint_variants(checked, options or LintOptions(), is_whole)
    return Found(tuple(sort_findings([*checked.findings, *found])), checked.work, checked.graphs)


@dataclass(frozen=True, slots=True)
class _Group:
    """The findings of one rule at one place."""

    rule: Rule
    severity: Severity
    span: Span | None
    uses: list[Use]


def lint_variants(
    checked: Checked, options: LintOptions, is_whole: bool = False
) -> list[Diagnostic]:
    """What the rules find in the variants that have no error.

    If they are the whole of the spec, also what is said there of findings that there are not.
    """
    budget = Budget()
    subjects = {variant: Subject(graph, budget) for variant, graph in checked.graphs.items()}
    control = Control(checked.spec, checked.graphs.values(), options)
    groups: dict[Key, _Group] = {}

    def keep(rule: Rule, uses: Iterable[Use]) -> None:
        for finding, variant in uses:
            span = finding.span
            if finding.node is not None:
                origin = finding.node.origin
                span = find_shown(span or origin.step.span, origin.calls)
            severity = control.judge(rule, finding, span)
            if severity is not None:
                group = groups.setdefault((rule.name, span), _Group(rule, severity, span, []))
                group.uses.append((finding, variant))

    asked = [rule for rule in RULES if control.is_asked(rule)]
    for rule in asked:
        keep(rule, _ask(rule, subjects, checked))
    # Last, when it is known what was silenced.
    review = control.review(is_whole)
    for rule in asked:
        if rule.review is not None:
            keep(rule, [(finding, None) for finding in rule.review(review)])
    return [*control.problems, *_list_groups(groups.values(), subjects)]


def _list_groups(groups: Iterable[_Group], subjects: Mapping[str, Subject]) -> Iterator[Diagnostic]:
    """A finding for each, and for what is not listed a note on the last of its rule."""
    by_rule: dict[str, list[_Group]] = {}
    for group in groups:
        by_rule.setdefault(group.rule.name, []).append(group)
    for alike in by_rule.values():
        *listed, last = (_describe(group, subjects) for group in alike[:MAX_LISTED])
        yield from listed
        more = len(alike) - MAX_LISTED
        note = f"{more:,} more places with this finding are not listed"
        yield replace(last, notes=(*last.notes, note)) if more > 0 else last


def _ask(rule: Rule, subjects: Mapping[str, Subject], checked: Checked) -> list[Use]:
    uses: list[Use] = []
    if rule.check is not None:
        for variant, subject in subjects.items():
            uses += [(finding, variant) for finding in rule.check(subject)]
    # What no variant has can only be said of a spec whose variants are all there.
    if rule.compare is not None and subjects and not checked.findings:
        uses += [(finding, None) for finding in rule.compare(list(subjects.values()))]
    return uses


def _list_calls(finding: Finding) -> tuple[str, ...]:
    """The chain of calls that led to a finding."""
    if finding.node is None:
        return ()
    origin = finding.node.origin
    return place_finding(finding.span or origin.step.span, origin.calls)[1]


def _describe(group: _Group, subjects: Mapping[str, Subject]) -> Diagnostic:
    first, variant = group.uses[0]
    notes = [*first.notes, *_list_calls(first)]
    count = sum(found == variant for _, found in group.uses)
    if count > 1:
        same = all(use.message == first.message for use, found in group.uses if found == variant)
        notes.append(f"the same in {count} uses" if same else f"{count} uses, this is the first")
    found = list(dict.fromkeys(found for _, found in group.uses if found is not None))
    if found and len(found) < len(subjects):
        notes.append(f"only {name_variants(found)}")
    return Problem(
        group.rule.name,
        first.message,
        group.span,
        group.severity,
        path=first.node.path if first.node else "",
        notes=tuple(notes),
        help=first.help,
        fixes=_gather_fixes(group, subjects.values()),
    )


def _gather_fixes(group: _Group, subjects: Collection[Subject]) -> tuple[Fix, ...]:
    """What the rule proposes; on request alone where a step has uses without the fault."""
    fixes = tuple(dict.fromkeys(fix for finding, _ in group.uses for fix in finding.fixes))
    if not any(fix.safe for fix in fixes):
        return fixes
    faulty = {finding.node for finding, _ in group.uses if finding.node is not None}
    spans = {node.origin.step.span for node in faulty}
    uses = (node for subject in subjects for span in spans for node in subject.list_uses(span))
    if all(node in faulty for node in uses):
        return fixes
    return tuple(replace(fix, safe=False) for fix in fixes)
