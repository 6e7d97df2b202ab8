"""What edits of steps are in the text of a spec.

Comments, layout, quotes and line ends stay as they are. An edit that cannot be made without harm
is refused: in a text under an anchor, of a step that is written in another file, of a name that
is taken elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.diagnostics import TextEdit
from cnnspec.lint.edits import (
    DropField,
    DropText,
    Edit,
    InsertAfter,
    InsertBefore,
    RemoveStep,
    ReplaceStep,
    ReplaceText,
    SetField,
    SwapSteps,
)
from cnnspec.lint.text.fields import edit_fields
from cnnspec.lint.text.layout import Layout, refuse
from cnnspec.lint.text.lines import order_edits, overlap
from cnnspec.lint.text.names import WrittenSteps
from cnnspec.lint.text.steps import insert_step, remove_step, replace_step, swap_steps
from cnnspec.spec.model import Step


def find_text_edits(
    layout: Layout, written: WrittenSteps, edits: Sequence[Edit]
) -> tuple[TextEdit, ...]:
    """What edits of steps are in the text that the steps were read from, in the order of the text.

    Raises:
        UneditableError: one of them cannot be made, or two of them get in each other's way.
    """
    found: list[TextEdit] = []
    fields: dict[Step, dict[str, str | None]] = {}
    for edit in edits:
        if isinstance(edit, DropText | ReplaceText):
            found.append(_edit_text(layout, edit))
            continue
        step = written.find(edit.step)
        match edit:
            case SetField(name=name, text=text):
                fields.setdefault(step, {})[name] = text
            case DropField(name=name):
                fields.setdefault(step, {})[name] = None
            case RemoveStep():
                found += remove_step(layout, written, step)
            case InsertBefore(text=text):
                found += insert_step(layout, written, step, text, before=True)
            case InsertAfter(text=text):
                found += insert_step(layout, written, step, text, before=False)
            case ReplaceStep(text=text):
                found += replace_step(layout, step, text)
            case SwapSteps(other=other):
                found += swap_steps(layout, written, step, written.find(other))
    for step, changes in fields.items():
        found += edit_fields(layout, written.spec, step, changes)
    if overlap(found):
        refuse("the edits get in each other's way")
    return tuple(order_edits(found))


def _edit_text(layout: Layout, edit: DropText | ReplaceText) -> TextEdit:
    span = edit.span
    if span.file != layout.file:
        refuse("it is written in another file")
    if isinstance(edit, ReplaceText):
        return TextEdit(span, edit.text)
    start = layout.find_offset(span.line, span.column)
    end = layout.find_offset(span.end_line, span.end_column)
    if layout.text[end : layout.end_line(end)].strip():
        return layout.replace(start, end, "")
    if layout.begins_line(start):
        return layout.replace(layout.start_line(start), layout.next_line(end), "")
    before = layout.text[layout.start_line(start) : start]
    return layout.replace(start - len(before) + len(before.rstrip()), layout.end_line(end), "")
