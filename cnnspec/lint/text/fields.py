"""Gives fields of steps other values in a spec's text, and takes fields away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cnnspec.diagnostics import TextEdit
from cnnspec.graph.library import find_block
from cnnspec.lint.text.layout import MAPPING, SEQUENCE, Layout, Piece, refuse
from cnnspec.lint.text.members import drop_members, insert_member
from cnnspec.lint.text.places import Place, find_place
from cnnspec.lint.text.steps import COLON, as_value
from cnnspec.ops.catalog import OPS
from cnnspec.spec.model import ModelSpec, Step

Changes = Mapping[str, str | None]


def edit_fields(
    layout: Layout, spec: ModelSpec, step: Step, changes: Changes
) -> Iterator[TextEdit]:
    """Set the fields that have a text, and drop those that have none."""
    if step.is_structure or step.part is not None:
        refuse("it has no fields")
    place = find_place(layout, step)
    argument = place.argument
    if argument is None or argument.is_empty:
        if None in changes.values():
            refuse("the step does not have that field")
        yield _write_fields(layout, place, _show(changes))
    elif argument.kind == MAPPING:
        yield from _change_mapping(layout, place, argument, changes)
    else:
        yield _change_bare(layout, place, argument, find_principal(spec, step), changes)


def find_principal(spec: ModelSpec, step: Step) -> str:
    """The field that a bare argument fills."""
    if step.choice is None and step.head in OPS:
        op = OPS[step.head]
        return op.principal if op.principal and not op.merges else refuse("it takes no fields")
    block = find_block(spec, step.head) if step.choice is None else None
    if block is None or not block.parameters:
        refuse("it is not known what its argument is")
    return next(iter(block.parameters))


def _show(changes: Changes) -> str:
    return ", ".join(f"{name}: {text}" for name, text in changes.items())


def _write_fields(layout: Layout, place: Place, fields: str) -> TextEdit:
    """Give a step that is a word its fields."""
    head = place.head
    if place.item is head:
        text = f"{layout.text[head.start : head.end]}: {{{fields}}}"
        in_block = place.holder.kind == SEQUENCE and not place.holder.is_flow
        text = text if in_block and not place.is_branch else as_value(text)
        return layout.replace(head.start, head.end, text)
    colon = COLON.match(layout.text, head.end)
    return layout.replace(head.end, colon.end() if colon else head.end, f": {{{fields}}}")


def _change_bare(
    layout: Layout, place: Place, argument: Piece, principal: str, changes: Changes
) -> TextEdit:
    """Change a bare argument, which becomes a mapping where there are more fields."""
    if argument.kind == SEQUENCE and not argument.is_flow:
        refuse("its argument takes several lines")
    own = layout.text[argument.start : argument.end]
    fields = {principal: changes.get(principal, own)}
    fields |= {name: text for name, text in changes.items() if name != principal}
    if None in [text for name, text in fields.items() if name != principal]:
        refuse("the step does not have that field")
    kept = {name: text for name, text in fields.items() if text is not None}
    if not kept:
        return _drop_argument(layout, place)
    is_bare = list(kept) == [principal]
    text = kept[principal] if is_bare else f"{{{_show(kept)}}}"
    return layout.replace(argument.start, argument.end, text)


def _drop_argument(layout: Layout, place: Place) -> TextEdit:
    """Leave of a step its word, or its key where something stands beside it."""
    argument, item = place.argument, place.item
    assert argument is not None
    if layout.has_comment(argument.start, argument.end):
        refuse("there is a comment in its argument")
    if not place.stands_alone:
        colon = layout.text.index(":", place.head.end) + 1
        if layout.has_comment(colon, argument.start):
            refuse("there is a comment above its argument")
        gap = " " if item.is_flow else ""
        return layout.replace(colon, argument.end, gap)
    if place.holder.kind == MAPPING and len(place.holder.entries) == 1:
        # A single stage that is a word would be read as a step with a bare argument.
        return layout.replace(argument.start, argument.end, "{}")
    if layout.has_comment(place.head.end, argument.start):
        refuse("there is a comment above its argument")
    return layout.replace(item.start, item.end, layout.text[place.head.start : place.head.end])


def _change_mapping(
    layout: Layout, place: Place, argument: Piece, changes: Changes
) -> Iterator[TextEdit]:
    places = {key.word: at for at, (key, _) in enumerate(argument.entries)}
    dropped = {name for name, text in changes.items() if text is None}
    if dropped - places.keys():
        refuse("the step does not have that field")
    added = {name: text for name, text in changes.items() if text and name not in places}
    if len(dropped) == len(places):
        if len(dropped) == len(changes) and places:
            yield _drop_argument(layout, place)
            return
        if layout.has_comment(argument.start, argument.end) or not argument.is_flow:
            refuse("all of its fields change")
        yield layout.replace(argument.start, argument.end, f"{{{_show(added)}}}")
        return
    for name, text in changes.items():
        if text is not None and name in places:
            yield _replace_value(layout, argument.entries[places[name]], text)
    yield from drop_members(layout, argument, {places[name] for name in dropped})
    last = max(at for name, at in places.items() if name not in dropped)
    for name, text in added.items():
        yield from insert_member(layout, argument, last, f"{name}: {text}", before=False)


def _replace_value(layout: Layout, entry: tuple[Piece, Piece], text: str) -> TextEdit:
    key, value = entry
    if value.is_marked or not (value.is_flow or value.kind == "scalar"):
        refuse("its value takes several lines")
    if layout.has_comment(value.start, value.end):
        refuse("there is a comment in its value")
    if value.is_empty:
        refuse(f"{key.word} has no value")
    return layout.replace(value.start, value.end, text)
