"""Steps that share weights: whether they can, and which op has what the others use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cnnspec.expressions.syntax import show
from cnnspec.graph.ir import CallItem, Graph, Item, Node, OpItem
from cnnspec.graph.scope import Home

# The rule broken, a message and what to do.
Clash = tuple[str, str, str]


def find_clash(home: Home, item: Item, nodes: tuple[Node, ...]) -> Clash | None:
    """What keeps a step from having the weights of another."""
    name = item.path.rpartition(".")[2]
    here, there = item.step, home.item.step
    line = f"line {there.span.line}" if there.span != here.span else "an earlier turn"
    if here.head != there.head or type(item) is not type(home.item):
        message = f"'{name}' is the {there.head} of {line}, and the {here.head} here"
        return "shared-mismatch", message, "give one of the two weights of another name"
    rows = zip(_list_fields(home.item), _list_fields(item), strict=True)
    for (field, before), (_, now) in rows:
        if not _is_same(before, now):
            message = f"'{name}' has {field} {_show(before)} at {line}, and {_show(now)} here"
            return "shared-mismatch", message, "write the same arguments, or drop 'shared'"
    for before, now in zip(home.nodes, nodes, strict=False):
        if before.op != now.op or _locate(before, home.item) != _locate(now, item):
            message = f"'{name}' comes to other ops than at {line}: {_tell(before, now, item)}"
            help = "what is there must not depend on the size of what comes in"
            return "shared-mismatch", message, help
        for one, other in zip(before.weights, now.weights, strict=False):
            if one != other:
                path = f"{now.path}.{other.name}"
                message = f"{path} is {_join(one.shape)} at {line}, and {_join(other.shape)} here"
                got = f"{home.item.input.known} there, and {item.input.known} here"
                return "shared-mismatch", message, f"bring both to as many channels: it gets {got}"
    if len(home.nodes) != len(nodes):
        message = f"'{name}' has {len(home.nodes)} ops at {line}, and {len(nodes)} here"
        help = "what is there must not depend on the size of what comes in"
        return "shared-mismatch", message, help
    return None


def link_nodes(home: Home, nodes: Iterable[Node]) -> None:
    """Let ops use the weights of those that came first."""
    for first, node in zip(home.nodes, nodes, strict=True):
        node.shares = first.home


def find_uses(graph: Graph) -> Mapping[Node, tuple[Node, ...]]:
    """All uses of each op's weights, by the op that has them, where there are several."""
    uses: dict[Node, list[Node]] = {}
    for node in graph.nodes:
        if node.shares is not None:
            uses.setdefault(node.shares, [node.shares]).append(node)
    return {home: tuple(nodes) for home, nodes in uses.items()}


def _list_fields(item: Item) -> Iterator[tuple[str, object]]:
    """What a step was given, by name."""
    if isinstance(item, OpItem):
        op = item.node.op
        yield from ((name, getattr(op, name)) for name in type(op).model_fields)
    elif isinstance(item, CallItem):
        yield from item.arguments.items()


def _is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _show(value: object) -> str:
    if isinstance(value, bool | int | float | str | list | None):
        return show(value)
    return str(value)


def _locate(node: Node, item: Item) -> str:
    return node.path[len(item.path) :]


def _join(dims: tuple[int, ...]) -> str:
    return "x".join(map(str, dims))


def _tell(before: Node, now: Node, item: Item) -> str:
    """How two ops differ that stand in one place of a block."""
    if type(before.op) is not type(now.op) or _locate(before, item) != _locate(now, item):
        return f"a {before.op.op} there, and {now.op.op} at {now.path} here"
    fields = ((name, getattr(before.op, name)) for name in type(before.op).model_fields)
    name, value = next((n, v) for n, v in fields if v != getattr(now.op, n))
    return f"{now.path} has {name} {_show(value)} there, and {_show(getattr(now.op, name))} here"
