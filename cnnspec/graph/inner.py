"""Values inside of named parts, taken by the paths of their steps: ``backbone.layer3``."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.graph.ir import BranchItem, CallItem, GroupItem, Item, LoopItem, Region, Value

# So many names in a part are worth a list.
_MAX_LISTED = 16


def holds_values(item: Item) -> bool:
    """Whether a step is a part of the network whose inner values can be taken."""
    if isinstance(item, CallItem):
        return item.block.home is not None and item.step.shared is None
    return isinstance(item, GroupItem) and item.named


def index_inner(holder: Item) -> dict[str, Value]:
    """The values of the steps inside of a part, by their paths; the first of each path."""
    found: dict[str, Value] = {}
    for item in _walk(holder):
        found.setdefault(_find_path(item), item.output)
    return found


def list_inner(holder: Item) -> list[str]:
    """What the steps inside of a part are called, as far as they are worth a list."""
    skipped = len(holder.path) + 1
    paths = filter(None, map(_find_path, _walk(holder)))
    names = dict.fromkeys(path[skipped:].partition(".")[0] for path in paths)
    return list(names)[:_MAX_LISTED]


def explain_inner(name: str, holder: Item | None) -> str:
    """Why a dotted name stands for no value, given what its first part stands for."""
    first, _, rest = name.partition(".")
    if holder is None:
        return f"no part is named '{first[:80]}' here"
    if holds_values(holder):
        return f"no step of '{first}' is called '{rest[:80]}'"
    kind = (
        "a block, and what is inside of it" if isinstance(holder, CallItem) else "one step, which"
    )
    return f"'{first}' is {kind} gives no values of its own"


def _find_path(item: Item) -> str:
    """The path of a step's value: that of its weights says nothing of the use, if uses share it."""
    if item.step.shared is None or not item.name:
        return item.path
    part = item.path.rpartition(".")[0]
    return f"{part}.{item.name}" if part else item.name


def _walk(holder: Item) -> Iterator[Item]:
    """The steps inside of a part; those inside of blocks are their own matter."""
    if isinstance(holder, GroupItem | CallItem) and holds_values(holder):
        yield from _walk_region(holder.body)


def _walk_region(region: Region) -> Iterator[Item]:
    waiting = list(reversed(region.items))
    while waiting:
        item = waiting.pop()
        yield item
        match item:
            case LoopItem():
                waiting += [turn for _, turn in reversed(item.turns)]
            case BranchItem():
                waiting += [i for _, body in reversed(item.branches) for i in reversed(body.items)]
            case GroupItem():
                waiting += reversed(item.body.items)
            case CallItem() if item.block.home is not None:
                waiting += reversed(item.body.items)
