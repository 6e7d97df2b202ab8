"""Which steps other places of a spec take the results of, by name or by position."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.lint.layout import refuse
from cnnspec.spec.keys import MERGES, REFERRING
from cnnspec.spec.model import Argument, ListArgument, Literal, MapArgument, ModelSpec, Step


def require_free(
    spec: ModelSpec, step: Step, *, keeps_name: bool = False, keeps_source: bool = False
) -> None:
    """Refuse an edit that would give another meaning to what is taken from somewhere.

    A step that goes, or moves, must not be taken by its name, nor take a value itself; one that
    stays where it is `keeps_name`, and `keeps_source` if it goes on taking what it took.
    """
    if step.source is not None and not keeps_source:
        refuse("it takes another value than the one above")
    taken = set(_list_taken(spec))
    if any(part.isdigit() for name in taken if name for part in name.split(".")):
        refuse("steps are taken by their positions")
    if keeps_name:
        return
    parts = {part for name in taken if name for part in name.split(".")}
    for inner in _walk((step,)):
        if inner.name is None or not taken:
            continue
        name = inner.name.value if isinstance(inner.name, Literal) else None
        if name is None or name in parts or None in taken:
            refuse("its name is taken elsewhere")


def list_steps(spec: ModelSpec) -> Iterator[Step]:
    """Every step as it is written; an op's own may have lost its name, or what it takes."""
    for block in spec.blocks.values():
        yield from _walk(block.steps)
    yield from _walk(spec.steps)


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
