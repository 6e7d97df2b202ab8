"""What the turns of a loop are called, and what the loop runs over."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from dataclasses import field

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.columns import choose_constant, say_range, say_rows, say_values, turns
from cnnspec.backends.exposed import walk
from cnnspec.backends.pycode import Binary, Call, Code, Expr, format_inline, literal
from cnnspec.backends.rows import Row
from cnnspec.backends.structure import list_loop_variables
from cnnspec.backends.tables import LoopTable
from cnnspec.backends.taken import Taken
from cnnspec.backends.units import Unit, normalize, same
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
from cnnspec.graph.walk import walk_items
from cnnspec.naming import variable_name
from cnnspec.records import dataclass
from cnnspec.spec.model import Literal, Step


@dataclass(slots=True)
class Numbering:
    """The variable by which one loop's steps have different names from turn to turn.

    The steps stand at `depth` in a path, counted from 0; below 0 nothing needs the variable. It is
    the loop's index, or the author's variable, which begins with `start`. The loop is `counted`
    where names have the variable of a counter instead.
    """

    index: str
    depth: int = -1
    start: int = 0
    counted: bool = False


@dataclass(slots=True)
class Turn:
    """The steps of one turn that the author gave no name: their paths, and the words in them.

    The word is what a step is called by before its number: nothing for a position.
    """

    steps: list[tuple[str, str]] = field(default_factory=list)
    has_loops: bool = False


def find_counting(rows: Sequence[Row], start: int) -> str:
    """The author's variable that counts a loop's turns from a number on; empty if none does."""
    for name, _ in rows[0].item.step.loop:
        counted = [tuple(normalize(values[name]) for values, _ in turns(row)) for row in rows]
        if all(same(values, tuple(range(start, start + len(values)))) for values in counted):
            return variable_name(name)
    return ""


def list_unnamed(item: Item) -> Turn:
    """The steps of a turn that are numbered in the list around the loop."""
    turn = Turn()
    _visit(item, turn)
    return turn


def _visit(item: Item, turn: Turn) -> None:
    match item:
        case SkipItem():
            return
        case GroupItem(named=False):
            for inner in item.body.items:
                _visit(inner, turn)
        case LoopItem():
            turn.has_loops = True
            for _, inner in item.turns:
                _visit(inner, turn)
        case BranchItem():
            for label, region in item.branches:
                if region.positional and region.scope != item.path.rpartition(".")[0]:
                    turn.steps.append((region.scope, label))
                    continue
                for inner in region.items:
                    _visit(inner, turn)
            turn.steps.append((item.path, item.step.merge))
        case _ if item.step.name is None:
            position = item.path.rpartition(".")[2].isdecimal()
            turn.steps.append((item.path, "" if position else item.step.head))


def say_number(values: Sequence[str], moments: Sequence[int], step: Step) -> tuple[str, int, int]:
    """Names as a word with a number that grows with a loop's turns: the word, the growth of each
    turn, and the number of the first.
    """
    word = "" if values[0].isdecimal() else step.merge if step.is_structure else step.head
    numbers: dict[int, int] = {}
    for value, moment in zip(values, moments, strict=True):
        rest = value.removeprefix(word)
        if not value.startswith(word) or not rest.isdecimal():
            raise UnshareableError("the turns of a loop have names of their own")
        if numbers.setdefault(moment, int(rest)) != int(rest):
            raise UnshareableError("one turn has several names")
    (early, low), (late, high) = sorted(numbers.items())[:2]
    factor = (high - low) // (late - early)
    first = low - factor * early
    if any(number != first + factor * moment for moment, number in numbers.items()):
        raise UnshareableError("the turns' names do not count up evenly")
    return word, factor, first


def reserve_names(unit: Unit, loop: Step) -> set[str]:
    """The names that the author's own variables have in a unit's code, and inside of a loop."""
    found = {*unit.parameters, *unit.extras, *spell_variables((loop,))}
    for step in walk(unit.steps):
        if isinstance(step.name, Literal):
            found.add(str(step.name.value))
        found |= {branch.label for branch in step.branches}
    return found


def spell_variables(steps: tuple[Step, ...]) -> set[str]:
    """The variables of loops, as code has them."""
    return set(map(variable_name, list_loop_variables(steps)))


def say_iteration(
    unit: Unit, rows: Sequence[Row], names: set[str], loop: Numbering, table: LoopTable
) -> tuple[str, Expr]:
    """The target and the iterable of a ``for``: only what the names of its body need."""
    step = rows[0].item.step
    used = [(name, argument) for name, argument in step.loop if variable_name(name) in names]
    counts = [len(turns(row)) for row in rows]
    own = loop.index in {variable_name(name) for name, _ in step.loop}
    needed = loop.depth >= 0 and loop.index in names
    index = loop.index if needed and not own else ""
    if not used and not table.columns:
        start = loop.start if index else 0
        return index or "_", say_count(unit, rows, counts, start)
    whole = None if table.columns else say_rows(unit, rows, [name for name, _ in used])
    lists: list[Expr] = [] if whole is None else [whole]
    for name, argument in () if lists else used:
        facts = [tuple(unit.translate(name, v[name]) for v, _ in turns(row)) for row in rows]
        expr = choose_constant(unit, rows, facts, argument)
        lists.append(say_values(facts[0]) if expr == literal(facts[0]) else expr)
    lists += [say_values(column) for column in table.columns.values()]
    inner = ", ".join([*(variable_name(name) for name, _ in used), *table.columns])
    many = Call("zip", tuple(lists), (("strict", Code("True")),)) if len(lists) > 1 else lists[0]
    if not index:
        return inner, many
    begin = (("start", literal(loop.start)),) if loop.start else ()
    return f"{index}, {f'({inner})' if ',' in inner else inner}", Call("enumerate", (many,), begin)


def say_count(unit: Unit, rows: Sequence[Row], counts: Sequence[int], start: int) -> Expr:
    """The range of a loop that needs no more than the number of its turns."""
    if len(set(counts)) == 1:
        return say_range(start, literal(start + counts[0]))
    count = choose_constant(unit, rows, counts, rows[0].item.step.repeat)
    text = format_inline(count)
    if not start:
        return say_range(0, count)
    ending = f" - {start}"
    total = text.removesuffix(ending)
    simple = text.endswith(ending) and total.isidentifier()
    return say_range(start, Code(total) if simple else Binary(count, "+", literal(start)))


def read_names(
    lines: Sequence[str], context: type[ast.expr_context] = ast.expr_context
) -> set[str]:
    """The names that statements use, or only those that they set."""
    nodes = ast.walk(ast.parse(textwrap.dedent("\n".join(lines))))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, context)}


def check_loop(rows: Sequence[Row], variables: set[str], taken: Taken) -> None:
    """Raise UnshareableError for a loop whose names would not mean what they should."""
    if variables & {name for name, _ in rows[0].item.step.loop}:
        raise UnshareableError("a loop's variable would hide another")
    items = tuple(row.item for row in rows)
    inside = set(walk_items(Region(items, items[0].input, items[0].output, False, "")))
    if any(taken.is_taken_outside(item, inside) for item in inside):
        raise UnshareableError("a step after the loop takes the value of one turn")


def holds_ops(item: Item) -> bool:
    """Whether a step has layers of its own, beside those of the blocks that it calls."""
    match item:
        case GroupItem():
            return any(map(holds_ops, item.body.items))
        case LoopItem():
            return any(holds_ops(turn) for _, turn in item.turns)
        case CallItem() | SkipItem():
            return False
    return isinstance(item, OpItem | BranchItem)
