"""Turns the arguments of calls into ops and into blocks' parameters."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import field
from typing import Protocol

from pydantic_core import ValidationError

from cnnspec.diagnostics import Span
from cnnspec.expressions import Value
from cnnspec.expressions.syntax import WORK_OF_VALUE
from cnnspec.expressions.work import explain_spent, spend_work
from cnnspec.graph.absent import explain_absent
from cnnspec.graph.evaluate import BadArgument, UnknownValue, evaluate, needs
from cnnspec.graph.frame import Calls
from cnnspec.graph.opened import list_letters
from cnnspec.graph.words import explain_initializer
from cnnspec.ops.base import Op
from cnnspec.ops.catalog import OPS
from cnnspec.ops.initializers import INITIALIZED
from cnnspec.records import dataclass
from cnnspec.spec.model import Argument, Block, MapArgument, ModelSpec, Step


class Reporter(Protocol):
    """What takes the errors in calls."""

    def fail_at(
        self, calls: Calls, rule: str, message: str, span: Span, *help: str, path: str = ""
    ) -> None:
        """Record an error under a chain of block calls."""


@dataclass(slots=True)
class OpFactory:
    """Makes ops from steps; equal ops are made once.

    `ops` has them by their values, and `fixed` by their steps where these hold no expressions:
    such steps are the same in every turn, use and variant.
    """

    spec: ModelSpec
    params: Mapping[str, Value]
    reporter: Reporter
    ops: dict[object, Op] = field(default_factory=dict)
    fixed: dict[Step, Op] = field(default_factory=dict)

    def evaluate_all(
        self,
        entries: Mapping[str, Argument],
        variables: Mapping[str, Value],
        calls: Calls,
        path: str = "",
    ) -> dict[str, Value] | None:
        """The values of named arguments; None where one is unknown or wrong."""
        values: dict[str, Value] = {}
        sound = True
        for name, argument in entries.items():
            try:
                values[name] = evaluate(argument, variables)
            except UnknownValue:
                for rule, message, span, advice in explain_absent(
                    argument, variables, self.spec, calls
                ):
                    self.reporter.fail_at(calls, rule, message, span, advice, path=path)
                sound = False
            except BadArgument as error:
                help = (error.help,) if error.help else ()
                self.reporter.fail_at(
                    calls, "invalid-expression", error.message, error.span, *help, path=path
                )
                sound = False
        return values if sound else None

    def make_op(
        self, step: Step, variables: Mapping[str, Value], calls: Calls, path: str = ""
    ) -> Op | None:
        """The op of a step with its fields checked, even if it is `fixed`; None after errors."""
        kind = OPS[step.head]
        entries = list_fields(self.spec, step)
        if not entries.keys() <= kind.model_fields.keys() or list_missing(kind, entries):
            return None  # check_words reported the field
        inherited = self.list_inherited(step.head, entries)
        given = entries
        if inherited:
            given = {name: value for name, value in entries.items() if name not in inherited}
        values = self.evaluate_all(given, variables, calls, path)
        if inherited and values is not None:
            shared = self.evaluate_all(inherited, self.see_params(variables), calls, path)
            values = None if shared is None else {**shared, **values}
        if values is None:
            return None
        key = (step.head, repr(values))
        op = self.ops.get(key)
        if op is None:
            try:
                op = kind.model_validate(values)
            except ValidationError as error:
                self.explain(error, values, entries, calls, path)
                return None
            self.ops[key] = op
        if not any(needs(argument) for argument in entries.values()):
            self.fixed[step] = op
        return op

    def list_inherited(self, head: str, entries: Mapping[str, Argument]) -> dict[str, Argument]:
        """The fields that a step has from the spec's defaults."""
        defaults = self.spec.defaults.get(head)
        known = defaults.entries if defaults is not None else ()
        return {name: value for name, _, value in known if entries[name] is value}

    def see_params(self, variables: Mapping[str, Value]) -> dict[str, Value]:
        """What defaults may name wherever they are taken up: no block's own parameters."""
        received = variables.get("in_channels")
        return dict(self.params) if received is None else {**self.params, "in_channels": received}

    def check_values(self, kind: type[Op], entries: Mapping[str, Argument]) -> None:
        """Record which of some plain fields an op does not take; others may be missing."""
        known = {name: value for name, value in entries.items() if name in kind.model_fields}
        values = self.evaluate_all(known, {}, ())
        if not values:
            return
        try:
            kind.model_validate(values)
        except ValidationError as error:
            self.explain(error, values, known, (), "")

    def explain(
        self,
        error: ValidationError,
        values: Mapping[str, Value],
        entries: Mapping[str, Argument],
        calls: Calls,
        path: str,
    ) -> None:
        """Record what pydantic found, one error for each field."""
        seen: set[str] = set()
        for entry in error.errors(include_url=False):
            name = str(entry["loc"][0])
            if name in seen or entry["type"] in ("none_required", "missing"):
                continue
            seen.add(name)
            is_initializer = name in INITIALIZED.values()
            help = (explain_initializer if is_initializer else respell)(values[name])
            if isinstance(letter := values[name], str) and letter in list_letters(self.spec):
                help = f"{letter} is a size of the input that stays open, so it is no number"
            message = f"{name} {entry['msg']}"
            self.reporter.fail_at(
                calls,
                "invalid-field",
                message,
                entries[name].span,
                *filter(None, [help]),
                path=path,
            )

    def read_call(
        self,
        step: Step,
        block: Block,
        variables: Mapping[str, Value],
        calls: Calls,
        received: int | None,
    ) -> dict[str, Value] | None:
        """The values of a block's parameters; None after an error.

        `received` are the channels that the block gets, None where they are not known.
        """
        given = read_given(step, next(iter(block.parameters), None))
        entries = {name: value for name, _, value in given or ()}
        missing = [n for n, d in block.parameters.items() if d is None and n not in entries]
        if given is None or missing or any(name not in block.parameters for name in entries):
            return None  # check_words reported it
        if spend_work(WORK_OF_VALUE * len(block.parameters)):
            self.reporter.fail_at(calls, "invalid-expression", explain_spent(), step.span)
            return None
        values = self.evaluate_all(entries, variables, calls)
        if values is None:
            return None
        scope: dict[str, Value] = {} if block.library else dict(self.params)
        if received is not None:
            scope["in_channels"] = received
        ordered: dict[str, Value] = {}
        inner = (*calls, (block.name, step.span))
        for name, default in block.parameters.items():
            if name in values:
                ordered[name] = values[name]
            elif default is not None:
                found = self.evaluate_all({name: default}, scope, inner)
                if found is None:
                    return None
                ordered.update(found)
            if name in ordered:
                scope[name] = ordered[name]
        return ordered


