"""Where a value's channels come from, so that code can say them: ``4 * channels``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from math import prod

from cnnspec.backends.guesses import CARRIED, Guess, guess_expression
from cnnspec.backends.pycode import Binary, Code, Expr, literal
from cnnspec.backends.room import Room
from cnnspec.backends.rows import Row
from cnnspec.backends.taken import Taken
from cnnspec.backends.units import IN_CHANNELS, IN_FEATURES, Unit
from cnnspec.backends.ways import REARRANGING, SETTERS, Ways
from cnnspec.diagnostics import Span
from cnnspec.expressions import (
    Expression,
    add_expressions,
    bind_shortly,
    multiply_expressions,
    name_value,
    state_number,
)
from cnnspec.expressions import Value as Scalar
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
from cnnspec.graph.sharing import find_uses
from cnnspec.graph.variations import find_variations
from cnnspec.graph.walk import walk_items
from cnnspec.ops.conv import DepthwiseConv
from cnnspec.ops.merge import Concat
from cnnspec.ops.reshape import Flatten
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.ops.stored import Stored
from cnnspec.records import dataclass
from cnnspec.spec.model import Argument, Formula, Literal

# An expression for channels is a number in the model itself if it is longer than this.
_LONG = 24
# Longer sums are no words that a reader knows channels by.
_MOST_ASKED = 200


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


@dataclass(frozen=True, slots=True)
class ChannelFinder:
    """Says how many channels a value has, in the terms of the code around it."""

    graph: Graph
    owners: dict[Node, tuple[CallItem, ...]]
    members: dict[str, frozenset[Node]] = field(default_factory=dict)
    varied: dict[Node, tuple[Node, ...]] = field(default_factory=dict)
    forms: dict[Node, dict[tuple[Shape, ...], Node]] = field(default_factory=dict)
    ways: Ways = field(default_factory=Ways)
    room: Room = field(default_factory=Room)
    uses: dict[Node, tuple[Node, ...]] = field(init=False)
    taken: Taken = field(init=False)

    def __post_init__(self) -> None:
        """Find out which ops have several uses, and which values are taken by name."""
        object.__setattr__(self, "uses", find_uses(self.graph))
        object.__setattr__(self, "taken", Taken(self.graph))

    def list_forms(self, node: Node) -> dict[tuple[Shape, ...], Node]:
        """The shapes that the uses of a node's weights take, each with the first that does."""
        if node.home not in self.forms:
            found: dict[tuple[Shape, ...], Node] = {}
            for use in self.uses.get(node.home, (node,)):
                found.setdefault(use.shapes, use)
            self.forms[node.home] = found
        return self.forms[node.home]

    def vary(self, node: Node) -> tuple[Node, ...]:
        """A node as it is for other sizes: of an open input, and in other uses of its weights."""
        if not self.graph.open_sizes and node.home not in self.uses:
            return ()
        if node not in self.varied:
            forms = self.list_forms(node)
            others = [use for shapes, use in forms.items() if shapes != node.shapes]
            if self.graph.open_sizes:
                variations = find_variations(self.graph)
                others += [other for use in forms.values() for other in variations.vary(use)]
            self.varied[node] = tuple(others)
        return self.varied[node]

    def is_open(self, node: Node) -> bool:
        """Whether a node's input has several sizes: open ones, or those of other uses."""
        forms = self.list_forms(node)
        if len(forms) > 1:
            return True
        variations = find_variations(self.graph) if self.graph.open_sizes else None
        inputs = [value for use in forms.values() for value in use.inputs]
        return variations is not None and any(map(variations.is_open, inputs))

    def say(self, unit: Unit, rows: Sequence[Row], values: Sequence[Value], depth: int = 0) -> Expr:
        """The code for the channels of a value, one for each row."""
        name = IN_FEATURES if values[0].known.rank == 0 else IN_CHANNELS
        targets = [value.known.channels for value in values]
        flat = self.say_flat(unit, rows, values) if depth == 0 else None
        if flat is not None:
            return flat
        return unit.choose(rows, targets, self.guess(unit, rows, values), name)

    def guess(self, unit: Unit, rows: Sequence[Row], values: Sequence[Value]) -> list[Guess]:
        """What the channels may be called.

        What the flow of data gives alike in every row goes first: then what a loop carries. Words
        that are right in one row, and perhaps in the others for the numbers of this network, are
        better than an argument.
        """
        pairs = list(zip(rows, values, strict=True))
        words = [self.find_word(unit, row, value, False) for row, value in pairs]
        if unit.uses[0].item is None:
            words = [shorten(word, value) for word, value in zip(words, values, strict=True)]
        found = {word.text: word for word in words if word is not None}
        if len(found) == 1 and None not in words:
            return [guess_expression(word) for word in found.values()]
        carried = [self.find_word(unit, row, value, True) for row, value in pairs]
        best = carried if len({word and word.text for word in carried}) == 1 else []
        own = dict.fromkeys(word for word in [*best[:1], *found.values()] if word is not None)
        return [guess_expression(word, unit.carried_name) for word in own]

    def is_inside(self, unit: Unit, row: Row, node: Node) -> bool:
        """Whether a node belongs to the same use of the unit as the row."""
        region = unit.uses[row.use].region
        if region.scope not in self.members:
            self.members[region.scope] = frozenset(list_nodes(region))
        return node in self.members[region.scope]

    def find_word(
        self, unit: Unit, row: Row, value: Value, carries: bool, left: list[int] | None = None
    ) -> Expression | None:
        """What the flow of data says about a value's channels, in the names of the unit.

        With `carries` a loop's variable may stand for them. None where nothing in the unit's
        code says it: in a loop, what is not the same in every turn. `left` is how many more values
        may be asked for, which concatenations of concatenations double.
        """
        left = [_MOST_ASKED] if left is None else left
        left[0] -= 1
        self.room.asked -= 1
        if min(left[0], self.room.asked) < 0:
            return state_number(value.known.channels)
        comes_from = self.ways.comes_from
        if carries and CARRIED in row.variables and comes_from(value, row.anchor):
            return name_value(CARRIED)
        for depth, turn in enumerate(row.turns):
            start, end = turn.item.input, turn.item.output
            if not carries and comes_from(value, start) and not comes_from(end, start):
                before = leave_turns(row, depth)
                first = self.find_word(unit, before, value, False, left)
                later = self.find_word(unit, before, end, False, left)
                agree = first is not None and later is not None and first.text == later.text
                return first if agree else None
        if IN_CHANNELS in row.variables and comes_from(value, unit.uses[row.use].region.input):
            return name_value(IN_CHANNELS)
        setter = self.ways.find_setter(value)
        if setter is None or not self.is_inside(unit, row, setter):
            return state_number(value.known.channels)
        if isinstance(setter.op, Concat):
            parts = [self.find_word(unit, row, part, carries, left) for part in setter.inputs]
            known = [part for part in parts if part is not None]
            if len(known) < len(parts):
                return None
            return add_expressions(known) or state_number(value.known.channels)
        if isinstance(setter.op, REARRANGING):
            return state_number(value.known.channels)
        if isinstance(setter.op, Stored):
            field = "features" if setter.shape.kind is Kind.VECTOR else "channels"
            return self.translate(unit, row, value, setter, field, left)
        if not isinstance(setter.op, Flatten | DepthwiseConv):
            return self.translate(unit, row, value, setter, SETTERS[type(setter.op)], left)
        word = self.find_word(unit, row, setter.inputs[0], carries, left)
        factor: Expression | None = state_number(prod(setter.shapes[0].sizes))
        if isinstance(setter.op, DepthwiseConv):
            factor = self.translate(unit, row, value, setter, "multiplier", left)
        return None if word is None or factor is None else multiply_expressions(word, factor)

    def translate(
        self, unit: Unit, row: Row, value: Value, setter: Node, field: str, left: list[int]
    ) -> Expression | None:
        """The author's own expression for the field of the op that sets a value's channels."""
        known = state_number(getattr(setter.op, field))
        argument = list_fields(setter.origin.spec, setter.origin.step).get(field)
        if not isinstance(argument, Formula):
            return known
        expression = argument.expression
        for call in reversed(self.owners[setter][len(unit.uses[row.use].calls) :]):
            outer = self.leave(unit, row, call, expression, left)
            if outer is None:
                return None
            expression = outer
        for turn in row.turns:
            if turn.names & expression.names and self.ways.comes_from(value, turn.item.input):
                return None
        unknown = expression.names - row.variables.keys() - row.constants.keys()
        if not unknown:
            return expression
        # What the network's parameters say is fixed where the code has no name for them.
        return known if unknown <= {*self.graph.params, IN_CHANNELS} else None

    def leave(
        self, unit: Unit, row: Row, call: CallItem, expression: Expression, left: list[int]
    ) -> Expression | None:
        """An expression in the names of a block, in those of the code that calls it."""
        given = {name: argument for name, _, argument in _arguments(call)}
        found: dict[str, Scalar | Expression] = {}
        for name in expression.names:
            if name == IN_CHANNELS:
                received = self.find_word(unit, row, call.body.input, False, left)
                if received is None:
                    return None
                found[name] = received
            elif name in call.block.parameters:
                argument = given.get(name, call.block.parameters[name])
                if isinstance(argument, Literal):
                    found[name] = argument.value
                elif isinstance(argument, Formula) and name in given:
                    found[name] = argument.expression
                else:
                    return None
            elif name not in self.graph.params:
                return None
        return bind_shortly(expression, found)

    def say_flat(self, unit: Unit, rows: Sequence[Row], values: Sequence[Value]) -> Expr | None:
        """The features after a flatten, as channels times sizes, where that can be said."""
        setters = [self.ways.find_setter(value) for value in values]
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


def leave_turns(row: Row, depth: int) -> Row:
    """The row before the loops at a depth, without their variables."""
    names = {name for turn in row.turns[depth:] for name in turn.names}
    variables = {name: value for name, value in row.variables.items() if name not in names}
    return replace(row, variables=variables, turns=row.turns[:depth])


def shorten(word: Expression | None, value: Value) -> Expression | None:
    """In the model itself, which is written for one network, a number instead of a riddle."""
    if word is None or len(word.text) <= _LONG:
        return word
    return state_number(value.known.channels)


def _arguments(call: CallItem) -> tuple[tuple[str, Span, Argument], ...]:
    return read_given(call.step, next(iter(call.block.parameters), None)) or ()
