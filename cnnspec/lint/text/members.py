"""Takes members out of lists and mappings in a text, and puts new ones in."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import TextEdit
from cnnspec.lint.text.layout import MAPPING, Layout, Piece, refuse


def count_members(holder: Piece) -> int:
    """How many entries a mapping has, or items a list."""
    return len(holder.children) // (2 if holder.kind == MAPPING else 1)


def find_bounds(layout: Layout, holder: Piece, index: int) -> tuple[int, int]:
    """Where a member begins, with its dash or its key, and where it ends."""
    if holder.kind == MAPPING:
        key, value = holder.children[2 * index : 2 * index + 2]
        return key.start, max(key.end, value.end)
    item = holder.children[index]
    return item.start if holder.is_flow else _find_dash(layout, item), item.end


def _find_dash(layout: Layout, item: Piece) -> int:
    if item.is_empty:
        return item.start - 1
    dash = layout.text.rfind("-", layout.start_line(item.start), item.start)
    return dash if dash >= 0 else refuse("its dash is on another line")


def drop_members(layout: Layout, holder: Piece, dropped: set[int]) -> Iterator[TextEdit]:
    """The edits that take some members, but not all, out of a list or a mapping."""
    for first, last in _find_runs(dropped):
        start, end = find_bounds(layout, holder, first)[0], find_bounds(layout, holder, last)[1]
        before = find_bounds(layout, holder, first - 1)[1] if first else None
        is_last = last + 1 == count_members(holder)
        after = None if is_last else find_bounds(layout, holder, last + 1)[0]
        if layout.has_braces(holder):
            comma = layout.find_comma(end)
            yield from _drop_flow(layout, start, end, before, after, comma)
        else:
            yield _drop_block(layout, start, end, after)


def _find_runs(places: set[int]) -> Iterator[tuple[int, int]]:
    """The first and the last of numbers that follow each other."""
    for first in sorted(place for place in places if place - 1 not in places):
        last = first
        while last + 1 in places:
            last += 1
        yield first, last


def _drop_block(layout: Layout, start: int, end: int, after: int | None) -> TextEdit:
    if not layout.ends_line(end):
        refuse("something else is on its line")
    if layout.begins_line(start):
        return layout.replace(layout.start_line(start), layout.next_line(end), "")
    if after is None:
        refuse("something else is on its line")
    if layout.has_comment(layout.next_line(end), after):
        refuse("there is a comment behind it")
    return layout.replace(start, after, "")


def _drop_flow(
    layout: Layout, start: int, end: int, before: int | None, after: int | None, comma: int | None
) -> Iterator[TextEdit]:
    stop = end if comma is None else comma + 1
    if layout.has_comment(start, end) or layout.has_comment(end, stop):
        refuse("there is a comment in it")
    if layout.begins_line(start) and layout.ends_line(stop):
        yield layout.replace(layout.start_line(start), layout.next_line(stop), "")
        if comma is None and before is not None:
            comma = layout.text.index(",", before)
            yield layout.replace(comma, comma + 1, "")
    elif after is not None:
        same_line = layout.find_place(stop)[0] == layout.find_place(after)[0]
        yield layout.replace(start, after if same_line else stop, "")
    elif before is not None and not layout.has_comment(before, start):
        yield layout.replace(before, end, "")
    else:
        refuse("there is a comment before it")


def insert_member(
    layout: Layout, holder: Piece, index: int, text: str, before: bool
) -> Iterator[TextEdit]:
    """The edits that put a member beside another one of a list or a mapping."""
    start, end = find_bounds(layout, holder, index)
    if not layout.has_braces(holder):
        if before:
            yield layout.replace(start, start, f"{text}{layout.indent(start)}")
        elif layout.ends_line(end):
            place = layout.end_line(end)
            yield layout.replace(place, place, f"{layout.indent(start)}{text}")
        else:
            refuse("something else is on its line")
    elif before:
        gap = layout.indent(start) if layout.begins_line(start) else " "
        yield layout.replace(start, start, f"{text},{gap}")
    else:
        yield from _append_flow(layout, start, end, text)


def _append_flow(layout: Layout, start: int, end: int, text: str) -> Iterator[TextEdit]:
    comma = layout.find_comma(end)
    stop = end if comma is None else comma + 1
    if not (layout.begins_line(start) and layout.ends_line(stop)):
        yield layout.replace(end, end, f", {text}")
        return
    if comma is None:
        yield layout.replace(end, end, ",")
    place = layout.end_line(stop)
    closing = "" if comma is None else ","
    yield layout.replace(place, place, f"{layout.indent(start)}{text}{closing}")
