"""The values that steps take by name: names that expressions made are known from what was built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from os.path import commonprefix

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.rows import Row
from cnnspec.backends.units import Unit
from cnnspec.graph.arguments import read_given
from cnnspec.graph.ir import BranchItem, GroupItem, Item, LoopItem, OpItem, Region
from cnnspec.spec.keys import MERGES, REFERRING
from cnnspec.spec.model import Argument, ListArgument, Literal, Step


def find_references(steps: Sequence[Step], regions: Sequence[Region]) -> list[str]:
    """The names of values that steps take, in order of first mention, those made at last."""
    names: list[str] = []
    for step in _walk_steps(steps):
        names += [*_list_source(step), *_list_merged(step)]
    for item in _walk_items(regions):
        names += [*_list_source(item.step), *_list_taken(item)]
    return [name for name in dict.fromkeys(names) if name != "_"]


def find_outside(steps: Sequence[Step], regions: Sequence[Region]) -> tuple[str, ...]:
    """The names of values that steps take and that no step among them gives."""
    given = {str(s.name.value) for s in _walk_steps(steps) if isinstance(s.name, Literal)}
    given |= {item.name for item in _walk_items(regions)}
    return tuple(name for name in find_references(steps, regions) if name not in given)


def read_source(unit: Unit, rows: Sequence[Row]) -> str:
    """The name that a column of steps takes its value by."""
    return _agree([_rename(unit, row, _list_source(row.item.step)) for row in rows])[0]


def read_merged(unit: Unit, rows: Sequence[Row]) -> list[str]:
    """The names of the values that an op of a column takes, beside the one above it."""
    return _agree([_rename(unit, row, _list_taken(row.item)) for row in rows])


def name_captured(outside: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """What one class calls the values from outside of several uses: what their names share."""
    found: list[str] = []
    for names in zip(*outside, strict=True):
        word = names[0] if len(set(names)) == 1 else find_word(names) or "skip"
        count = sum(name.rstrip("0123456789") == word for name in found)
        found.append(f"{word}{count + 1}" if count else word)
    return tuple(found)


def find_word(names: Sequence[str]) -> str:
    """What names begin with alike."""
    return commonprefix(names).rstrip("_")  # noqa: RUF071 - names are no paths


def _rename(unit: Unit, row: Row, names: list[str]) -> list[str]:
    """The names as the unit's code has them."""
    known = unit.renamed[row.use] if unit.renamed else {}
    return [known.get(name, name) for name in names]


def _agree(names: Sequence[list[str]]) -> list[str]:
    if any(found != names[0] for found in names):
        raise UnshareableError("uses take values of different names")
    return names[0]


def _list_source(step: Step) -> list[str]:
    return [str(step.source.value)] if isinstance(step.source, Literal) else []


def _list_taken(item: Item) -> list[str]:
    if isinstance(item, OpItem) and item.node.op.refers:
        return [str(getattr(item.node.op, "like"))]  # noqa: B009
    return _list_merged(item.step)


def _list_merged(step: Step) -> list[str]:
    """The names that a step's op takes values by, as far as they are plain."""
    found: Iterable[Argument] = ()
    if step.head in MERGES and isinstance(step.argument, ListArgument):
        found = step.argument.items
    elif step.head in REFERRING:
        found = [value for name, _, value in read_given(step, "like") or () if name == "like"]
    return [str(argument.value) for argument in found if isinstance(argument, Literal)]


def _walk_steps(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        for branch in step.branches:
            yield from _walk_steps(branch.steps)


def _walk_items(regions: Iterable[Region]) -> Iterator[Item]:
    """The steps of lists as carried out, without those of the blocks that they call."""
    for region in regions:
        for item in region.items:
            yield from _walk_item(item)


def _walk_item(item: Item) -> Iterator[Item]:
    yield item
    match item:
        case GroupItem():
            yield from _walk_items([item.body])
        case BranchItem():
            yield from _walk_items(branch for _, branch in item.branches)
        case LoopItem():
            for _, turn in item.turns:
                yield from _walk_item(turn)
