"""Turns the arguments of calls into ops and into blocks' parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from cnnspec.diagnostics import Diagnostic, Span
from cnnspec.expressions import Value
from cnnspec.graph.evaluate import BadArgument, UnknownValue, evaluate
from cnnspec.naming import nearest
from cnnspec.ops.base import Op
from cnnspec.ops.catalog import OPS
from cnnspec.spec.model import Argument, Block, MapArgument, ModelSpec, Step

Calls = tuple[tuple[str, Span], ...]


@dataclass(slots=True)
class OpFactory:
    """Makes ops from steps; equal ops are made once."""

    spec: ModelSpec
    params: Mapping[str, Value]
    report: Callable[[Diagnostic], None]
    cache: dict[object, Op] = field(default_factory=dict)

    def fail(self, calls: Calls, rule: str, message: str, span: Span, *help: str) -> None:
        """Record an error in a call's arguments."""
        notes = tuple(f"in block '{n}', called at line {s.line}" for n, s in reversed(calls))
        self.report(Diagnostic(rule, message, span, notes=notes, help=help))

    def evaluate_all(
        self, entries: Mapping[str, Argument], variables: Mapping[str, Value], calls: Calls
    ) -> dict[str, Value] | None:
        """The values of named arguments; None where one is unknown or wrong."""
        values: dict[str, Value] = {}
        sound = True
        for name, argument in entries.items():
            try:
                values[name] = evaluate(argument, variables)
            except UnknownValue:
                sound = False
            except BadArgument as error:
                help = (error.help,) if error.help else ()
                self.fail(calls, "invalid-expression", error.message, error.span, *help)
                sound = False
        return values if sound else None

    def make_op(
        self, step: Step, variables: Mapping[str, Value], calls: Calls
    ) -> Op | None:
        """The op of a step with its fields checked; None after an error."""
        kind = OPS[step.head]
        entries, spans = list_fields(self.spec, step)
        if any(name not in kind.model_fields for name in entries):
            return None  # check_words reported the field
        values = self.evaluate_all(entries, variables, calls)
        if values is None:
            return None
        key = (step.head, repr(values))
        if key in self.cache:
            return self.cache[key]
        try:
            op = kind.model_validate(values)
        except ValidationError as error:
            self.explain(error, step, spans, calls)
            return None
        self.cache[key] = op
        return op

    def explain(
        self, error: ValidationError, step: Step, spans: Mapping[str, Span], calls: Calls
    ) -> None:
        """Record what pydantic found, one error for each field."""
        seen: set[str] = set()
        for entry in error.errors():
            name = str(entry["loc"][0]) if entry["loc"] else ""
            if name in seen or (entry["type"] == "none_required"):
                continue
            seen.add(name)
            if entry["type"] == "missing":
                example = f"{step.head}: {{{name}: ...}}"
                self.fail(
                    calls, "missing-field", f"{step.head} needs {name}", step.span, f"write {example}"
                )
            else:
                span = spans.get(name, step.span)
                self.fail(calls, "invalid-field", f"{name} {entry['msg']}", span)

    def read_call(
        self, step: Step, block: Block, variables: Mapping[str, Value], calls: Calls
    ) -> dict[str, Value] | None:
        """The values of a block's parameters; None after an error."""
        given = read_given(step, next(iter(block.parameters), None))
        sound = given is not None
        for name, span, _ in given or ():
            if name not in block.parameters:
                sound = False
                hint = nearest(name, block.parameters)
                known = ", ".join(block.parameters) or "none"
                self.fail(
                    calls, "unknown-field", f"block '{block.name}' has no parameter '{name[:80]}'", span,
                    f"did you mean '{hint}'?" if hint else f"its parameters are: {known}",
                )  # fmt: skip
        entries = {name: value for name, _, value in given or ()}
        missing = [n for n, d in block.parameters.items() if d is None and n not in entries]
        if given is None or missing:
            names = " and ".join(missing) or "named arguments"
            self.fail(calls, "missing-field", f"block '{block.name}' needs {names}", step.span)
            return None
        values = self.evaluate_all(entries, variables, calls)
        if values is None or not sound:
            return None
        scope: dict[str, Value] = {**({} if block.library else self.params)}
        if "in_channels" in variables:
            scope["in_channels"] = variables["in_channels"]
        ordered: dict[str, Value] = {}
        for name, default in block.parameters.items():
            if name in values:
                ordered[name] = values[name]
            elif default is not None:
                found = self.evaluate_all({name: default}, {**scope, **ordered}, calls)
                if found is None:
                    return None
                ordered.update(found)
        return ordered


def read_given(
    step: Step, principal: str | None
) -> tuple[tuple[str, Span, Argument], ...] | None:
    """A call's arguments by name; a bare one goes to the principal field, if there is one."""
    argument = step.argument
    if argument is None:
        return ()
    if isinstance(argument, MapArgument):
        return argument.entries
    return None if principal is None else ((principal, argument.span, argument),)


def list_fields(
    spec: ModelSpec, step: Step
) -> tuple[dict[str, Argument], dict[str, Span]]:
    """The fields that a step gives its op, over the spec's defaults, with their spans."""
    kind = OPS[step.head]
    defaults = spec.defaults.get(step.head)
    given = () if kind.merges else read_given(step, kind.principal) or ()
    entries = (*(defaults.entries if defaults else ()), *given)
    return (
        {name: value for name, _, value in entries},
        {name: value.span for name, _, value in entries},
    )


