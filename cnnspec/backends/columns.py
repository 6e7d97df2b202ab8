"""Columns: one step of a unit as it was carried out in every use, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.backends.base import Fact, UnshareableError
from cnnspec.backends.guesses import guess_argument
from cnnspec.backends.pycode import Call, Expr, literal
from cnnspec.backends.rows import Row
from cnnspec.backends.units import Unit, normalize
from cnnspec.expressions import Value
from cnnspec.graph.evaluate import needs
from cnnspec.graph.ir import (
    BranchItem,
    CallItem,
    GroupItem,
    Item,
    LoopItem,
    OpItem,
    Region,
    SkipItem,
)
from cnnspec.spec.model import Argument, Column

# What generated code calls the condition of a shortcut.
USE_SHORTCUT = "use_shortcut"


def one_kind(rows: Sequence[Row]) -> Item:
    """The first row's item, when all rows' are of its kind."""
    if len({type(row.item) for row in rows}) != 1:
        raise UnshareableError("uses differ in structure")
    return rows[0].item


def bodies(rows: Sequence[Row]) -> list[Region]:
    """The bodies of a column of groups or calls."""
    return [row.item.body for row in rows if isinstance(row.item, GroupItem | CallItem)]


def turns(row: Row) -> tuple[tuple[dict[str, Value], Item], ...]:
    """The turns of a row's loop."""
    assert isinstance(row.item, LoopItem)
    return row.item.turns


def is_loop(rows: Sequence[Row]) -> bool:
    """Whether a loop is worth writing: it has several turns, or as many as its code's names say."""
    count = max(len(turns(row)) for row in rows)
    step = rows[0].item.step
    bounds = [argument for _, argument in step.loop] if step.loop else [step.repeat]
    names = {name for bound in bounds if bound is not None for name in needs(bound)}
    return count > 1 or (count == 1 and bool(names) and names <= rows[0].variables.keys())


def last_name(rows: Sequence[Row]) -> str:
    """The last part of the paths, where it is the same in every use; else empty."""
    names = {row.item.path.rpartition(".")[2] for row in rows}
    return names.pop() if len(names) == 1 else ""


def say_condition(unit: Unit, rows: Sequence[Row]) -> Expr:
    """The author's condition, or an argument that says it."""
    step = next(row.item.step for row in rows if isinstance(row.item, SkipItem))
    taken = [not isinstance(row.item, SkipItem) for row in rows]
    named = next((last_name([r]) for r, t in zip(rows, taken, strict=True) if t), "")
    label = named if named and not named.isdecimal() else step.head
    return unit.choose(rows, taken, guess_argument(step.when), f"with_{label}")


def say_shortcut_condition(unit: Unit, rows: Sequence[Row]) -> Expr:
    """The author's `shortcut_when`, or an argument that says it."""
    taken = [bool(find_merged([row])) for row in rows]
    return unit.choose(rows, taken, guess_argument(rows[0].item.step.shortcut_when), USE_SHORTCUT)


def find_merged(rows: Sequence[Row]) -> list[Row]:
    """Of a column of branches those that are merged, each at its merge."""
    merged = []
    for row in rows:
        match row.item:
            case BranchItem(step, start, output, path, merge=node) if node is not None:
                merged.append(row.follow(OpItem(step, start, output, path, node=node)))
    return merged


def list_branches(rows: Sequence[Row], index: int) -> tuple[list[Row], list[Region]]:
    """The rows that carry a branch out, with the branch: a shortcut may be left out."""
    taken = [
        (row, row.item.branches[index][1])
        for row in rows
        if isinstance(row.item, BranchItem) and (index == 0 or row.item.merge is not None)
    ]
    return [row for row, _ in taken], [region for _, region in taken]


def choose_constant(
    unit: Unit, rows: Sequence[Row], values: Sequence[object], argument: Argument | None
) -> Expr:
    """A loop's bounds as the author wrote them, or as a literal; never a new argument."""
    extras = len(unit.extras)
    wanted = list(map(normalize, values))
    expr = unit.choose(rows, wanted, guess_argument(argument), "count", iterated=True)
    if len(unit.extras) != extras:
        raise UnshareableError("a loop's bounds cannot be said")
    return expr


def say_rows(unit: Unit, rows: Sequence[Row], names: Sequence[str]) -> Expr | None:
    """The rows of a loop's table, with the entries that its body uses; None for other loops."""
    loop = dict(rows[0].item.step.loop)
    if len(names) < 2 or not all(isinstance(loop[name], Column) for name in names):
        return None
    tables = {
        tuple(tuple(unit.translate(name, v[name]) for name in names) for v, _ in turns(row))
        for row in rows
    }
    return literal(tables.pop()) if len(tables) == 1 else None


def say_values(values: Sequence[Fact]) -> Expr:
    """A list for a loop: numbers that count up are a range."""
    numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    if len(numbers) == len(values) > 2:
        start = numbers[0]
        if numbers == list(range(start, start + len(numbers))):
            return say_range(start, literal(start + len(numbers)))
    return literal(tuple(values))


def say_range(start: int, end: Expr) -> Expr:
    """A range that begins with 0 or another number."""
    return Call("range", (literal(start), end) if start else (end,))
