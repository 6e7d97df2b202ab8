"""Edits of a spec that name steps, and what they come to as edits of its text.

Comments, layout, quotes and line ends stay as they are. An edit that cannot be made without harm
is refused: in a text under an anchor, of a step that is written in another file, of a name that
is taken elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.diagnostics import Span
from cnnspec.lint.layout import Layout, refuse
from cnnspec.lint.lines import TextEdit, order_edits, overlap
from cnnspec.records import dataclass
from cnnspec.spec.model import ModelSpec, Step


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


def find_text_edits(layout: Layout, spec: ModelSpec, edits: Sequence[Edit]) -> tuple[TextEdit, ...]:
    """What edits of steps are in the text that the steps were read from, in the order of the text.

    Raises:
        UneditableError: one of them cannot be made, or two of them get in each other's way.
    """
    from cnnspec.lint.edit_fields import edit_fields
    from cnnspec.lint.edit_steps import insert_step, remove_step, replace_step, swap_steps

    found: list[TextEdit] = []
    fields: dict[Step, dict[str, str | None]] = {}
    for edit in edits:
        match edit:
            case SetField(step=step, name=name, text=text):
                fields.setdefault(step, {})[name] = text
            case DropField(step=step, name=name):
                fields.setdefault(step, {})[name] = None
            case RemoveStep(step=step):
                found += remove_step(layout, spec, step)
            case InsertBefore(step=step, text=text):
                found += insert_step(layout, spec, step, text, before=True)
            case InsertAfter(step=step, text=text):
                found += insert_step(layout, spec, step, text, before=False)
            case ReplaceStep(step=step, text=text):
                found += replace_step(layout, step, text)
            case SwapSteps(step=step, other=other):
                found += swap_steps(layout, spec, step, other)
            case DropText(span=span):
                found.append(_drop_text(layout, span))
            case ReplaceText(span=span, text=text):
                _require_here(layout, span)
                found.append(TextEdit(span, text))
    for step, changes in fields.items():
        found += edit_fields(layout, spec, step, changes)
    if overlap(found):
        refuse("the edits get in each other's way")
    return tuple(order_edits(found))


def _require_here(layout: Layout, span: Span) -> None:
    if span.file != layout.file:
        refuse("it is written in another file")


def _drop_text(layout: Layout, span: Span) -> TextEdit:
    _require_here(layout, span)
    start = layout.find_offset(span.line, span.column)
    end = layout.find_offset(span.end_line, span.end_column)
    if layout.text[end : layout.end_line(end)].strip():
        return layout.replace(start, end, "")
    if layout.begins_line(start):
        return layout.replace(layout.start_line(start), layout.next_line(end), "")
    before = layout.text[layout.start_line(start) : start]
    return layout.replace(start - len(before) + len(before.rstrip()), layout.end_line(end), "")
