"""Checks the words of a spec without evaluating it: ops, fields, names, circles of blocks.

Blocks that are never called, and steps that a condition leaves out, are checked all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from cnnspec.diagnostics import Diagnostic, Span
from cnnspec.graph.arguments import read_given
from cnnspec.graph.evaluate import needs
from cnnspec.graph.library import find_block, load_library
from cnnspec.graph.limits import MAX_NESTING
from cnnspec.graph.words import explain_field, explain_word
from cnnspec.naming import nearest
from cnnspec.ops.catalog import OPS
from cnnspec.spec.model import (
    STRUCTURES,
    Argument,
    Block,
    ListArgument,
    Literal,
    ModelSpec,
    Step,
    list_formulas,
)

Report = Callable[[Diagnostic], None]


def check_words(spec: ModelSpec, report: Report) -> None:
    """Report every unknown word in a spec's steps, blocks and defaults."""
    _Checker(spec, report).check()


class _Checker:
    def __init__(self, spec: ModelSpec, report: Report) -> None:
        self.spec = spec
        self.report = report
        self.known = [*OPS, *spec.blocks, *load_library(), *STRUCTURES]

    def fail(self, rule: str, message: str, span: Span, *help: str) -> None:
        """Record one error."""
        self.report(Diagnostic(rule, message, span, help=help))

    def check(self) -> None:
        """Check the whole spec."""
        for word, fields in self.spec.defaults.items():
            kind = OPS.get(word)
            if kind is None:
                help = explain_word(word, OPS)
                self.fail("unknown-op", f"defaults are for ops; '{word}' is none", fields.span, help)
                continue
            self.check_fields(word, kind.model_fields, fields.entries)
        params = set(self.spec.params)
        self.check_steps(self.spec.steps, params | {"in_channels"}, 0)
        for block in self.spec.blocks.values():
            self.check_block(block, params)
        self.check_circles()
        for expectation in self.spec.expect:
            if expectation.variant and expectation.variant not in self.spec.variants:
                hint = nearest(expectation.variant, self.spec.variants)
                self.fail(
                    "unknown-variant",
                    f"there is no variant '{expectation.variant[:80]}' to expect figures of",
                    expectation.span,
                    *([f"did you mean '{hint}'?"] if hint else []),
                )

    def check_block(self, block: Block, params: set[str]) -> None:
        """Check one block of the spec."""
        if block.name in OPS or block.name in STRUCTURES:
            self.fail(
                "invalid-block", f"'{block.name}' is an op; a block needs another name", block.span
            )
        own = set(block.parameters) | params | {"in_channels"}
        if "in_channels" in block.parameters:
            self.fail(
                "invalid-block", "in_channels is known in every block; it cannot be a parameter", block.span
            )
        for default in block.parameters.values():
            if default is not None:
                self.check_names(default, own)
        self.check_steps(block.steps, own, 0)

    def check_steps(self, steps: tuple[Step, ...], names: set[str], depth: int) -> None:
        """Check a list of steps; `names` are the variables that they can use."""
        if depth > MAX_NESTING:
            return
        # A value's sizes can be used after its step only, which the build checks.
        names = names | {
            str(step.name.value) for step in _flatten(steps) if isinstance(step.name, Literal)
        }
        names |= {source.name for source in self.spec.inputs}
        for step in steps:
            inner = names | {variable for variable, _ in step.loop}
            for _, argument in step.loop:
                self.check_names(argument, names)
            for modifier in (step.when, step.repeat, step.source, step.name):
                if modifier is not None:
                    self.check_names(modifier, inner)
            for branch in step.branches:
                self.check_steps(branch.steps, inner, depth + 1)
            if not step.is_structure:
                self.check_call(step)
                if step.argument is not None:
                    self.check_names(step.argument, inner)

    def check_call(self, step: Step) -> None:
        """Check a step's op or block, and the fields that it is given."""
        kind = OPS.get(step.head)
        if kind is None:
            if find_block(self.spec, step.head) is None:
                message = f"there is no op or block '{step.head[:80]}'"
                self.fail("unknown-op", message, step.span, explain_word(step.head, self.known))
            return
        if kind.merges:
            if not isinstance(step.argument, ListArgument):
                self.fail(
                    "missing-field", f"{step.head} needs a list of values", step.span,
                    f"write for example {step.head}: [shortcut, _]",
                )  # fmt: skip
            return
        given = read_given(step, kind.principal)
        if given is None:
            fields = ", ".join(kind.model_fields) or "none"
            span = step.argument.span if step.argument is not None else step.span
            message = f"{step.head} takes its fields by name"
            self.fail("invalid-field", message, span, f"its fields are {fields}")
            return
        self.check_fields(step.head, kind.model_fields, given)

    def check_fields(
        self, word: str, known: Mapping[str, object], given: tuple[tuple[str, Span, Argument], ...]
    ) -> None:
        """Check the names of an op's fields."""
        for name, span, _ in given:
            if name not in known:
                help = explain_field(name, word, known)
                self.fail("unknown-field", f"{word} has no field '{name[:80]}'", span, help)

    def check_names(self, argument: Argument, names: set[str]) -> None:
        """Check the names that an argument's expressions use."""
        for formula in list_formulas(argument):
            for name in sorted(needs(formula) - names):
                hint = nearest(name, names)
                known = ", ".join(sorted(names)[:12])
                self.fail(
                    "unknown-name",
                    f"unknown name '{name[:80]}'",
                    formula.span,
                    f"did you mean '{hint}'?" if hint else f"names known here: {known}",
                )

    def check_circles(self) -> None:
        """Report blocks that come back to themselves."""
        done: set[str] = set()
        for start in self.spec.blocks.values():
            trail: list[tuple[str, Iterator[Step]]] = [(start.name, _calls(start.steps))]
            while trail and start.name not in done:
                name, calls = trail[-1]
                step = next(calls, None)
                if step is None:
                    done.add(name)
                    trail.pop()
                    continue
                block = find_block(self.spec, step.head)
                if block is None or block.name in done:
                    continue
                chain = [name for name, _ in trail]
                if block.name in chain:
                    circle = " -> ".join([*chain[chain.index(block.name) :], block.name])
                    self.fail("circular-block", f"blocks call each other in a circle: {circle}", step.span)
                else:
                    trail.append((block.name, _calls(block.steps)))


def _flatten(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        yield step
        if step.is_structure and step.name is None:
            for branch in step.branches:
                yield from _flatten(branch.steps)


def _calls(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        if step.is_structure:
            for branch in step.branches:
                yield from _calls(branch.steps)
        elif step.head not in OPS:
            yield step

