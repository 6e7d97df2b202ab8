"""Edits of a spec as rules propose them: they name steps, and fields of steps."""

from __future__ import annotations

from cnnspec.diagnostics import Span
from cnnspec.records import dataclass
from cnnspec.spec.model import Step


@dataclass(frozen=True, slots=True)
class SetField:
    """Give a step's field a value, written as in a spec, whether the step has the field or not."""

    step: Step
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class DropField:
    """Take a field from a step that has it in its own text."""

    step: Step
    name: str


@dataclass(frozen=True, slots=True)
class RemoveStep:
    """Take a step out of its list."""

    step: Step


@dataclass(frozen=True, slots=True)
class InsertBefore:
    """Put a step before another: a word, or an op with its argument on one line."""

    step: Step
    text: str


@dataclass(frozen=True, slots=True)
class InsertAfter:
    """Put a step behind another: a word, or an op with its argument on one line."""

    step: Step
    text: str


@dataclass(frozen=True, slots=True)
class ReplaceStep:
    """Put another op or block in the place of a step's; what stands beside it stays."""

    step: Step
    text: str


@dataclass(frozen=True, slots=True)
class SwapSteps:
    """Let two steps of one list change places."""

    step: Step
    other: Step


@dataclass(frozen=True, slots=True)
class DropText:
    """Take out a stretch of text, such as a comment, with its line where nothing else is on it."""

    span: Span


@dataclass(frozen=True, slots=True)
class ReplaceText:
    """Put a text in the place of another."""

    span: Span
    text: str


Edit = (
    SetField | DropField | RemoveStep | InsertBefore | InsertAfter | ReplaceStep | SwapSteps
    | DropText | ReplaceText
)  # fmt: skip
