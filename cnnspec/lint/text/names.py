"""Which steps other places of a spec take the results of, by name or by position."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Span
from cnnspec.graph.walk import list_steps
from cnnspec.lint.text.layout import refuse
from cnnspec.spec.keys import MERGES, REFERRING
from cnnspec.spec.model import Argument, ListArgument, Literal, MapArgument, ModelSpec, Step


class WrittenSteps:
    """The steps of a spec as they are written, and which of them other places take."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self._steps: dict[Span, Step] = {}
        for step in list_steps(spec):
            self._steps.setdefault(step.span, step)
        taken = set(_list_taken(spec))
        self._is_taken = bool(taken)
        # A name that an expression makes could be any.
        self._any_name = None in taken
        self._parts = {part for name in taken if name for part in name.split(".")}
        self._by_position = any(part.isdigit() for part in self._parts)

    def find(self, step: Step) -> Step:
        """The step as it is written; an op's own may have lost its name, or what it takes."""
        return self._steps.get(step.span) or refuse("it is not written in this file")

    def require_free(
        self, step: Step, *, keeps_name: bool = False, keeps_source: bool = False
    ) -> None:
        """Refuse an edit that would give another meaning to what is taken from somewhere.

        A step that goes, or moves, must not be taken by its name, nor take a value itself; one
        that stays where it is `keeps_name`, and `keeps_source` if it goes on taking what it took.
        """
        if step.source is not None and not keeps_source:
            refuse("it takes another value than the one above")
        if self._by_position:
            refuse("steps are taken by their positions")
        if keeps_name or not self._is_taken:
            return
        for inner in _walk((step,)):
            if inner.name is None:
                continue
            name = inner.name.value if isinstance(inner.name, Literal) else None
            if name is None or name in self._parts or self._any_name:
                refuse("its name is taken elsewhere")


def _list_taken(spec: ModelSpec) -> Iterator[str | None]:
    """Every name that a value is taken by; None for one that an expression makes."""
    for step in list_steps(spec):
        if step.source is not None:
            yield _read(step.source)
        if step.head in MERGES and isinstance(step.argument, ListArgument):
            yield from map(_read, step.argument.items)
        elif step.head in REFERRING and step.argument is not None:
            given = step.argument
            like = given.get("like") if isinstance(given, MapArgument) else given
            yield _read(like) if like is not None else None
        elif step.choice is not None and step.argument is not None:
            yield None
    for output in spec.outputs:
        yield _read(output.value)


def _read(argument: Argument) -> str | None:
    return str(argument.value) if isinstance(argument, Literal) else None


def _walk(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        yield step
        for branch in step.branches:
            yield from _walk(branch.steps)
