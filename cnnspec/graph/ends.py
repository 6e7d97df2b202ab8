"""What a step can say of a spec that it takes: its variant, and the step after which it ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cnnspec.expressions import Value as Scalar
from cnnspec.graph.words import suggest
from cnnspec.naming import is_name, list_some, nearest
from cnnspec.spec.model import Literal, ModelSpec, Pattern, Step
from cnnspec.spec.spelling import spell_argument


def cut_steps(steps: tuple[Step, ...], until: str) -> tuple[Step, ...]:
    """The steps up to the last that may be the one of a name."""
    if not until:
        return steps
    last = max(
        (place for place, step in enumerate(steps) if any(_may_be(s, until) for s in _chain(step))),
        default=len(steps) - 1,
    )
    return steps[: last + 1]


def is_end(until: Scalar, spec: ModelSpec) -> bool:
    """Whether a step of a spec's own list may have a name."""
    chain = (inner for step in spec.steps for inner in _chain(step))
    return isinstance(until, str) and any(_may_be(step, until) for step in chain)


def explain_end(until: Scalar, spec: ModelSpec) -> tuple[str, str, str]:
    """What is wrong where a part shall end after a step that it has not."""
    names = [
        spell_argument(inner.name)
        for step in spec.steps
        for inner in _chain(step)
        if inner.name is not None
    ]
    message = f"no step of {spec.name} is called '{str(until)[:80]}'"
    listed = f"its named steps are: {list_some(names) or 'none'}"
    return "unknown-value", message, suggest(str(until), names, listed)


def explain_variant(spec: ModelSpec, variant: str) -> tuple[str, str, str]:
    """What is wrong with a variant that a spec has not."""
    hint = nearest(variant, spec.variants)
    known = list_some(spec.variants) or "none"
    help = f"did you mean '{hint}'?" if hint else f"its variants are: {known}"
    return "unknown-variant", f"{spec.name} has no variant '{variant[:80]}'", help


def _chain(step: Step) -> Iterator[Step]:
    """A step, and those that belong to the same list because its own have no name."""
    yield step
    if step.head == "layers" and step.name is None and not step.is_part:
        for inner in step.branches[0].steps:
            yield from _chain(inner)


def _may_be(step: Step, name: str) -> bool:
    """Whether a step's name, once its expressions are known, may be this one."""
    if isinstance(step.name, Literal):
        return step.name.value == name
    if isinstance(step.name, Pattern):
        return re.fullmatch(_as_regex(step.name.template.parts), name) is not None
    return step.name is not None and is_name(name)


def _as_regex(parts: Iterable[object]) -> str:
    return "".join(re.escape(part) if isinstance(part, str) else r"\w*" for part in parts)
