"""Tries ways out of a fault: a spec is built again with something changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from types import MappingProxyType

from cnnspec.diagnostics import Span
from cnnspec.graph.builder import Builder
from cnnspec.graph.frame import is_library
from cnnspec.graph.record import Fault, Key
from cnnspec.graph.walk import list_steps
from cnnspec.ops.catalog import OPS
from cnnspec.records import dataclass
from cnnspec.spec.model import (
    Argument,
    Branch,
    ListArgument,
    Literal,
    MapArgument,
    ModelSpec,
    Step,
)

Plain = int | str | bool | tuple[int, ...]

# More advice than this is not read, and each piece costs some builds.
MAX_FAULTS = 10
# Enough to bisect every size up to the largest image, and to try a handful of changes.
MAX_TRIALS = 40
# Larger networks take too long to build again and again.
MAX_TRIED_NODES = 5_000
# Steps carried out in all trials together: about a second.
MAX_BUILT_STEPS = 20_000


@dataclass(slots=True)
class Budget:
    """How much was tried for all the faults of a spec."""

    faults: int = 0
    built: int = 0


@dataclass(slots=True)
class Trials:
    """The builds that are tried for the faults of one build.

    `uneven` says whether branches did not meet in one of them.
    """

    base: Builder
    budget: Budget = field(default_factory=Budget)
    left: int = 0
    uneven: bool = False
    tolerated: frozenset[Key] = field(init=False)

    def __post_init__(self) -> None:
        faults = {fault.key for fault in self.base.faults}
        self.tolerated = frozenset(self.base.seen | faults)

    def start(self) -> bool:
        """Whether ways out of one more fault can be looked for."""
        self.budget.faults += 1
        self.left = MAX_TRIALS
        self.uneven = False
        return self.budget.faults <= MAX_FAULTS and len(self.base.nodes) <= MAX_TRIED_NODES

    def solves(
        self,
        fault: Fault,
        patches: Mapping[Key, Step] = MappingProxyType({}),
        sizes: tuple[int, ...] | None = None,
    ) -> bool:
        """Whether a change makes a fault go away without any new one."""
        if self.left <= 0 or self.budget.built > MAX_BUILT_STEPS:
            return False
        self.left -= 1
        if any(span is None or is_library(span) for _, span in patches):
            return False
        trial = Builder(
            self.base.spec, self.base.variant, self.base.overrides,
            patches=patches, sizes=self.resize(sizes), words=False,
            tolerated=self.tolerated - {fault.key}, known=self.base.known.without_instances(),
        )  # fmt: skip
        trial.build()
        self.budget.built += trial.steps + 1
        before = {other.key for other in self.base.faults} - {fault.key}
        self.uneven = self.uneven or any(f.cause.rule == "shape-mismatch" for f in trial.faults)
        return (
            {other.key for other in trial.faults} <= before
            and trial.seen <= self.base.seen
            and len(trial.diagnostics) == len(trial.seen)
        )

    def resize(self, sizes: tuple[int, ...] | None) -> dict[str, tuple[int, ...]]:
        """The sizes of the one input by its name."""
        return {} if sizes is None else {value.name: sizes for value in self.base.inputs}


def is_own(step: Step) -> bool:
    """Whether a step is the user's own, which can be changed."""
    return not is_library(step.span)


def set_fields(step: Step, **values: Plain | Argument) -> Step:
    """The step with other fields."""
    entries: tuple[tuple[str, Span, Argument], ...] = ()
    if isinstance(step.argument, MapArgument):
        entries = step.argument.entries
    elif step.argument is not None and (principal := OPS[step.head].principal):
        entries = ((principal, step.span, step.argument),)
    kept = tuple(entry for entry in entries if entry[0] not in values)
    added = tuple(
        (name, step.span, as_argument(value, step.span)) for name, value in values.items()
    )
    return replace(step, argument=MapArgument((*kept, *added), step.span))


def as_argument(value: Plain | Argument, span: Span) -> Argument:
    """A plain value as a spec would hold it."""
    if isinstance(value, tuple):
        return ListArgument(tuple(Literal(item, span) for item in value), span)
    return Literal(value, span) if isinstance(value, int | str | bool) else value


def write_call(head: str, span: Span, **fields: Plain | Argument) -> Step:
    """A new step."""
    entries = tuple((name, span, as_argument(value, span)) for name, value in fields.items())
    return Step(head, span, MapArgument(entries, span) if entries else None)


def swap(*steps: Step) -> dict[Key, Step]:
    """The patch that puts steps in the place of those with the same word and line."""
    return {(step.head, step.span): step for step in steps}


def put_instead(step: Step, *steps: Step) -> dict[Key, Step]:
    """The patch that puts some steps, or none, in the place of one."""
    inner = tuple(s.strip(name=None) if s is step else s for s in steps)
    branch = Branch("layers", inner, step.span)
    group = Step("layers", step.span, branches=(branch,), name=step.name)
    return {(step.head, step.span): group}


def find_list(spec: ModelSpec, step: Step) -> tuple[Step, ...]:
    """The list that a step is written in; empty where it is none of the user's."""
    lists = [spec.steps, *(block.steps for block in spec.blocks.values())]
    lists += [branch.steps for holder in list_steps(spec) for branch in holder.branches]
    for steps in lists:
        if any((other.label, other.span) == (step.label, step.span) for other in steps):
            return steps
    return ()