def list_missing(kind: type[Op], entries: Collection[str]) -> list[str]:
    """The fields that an op cannot do without, and does not get."""
    return [name for name in kind.required_fields if name not in entries]


def respell(value: Value) -> str:
    """What a value of the wrong type was likely meant to be."""
    if isinstance(value, float) and value.is_integer():
        return f"write {int(value)}; in expressions // gives a whole number"
    if not isinstance(value, str):
        return ""
    if value.lower() in ("same", "valid"):
        return f"write {value.lower()}"
    if re.fullmatch(r"-?[0-9.]{1,20}", value):
        return f"write {value} without quotes"
    if re.match(r"\([0-9]", value):
        return "a list stands in brackets: [3, 3]"
    if value.lower() in ("yes", "on", "no", "off", "true", "false"):
        return f"write {'true' if value.lower() in ('yes', 'on', 'true') else 'false'}"
    return ""


def read_given(step: Step, principal: str | None) -> tuple[tuple[str, Span, Argument], ...] | None:
    """A call's arguments by name; a bare one goes to the principal field, if there is one."""
    argument = step.argument
    if step.part is not None:
        return step.part.settings
    if argument is None:
        return ()
    if isinstance(argument, MapArgument):
        return argument.entries
    return None if principal is None else ((principal, argument.span, argument),)


def list_own_fields(step: Step) -> set[str]:
    """The fields that a step has, but for those of a bias that it has or has not as it turns out.

    What such a step says of its bias is meant for where it has one.
    """
    given = {name: value for name, _, value in read_given(step, OPS[step.head].principal) or ()}
    flags = [given[flag] for flag in ("bias", "affine") if flag in given]
    open_ended = any(needs(flag) for flag in flags)
    return set() if open_ended else set(given)


def list_fields(spec: ModelSpec, step: Step) -> dict[str, Argument]:
    """The fields that a step gives its op, over the spec's defaults."""
    kind = OPS[step.head]
    defaults = spec.defaults.get(step.head)
    given = () if kind.merges else read_given(step, kind.principal) or ()
    entries = (*defaults.entries, *given) if defaults else given
    return {name: value for name, _, value in entries}
