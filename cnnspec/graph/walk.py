"""Walks over the tree of what the author wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnnspec.graph.ir import (
    BranchItem,
    CallItem,
    GroupItem,
    Item,
    LoopItem,
    Node,
    OpItem,
    Region,
)
from cnnspec.spec.model import ModelSpec, Step


def walk_items(region: Region) -> Iterator[Item]:
    """Every step in a region as it was carried out, each before the steps that it holds."""
    return _walk(region.items)


def _walk(items: Iterable[Item]) -> Iterator[Item]:
    waiting = [*items][::-1]
    while waiting:
        item = waiting.pop()
        yield item
        match item:
            case CallItem() | GroupItem():
                waiting += item.body.items[::-1]
            case BranchItem():
                for _, branch in item.branches[::-1]:
                    waiting += branch.items[::-1]
            case LoopItem():
                waiting += [turn for _, turn in item.turns[::-1]]


def list_inner(item: Item) -> list[Item]:
    """A step and all that it holds."""
    return [*_walk((item,))]


def list_nodes(item: Item) -> list[Node]:
    """The ops of a step, those of the steps that it holds too."""
    found = []
    for inner in _walk((item,)):
        if isinstance(inner, OpItem):
            found.append(inner.node)
        elif isinstance(inner, BranchItem) and inner.merge is not None:
            found.append(inner.merge)
    return found


def list_steps(spec: ModelSpec) -> list[Step]:
    """Every step that the user wrote, blocks included, in order."""
    found: list[Step] = []
    waiting = [*(step for block in spec.blocks.values() for step in block.steps), *spec.steps]
    waiting.reverse()
    while waiting:
        step = waiting.pop()
        found.append(step)
        waiting += [inner for branch in reversed(step.branches) for inner in reversed(branch.steps)]
    return found


def has_gaps(region: Region) -> bool:
    """Whether a step could not be carried out at all, whatever reported it."""
    return any(type(item) is Item for item in walk_items(region))
