"""Takes steps out of a spec's text, puts steps in, and lets steps change places."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cnnspec.diagnostics import TextEdit
from cnnspec.lint.text.layout import MAPPING, SCALAR, SEQUENCE, Layout, Piece, refuse
from cnnspec.lint.text.members import count_members, drop_members, find_bounds, insert_member
from cnnspec.lint.text.names import WrittenSteps
from cnnspec.lint.text.places import Place, find_place
from cnnspec.spec.keys import MAPPING_FIELDS
from cnnspec.spec.model import Step

_WORD = re.compile(r"\w+")
# Before the comma of a mapping in braces a space may stand in the place of a value.
COLON = re.compile(r"[ \t]*:(?:[ \t]+(?=[,}]))?")


def remove_step(layout: Layout, written: WrittenSteps, step: Step) -> Iterator[TextEdit]:
    """Take a step out; a list or a branch that has nothing else becomes ``[]``."""
    place = find_place(layout, step)
    written.require_free(step)
    if place.is_branch:
        yield _empty(layout, place.item)
    elif count_members(place.holder) == 1:
        yield _empty(layout, place.holder)
    else:
        if place.is_stage:
            _require_stages(place)
        yield from drop_members(layout, place.holder, {place.index})


def _require_stages(place: Place) -> None:
    """Refuse to leave a stage alone where the two would be read as one step."""
    others = [value for at, (_, value) in enumerate(place.holder.entries) if at != place.index]
    around = place.holder.parent
    if len(others) > 1 or around is None or around.kind != MAPPING:
        return
    key = around.children[around.children.index(place.holder) - 1]
    nested = others[0].kind == SEQUENCE or any(
        value.kind == MAPPING and key.word not in MAPPING_FIELDS for key, value in others[0].entries
    )
    if key.word != "layers" and not nested:
        refuse("what is left would be read as one step")


def _empty(layout: Layout, piece: Piece) -> TextEdit:
    """Write an empty list in the place of all that a list or a branch holds."""
    if layout.has_comment(piece.start, piece.end):
        refuse("there is a comment in it")
    if piece.is_flow or piece.kind == SCALAR or piece.parent is None:
        return layout.replace(piece.start, piece.end, "[]")
    if piece.parent.kind == SEQUENCE:
        return layout.replace(piece.start, piece.end, "[]")
    key = piece.parent.children[piece.parent.children.index(piece) - 1]
    colon = layout.text.index(":", key.end) + 1
    if layout.has_comment(colon, piece.start):
        refuse("there is a comment above it")
    return layout.replace(colon, piece.end, " []")


def insert_step(
    layout: Layout, written: WrittenSteps, step: Step, text: str, *, before: bool
) -> Iterator[TextEdit]:
    """Put a step beside another; in a mapping of stages it gets a name."""
    place = find_place(layout, step)
    written.require_free(step, keeps_name=True, keeps_source=not before)
    flow = as_value(text)
    if place.is_branch:
        yield _join(layout, place.item, flow, before)
    elif place.is_stage:
        name = _choose_name(place.holder, text)
        yield from insert_member(layout, place.holder, place.index, f"{name}: {flow}", before)
    else:
        member = flow if place.holder.is_flow else f"- {text}"
        yield from insert_member(layout, place.holder, place.index, member, before)


def as_value(text: str) -> str:
    """A step as it stands in a list in flow style, or behind the name of a stage."""
    return text if _WORD.fullmatch(text) or text.startswith("{") else f"{{{text}}}"


def _choose_name(holder: Piece, text: str) -> str:
    found = _WORD.search(text)
    head = found[0] if found else refuse("it has no head")
    taken = {key.word for key, _ in holder.entries}
    names = (head, *(f"{head}{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _join(layout: Layout, item: Piece, text: str, before: bool) -> TextEdit:
    """Make a list of a branch that is one step."""
    own = layout.text[item.start : item.end]
    if "\n" in own or not (item.is_flow or item.kind == SCALAR):
        refuse("the branch takes several lines")
    if not layout.has_braces(item) and item.kind == MAPPING:
        own = f"{{{own}}}"
    first, second = (text, own) if before else (own, text)
    return layout.replace(item.start, item.end, f"[{first}, {second}]")


def replace_step(layout: Layout, step: Step, text: str) -> Iterator[TextEdit]:
    """Put another op in the place of a step's, with its arguments."""
    place = find_place(layout, step)
    if step.is_structure or step.part is not None:
        refuse("it holds other steps")
    head, argument = place.head, place.argument
    is_bare = argument is None or argument.is_empty
    end = head.end if argument is None or argument.is_empty else argument.end
    if layout.has_comment(head.start, end):
        refuse("there is a comment in it")
    if place.stands_alone:
        in_block = place.holder.kind == SEQUENCE and not place.holder.is_flow
        shown = text if in_block and not place.is_branch else as_value(text)
        yield layout.replace(place.item.start, place.item.end, shown)
    elif _WORD.fullmatch(text):
        yield layout.replace(head.start, end, text if is_bare else f"{text}: ")
    else:
        colon = COLON.match(layout.text, end) if is_bare else None
        yield layout.replace(head.start, colon.end() if colon else end, text)


def swap_steps(
    layout: Layout, written: WrittenSteps, step: Step, other: Step
) -> Iterator[TextEdit]:
    """Let two steps of one list change places, with the comments on their lines."""
    first, second = find_place(layout, step), find_place(layout, other)
    if first.holder is not second.holder or first.is_branch or first.index == second.index:
        refuse("they are not in one list")
    for moved in (step, other):
        written.require_free(moved)
    holder = first.holder
    on_lines = layout.find_place(holder.start)[0] < layout.find_place(holder.end)[0]
    ranges = []
    for place in (first, second):
        start, end = find_bounds(layout, holder, place.index)
        if not layout.has_braces(holder):
            if not layout.ends_line(end):
                refuse("something else is on its line")
            end = layout.end_line(end)
        elif on_lines and layout.has_comment(end, layout.end_line(end)):
            refuse("there is a comment behind it")
        ranges.append((start, end))
    texts = [layout.text[start:end].rstrip() for start, end in ranges]
    for (start, end), text in zip(ranges, reversed(texts), strict=True):
        yield layout.replace(start, end, text)
