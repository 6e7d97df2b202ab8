"""Calls a ``nn.Sequential`` piece by piece, where values inside of it are used outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.columns import bodies
from cnnspec.backends.pycode import Call, Code, Expr, Star
from cnnspec.backends.rows import Row
from cnnspec.backends.taken import name_step
from cnnspec.backends.torch.statements import Assign
from cnnspec.graph.ir import CallItem, GroupItem, Item, LoopItem, Region, SkipItem

if TYPE_CHECKING:
    from cnnspec.backends.torch.forward import ForwardWriter


def call_pieces(
    writer: ForwardWriter, base: str, rows: Sequence[Row], regions: Sequence[Region], value: Expr
) -> Expr:
    """The value after a chain that code calls `base`; those that leave it are kept."""
    taken = writer.sequence.finder.taken
    leaving = [set(taken.list_leaving(region)) for region in regions]
    columns = list_places(rows, regions)
    start = 0
    for place, column in enumerate(columns):
        entries = [body for row in column for body in _list_bodies(row.item)]
        opened = any(not taken.is_plain(body) for body in entries)
        outputs = [row.item.output for row in column]
        is_kept = [output in found for output, found in zip(outputs, leaving, strict=True)]
        if opened:
            if place > start:
                value = Call(_cut(base, start, place), (value,))
            value = _call_inside(writer, f"{base}[{place}]", column, value)
            start = place + 1
        if any(is_kept):
            if place >= start:
                value = Call(_cut(base, start, place + 1), (value,))
                start = place + 1
            value = writer.keep(outputs, value, name_step(column[0].item.path))
    return Call(_cut(base, start, None), (value,)) if start < len(columns) else value


def list_places(rows: Sequence[Row], regions: Sequence[Region]) -> list[list[Row]]:
    """The steps at each position of a chain, side by side."""
    lists = [
        [row.follow(item) for item in _flatten(region.items)]
        for row, region in zip(rows, regions, strict=True)
    ]
    if len({len(column) for column in lists}) != 1:
        raise UnshareableError("values are taken out of chains of different lengths")
    return [list(column) for column in zip(*lists, strict=True)]


def _flatten(items: Sequence[Item]) -> Iterator[Item]:
    for item in items:
        match item:
            case SkipItem():
                continue
            case LoopItem():
                yield from _flatten([turn for _, turn in item.turns])
            case GroupItem(named=False):
                yield from _flatten(item.body.items)
            case _:
                yield item


def _list_bodies(item: Item) -> list[Region]:
    return [item.body] if isinstance(item, GroupItem | CallItem) else []


def _call_inside(writer: ForwardWriter, base: str, rows: Sequence[Row], value: Expr) -> Expr:
    """The value after a part of a chain that gives values of its own."""
    regions = bodies(rows)
    if regions[0].positional and isinstance(rows[0].item, GroupItem):
        # What stands in a sequence is any module, of which there are no pieces.
        inner = writer.pick_name("inner")
        parts = Star(Code(f"{base}.children()"))
        writer.body.append(Assign(inner, Call("nn.Sequential", (parts,))))
        return call_pieces(writer, inner, rows, regions, value)
    return writer.take_results(rows, Call(base, (value,)))


def _cut(base: str, start: int, end: int | None) -> str:
    if end is not None and end - start == 1:
        return f"{base}[{start}]"
    return f"{base}[{start or ''}:{'' if end is None else end}]"
