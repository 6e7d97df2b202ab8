"""The variable of a generated loop that carries the channels from one turn to the next."""

from __future__ import annotations

from dataclasses import replace

from cnnspec.backends.guesses import CARRIED
from cnnspec.backends.rows import Row, Turn
from cnnspec.backends.units import AFTER_LOOP, CARRIED_NAME
from cnnspec.expressions import Value
from cnnspec.graph.ir import GroupItem, Item, LoopItem


def last_loop(item: Item) -> LoopItem | None:
    """The last loop at the end of a group's steps."""
    if isinstance(item, GroupItem) and (not item.named or item.step.is_part):
        loops = [loop for inner in item.body.items if (loop := last_loop(inner)) is not None]
        return loops[-1] if loops else None
    return item if isinstance(item, LoopItem) else None


def drop_carried(row: Row) -> Row:
    """The row without the carried variable."""
    variables = {k: v for k, v in row.variables.items() if not k.startswith("*")}
    return replace(row, variables=variables, anchor=None)


def drop_after(row: Row) -> Row:
    """The row without what a loop before it left, unless it stands in that loop still."""
    return drop_carried(row) if AFTER_LOOP in row.variables else row


def mark_after(row: Row, name: str) -> Row:
    """The row after a loop, whose variable still holds the channels of the loop's end."""
    known: dict[str, Value] = {
        CARRIED: row.item.output.known.channels,
        CARRIED_NAME: name,
        AFTER_LOOP: True,
    }
    loop = last_loop(row.item)
    turns = row.turns
    if loop is not None and loop.turns:
        variables, turn = loop.turns[-1]
        turns = (*turns, Turn(frozenset(variables), turn, len(loop.turns) - 1))
    return replace(row.follow(row.item, known), turns=turns, anchor=row.item.output)
