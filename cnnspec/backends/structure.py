"""Finds the units of a network: which blocks it calls, with which uses, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.rows import Use
from cnnspec.backends.units import IN_CHANNELS, normalize
from cnnspec.expressions import Value
from cnnspec.graph.ir import (
    BranchItem,
    CallItem,
    Graph,
    GroupItem,
    Item,
    LoopItem,
    OpItem,
    Region,
)
from cnnspec.ops.initializers import list_words
from cnnspec.spec.model import Block, Step

Calls = tuple[CallItem, ...]


def list_calls(graph: Graph) -> dict[Block, list[tuple[CallItem, Calls]]]:
    """The calls of every block with the calls around them; called blocks before their callers."""
    found: dict[Block, list[tuple[CallItem, Calls]]] = {}

    def visit(region: Region, around: Calls) -> None:
        for item in region.items:
            visit_item(item, around)

    def visit_item(item: Item, around: Calls) -> None:
        match item:
            case CallItem():
                visit(item.body, (*around, item))
                found.setdefault(item.block, []).append((item, around))
            case GroupItem():
                visit(item.body, around)
            case LoopItem():
                for _, turn in item.turns:
                    visit_item(turn, around)
            case BranchItem():
                for _, body in item.branches:
                    visit(body, around)

    visit(graph.body, ())
    return order_blocks(found)


def order_blocks(
    found: dict[Block, list[tuple[CallItem, Calls]]],
) -> dict[Block, list[tuple[CallItem, Calls]]]:
    """The blocks so that each comes after those that it calls."""
    inner: dict[Block, set[Block]] = {block: set() for block in found}
    for block, calls in found.items():
        for _, around in calls:
            if around:
                inner[around[-1].block].add(block)
    ordered: dict[Block, None] = {}

    def visit(block: Block) -> None:
        if block not in ordered:
            for called in found:
                if called in inner[block]:
                    visit(called)
            ordered[block] = None

    for block in found:
        visit(block)
    return {block: found[block] for block in ordered}


def list_variables(graph: Graph, exposed: Iterable[str]) -> set[str]:
    """The names of blocks' parameters, loop variables and arguments of the model.

    No class or function can have one: the code may have it as a variable.
    """
    found = set(exposed)
    for block in (*graph.spec.blocks.values(), *list_calls(graph)):
        found |= {*block.parameters, *list_loop_variables(block.steps)}
    return found | list_loop_variables(graph.spec.steps)


def list_loop_variables(steps: Iterable[Step]) -> set[str]:
    """The variables of all loops in some steps."""
    found: set[str] = set()
    waiting = list(steps)
    while waiting:
        step = waiting.pop()
        found.update(name for name, _ in step.loop)
        for branch in step.branches:
            waiting += branch.steps
    return found


def make_uses(calls: Iterable[tuple[CallItem, Calls]]) -> tuple[Use, ...]:
    """The uses of a block: its arguments, and what it receives."""
    uses = []
    for item, around in calls:
        variables: dict[str, Value] = dict(item.arguments)
        if item.block.home is None:
            variables[IN_CHANNELS] = item.in_channels
        else:
            # A spec that is a part says how many channels it takes, and has its tables in its
            # code, as the network itself does.
            variables = {n: v for n, v in variables.items() if not isinstance(v, list | tuple)}
        uses.append(Use(item, item.body, variables, (*around, item)))
    return tuple(uses)


def signature(region: Region, chosen: bool = True) -> tuple[object, ...]:
    """The structure of a list of steps as carried out: what is there, without its numbers.

    With `chosen` it tells apart which ops without weights were given as words.
    """
    return tuple(_signature(item, chosen) for item in region.items)


def _signature(item: Item, chosen: bool) -> object:
    match item:
        case OpItem() if item.step.choice and not chosen and not item.node.weights:
            return "choice"
        case OpItem():
            return type(item.node.op).__name__, len(item.node.weights), list_words(item.node.op)
        case CallItem():
            return item.block.name, signature(item.body, chosen)
        case GroupItem():
            return "group", signature(item.body, chosen)
        case LoopItem():
            return "loop", tuple(_signature(turn, chosen) for _, turn in item.turns)
        case BranchItem():
            merges = item.merge is not None
            branches = tuple(signature(body, chosen) for _, body in item.branches)
            return "branches", merges, branches
    return "skip"


def _home(use: Use) -> object:
    """What a spec's own blocks see of it, which is not among their variables."""
    home = next((call for call in reversed(use.calls) if call.block.home is not None), None)
    if home is None:
        return None
    values = tuple((name, normalize(value)) for name, value in sorted(home.arguments.items()))
    return id(home.block.home), values


def _exact(use: Use) -> object:
    """Everything about a use: those that agree in it can share code for certain."""
    values = tuple((name, normalize(value)) for name, value in sorted(use.variables.items()))
    return signature(use.region), values, use.region.input.known


def write_shared(uses: tuple[Use, ...], write: Callable[[tuple[Use, ...]], None]) -> None:
    """Write one piece of code for all uses; where that cannot be, one for each group of equals.

    `write` raises UnshareableError, having kept nothing, when uses cannot share.
    """
    keys: tuple[Callable[[Use], object], ...] = (
        lambda use: signature(use.region, chosen=False),
        lambda use: signature(use.region),
        _home,
        _exact,
    )

    def attempt(group: tuple[Use, ...], level: int) -> None:
        try:
            write(group)
            return
        except UnshareableError:
            if level >= len(keys):
                raise
        parts: dict[object, list[Use]] = {}
        for use in group:
            parts.setdefault(keys[level](use), []).append(use)
        for part in parts.values():
            attempt(tuple(part), level + 1)

    attempt(uses, 0)
