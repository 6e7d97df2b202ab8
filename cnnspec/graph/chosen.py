"""Steps whose op or block is the value of an expression: what they call, or why they cannot.

What is wrong with such a value is shown where its text was given: in the arguments of a call, in a
default, a list of a loop, a parameter of the model, or a variant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnnspec.diagnostics import Diagnostic, Span
from cnnspec.expressions import Value
from cnnspec.expressions.syntax import show
from cnnspec.graph.arguments import read_given
from cnnspec.graph.frame import Calls, describe_line, is_library, place_finding
from cnnspec.graph.library import find_block
from cnnspec.graph.static import check_call
from cnnspec.ops.catalog import OPS
from cnnspec.records import dataclass
from cnnspec.spec.keys import REFERRING
from cnnspec.spec.model import (
    Argument,
    Column,
    Formula,
    ListArgument,
    Literal,
    ModelSpec,
    Step,
)
from cnnspec.spec.spelling import spell_argument


def choose_step(step: Step, value: Value) -> Step:
    """The step with the op or block that its expression gave."""
    return replace(step, head=value if isinstance(value, str) else show(value))


def check_choice(
    spec: ModelSpec, variant: str, step: Step, value: Value, calls: Calls
) -> Iterator[Diagnostic]:
    """What is wrong with a step that calls what an expression gave."""
    assert step.choice is not None
    choice = step.choice

    def find_given() -> Span:
        # It is looked for from the top of the spec: only once something is wrong.
        return _Search(spec, variant, value).find(choice, step.span, calls)

    written = spell_argument(choice)
    if isinstance(value, str) and value in OPS and (OPS[value].merges or value in REFERRING):
        message = f"{value} takes several values, and {written} can only call what takes one"
        help = f"write {value}: as a step of its own, under a condition"
        given = find_given()
        yield _place(Diagnostic("invalid-step", message, given, help=(help,)), step, given, calls)
        return
    if not isinstance(value, str):
        message = f"{written} must give the name of an op or a block, and gives {show(value)}"
        given = find_given()
        yield _place(Diagnostic("invalid-step", message, given), step, given, calls)
        return
    found: list[Diagnostic] = []
    check_call(spec, choose_step(step, value), found.append)
    given = find_given() if found else step.span
    for finding in found:
        unknown = finding.rule == "unknown-op" or _is_hidden(finding)
        shown = replace(finding, span=given) if unknown else finding
        yield _place(shown, step, given, calls)


def _is_hidden(finding: Diagnostic) -> bool:
    return finding.span is not None and is_library(finding.span)


def _place(finding: Diagnostic, step: Step, given: Span, calls: Calls) -> Diagnostic:
    """A finding at a place that the user sees, with where its word is used."""
    if finding.span is not None and finding.span != given:
        shown, notes = place_finding(finding.span, calls)
        said = f"the word was given at {describe_line(given, shown)}"
        return replace(finding, span=shown, notes=(said, *notes))
    if is_library(given):
        shown, notes = place_finding(given, calls)
        return replace(finding, span=shown, notes=notes)
    if step.span.line == given.line and step.span.file == given.file:
        return finding
    used = f"it is the head of the step at {describe_line(step.span, given)}"
    return replace(finding, notes=(used,))


@dataclass(frozen=True, slots=True)
class _Search:
    """Looks for the place where a text was written that an expression gave."""

    spec: ModelSpec
    variant: str
    value: Value

    def find(self, argument: Argument, place: Span, calls: Calls) -> Span:
        """Where an argument of the step at a place got its value."""
        match argument:
            case Formula(expression=expression) if expression.text.isidentifier():
                return self.find_name(expression.text, place, calls) or argument.span
            case ListArgument() | Column():
                words = (a.span for a in _list_literals(argument) if a.value == self.value)
                if (found := next(words, None)) is not None:
                    return found
                if isinstance(argument, Column):
                    return self.find(argument.rows, place, calls)
        return argument.span

    def find_name(self, name: str, place: Span, calls: Calls) -> Span | None:
        """Where a variable of a loop, of a block or of the model got its value."""
        block = find_block(self.spec, calls[-1][0]) if calls else None
        for step in reversed(_find_step(block.steps if block else self.spec.steps, place)):
            for variable, values in step.loop:
                if variable == name:
                    return self.find(values, place, calls)
        if block is not None and name in block.parameters:
            caller = find_block(self.spec, calls[-2][0]) if len(calls) > 1 else None
            around = _find_step(caller.steps if caller else self.spec.steps, calls[-1][1])
            given = read_given(around[-1], next(iter(block.parameters))) if around else ()
            for word, _, argument in given or ():
                if word == name:
                    return self.find(argument, calls[-1][1], calls[:-1])
            default = block.parameters[name]
            return None if default is None else self.find(default, place, calls)
        chosen = self.spec.variants.get(self.variant, {}).get(name) or self.spec.params.get(name)
        return None if chosen is None else self.find(chosen, place, ())


def _find_step(steps: tuple[Step, ...], place: Span) -> list[Step]:
    """The call at a place, as the last of the steps that hold it; empty where it is not there."""
    for step in steps:
        if step.span == place and not step.is_structure:
            return [step]
        for branch in step.branches:
            if inner := _find_step(branch.steps, place):
                return [step, *inner]
    return []


def _list_literals(argument: Argument) -> Iterator[Literal]:
    """The plain values in a list, and in the lists inside of it."""
    if isinstance(argument, Literal):
        yield argument
    elif isinstance(argument, Column):
        rows = argument.rows.items if isinstance(argument.rows, ListArgument) else ()
        for row in rows:
            if isinstance(row, ListArgument):
                yield from _list_literals(row.items[argument.position])
    elif isinstance(argument, ListArgument):
        for item in argument.items:
            yield from _list_literals(item)
