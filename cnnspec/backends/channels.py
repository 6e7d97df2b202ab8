"""Where a value's channels come from, so that code can say them: ``4 * channels``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod

from cnnspec.backends.pycode import Binary, Code, Expr, literal
from cnnspec.backends.units import (
    AFTER_LOOP,
    CARRIED,
    IN_CHANNELS,
    Guess,
    Row,
    Unit,
    guess_expression,
)
from cnnspec.diagnostics import Span
from cnnspec.expressions import bind_names
from cnnspec.graph.arguments import list_fields, read_given
from cnnspec.graph.ir import (
    BranchItem,
    CallItem,
    Graph,
    GroupItem,
    Item,
    LoopItem,
    Node,
    OpItem,
    Region,
    Value,
)
from cnnspec.graph.walk import walk_items
from cnnspec.ops.base import Op
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.linear import Linear
from cnnspec.ops.merge import Concat
from cnnspec.ops.reshape import Flatten
from cnnspec.spec.model import Argument, Formula

# The field that says how many channels an op gives.
_SETTERS: dict[type[Op], str] = {
    Conv: "out_channels",
    ConvTranspose: "out_channels",
    Linear: "out_features",
}


def index_owners(graph: Graph) -> dict[Node, tuple[CallItem, ...]]:
    """The block calls that each node stands in, outermost first."""
    owners: dict[Node, tuple[CallItem, ...]] = {}

    def visit(region: Region, calls: tuple[CallItem, ...]) -> None:
        for item in region.items:
            visit_item(item, calls)

    def visit_item(item: Item, calls: tuple[CallItem, ...]) -> None:
        match item:
            case OpItem():
                owners[item.node] = calls
            case CallItem():
                visit(item.body, (*calls, item))
            case GroupItem():
                visit(item.body, calls)
            case LoopItem():
                for _, turn in item.turns:
                    visit_item(turn, calls)
            case BranchItem():
                for _, body in item.branches:
                    visit(body, calls)
                if item.merge is not None:
                    owners[item.merge] = calls

    visit(graph.body, ())
    return owners


def list_nodes(region: Region) -> Iterator[Node]:
    """All ops of a list of steps, those in blocks and groups inside it too."""
    for item in walk_items(region):
        if isinstance(item, OpItem):
            yield item.node
        elif isinstance(item, BranchItem) and item.merge is not None:
            yield item.merge


def find_setter(value: Value) -> Node | None:
    """The op that decided a value's channels; None for an input of the network."""
    node = value.producer
    while node is not None:
        changes = isinstance(node.op, Concat | Flatten) or type(node.op) in _SETTERS
        if changes or (isinstance(node.op, DepthwiseConv) and node.op.multiplier > 1):
            return node
        node = max(node.inputs, key=lambda v: v.known.rank).producer
    return None


@dataclass(frozen=True, slots=True)
class ChannelFinder:
    """Says how many channels a value has, in the terms of the code around it."""

    graph: Graph
    owners: dict[Node, tuple[CallItem, ...]]
    members: dict[str, frozenset[Node]] = field(default_factory=dict)

    def say(self, unit: Unit, rows: Sequence[Row], values: Sequence[Value], depth: int = 0) -> Expr:
        """The code for the channels of a value, one for each row."""
        name = "in_features" if values[0].known.rank == 0 else IN_CHANNELS
        targets = [value.known.channels for value in values]
        setters = [find_setter(value) for value in values]
        flat = self.say_flat(unit, rows, setters) if depth == 0 else None
        if flat is not None:
            return flat
        flats = [setter is not None and isinstance(setter.op, Flatten) for setter in setters]
        if name == "in_features" and all(flats):
            return unit.choose(rows, targets, (), name)
        return unit.choose(rows, targets, self.guess(unit, rows, setters), name)

    def guess(self, unit: Unit, rows: Sequence[Row], setters: Sequence[Node | None]) -> list[Guess]:
        """What the channels may be called: the producer's words, or what the unit received."""
        received = Guess(IN_CHANNELS, frozenset({IN_CHANNELS}), lambda names: names[IN_CHANNELS])
        # Where a step is left out in some uses, the channels are another step's there.
        places: dict[Span | None, list[Guess]] = {}
        for row, setter in zip(rows, setters, strict=True):
            inside = setter is not None and self.is_inside(unit, row, setter)
            place = setter.origin.step.span if setter is not None and inside else None
            if place not in places:
                places[place] = (
                    [received]
                    if setter is None or not inside
                    else (self.guess_setter(unit, row, setter))
                )
        carried = Guess(unit.carried_name, frozenset({CARRIED}), lambda v: v[CARRIED])
        literal_works = len({setter and setter.shape.channels for setter in setters}) == 1
        after = AFTER_LOOP in rows[0].variables
        first, *others = places.values()
        # Channels that were set inside only happen to be as many as came in.
        loop = [] if literal_works and not after else [carried]
        return [*first, *loop, *(guess for guesses in others for guess in guesses)]

    def is_inside(self, unit: Unit, row: Row, node: Node) -> bool:
        """Whether a node belongs to the same use of the unit as the row."""
        region = unit.uses[row.use].region
        if region.scope not in self.members:
            self.members[region.scope] = frozenset(list_nodes(region))
        return node in self.members[region.scope]

    def guess_setter(self, unit: Unit, row: Row, setter: Node) -> list[Guess]:
        """The producer's own expression for its channels, in the names of this unit."""
        field = _SETTERS.get(type(setter.op))
        if field is None:
            return []
        argument = list_fields(self.graph.spec, setter.origin.step)[0].get(field)
        if not isinstance(argument, Formula):
            return []
        expression = argument.expression
        # What a called block says of its own parameters, in the words of the calls.
        for call in reversed(self.owners[setter][len(unit.uses[row.use].calls) :]):
            entries = {n: a for n, _, a in _arguments(call)}
            given = {name: entries.get(name) for name in expression.names}
            words = {n: a.expression for n, a in given.items() if isinstance(a, Formula)}
            if len(words) < len(given):
                return []
            expression = bind_names(expression, words)
        return [guess_expression(expression)]

    def say_flat(
        self, unit: Unit, rows: Sequence[Row], setters: Sequence[Node | None]
    ) -> Expr | None:
        """The features after a flatten, as channels times sizes, where that can be said."""
        flattens = [s for s in setters if s is not None and isinstance(s.op, Flatten)]
        if len(flattens) != len(setters):
            return None
        shapes = [node.shapes[0] for node in flattens]
        sizes = {shape.sizes for shape in shapes}
        if len(sizes) != 1 or prod(shapes[0].sizes) == 1:
            return None
        before = unit.extras.copy()
        channels = self.say(unit, rows, [node.inputs[0] for node in flattens], depth=1)
        if unit.extras.keys() != before.keys():
            unit.extras.clear()
            unit.extras.update(before)
            return None
        if channels == Code("1"):
            return None
        for size in shapes[0].sizes:
            channels = Binary(channels, "*", literal(size))
        return channels


def _arguments(call: CallItem) -> tuple[tuple[str, Span, Argument], ...]:
    return read_given(call.step, next(iter(call.block.parameters), None)) or ()
