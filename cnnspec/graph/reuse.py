"""Uses of a block once more: what a block was found to be is copied to other paths.

A block comes out the same wherever it gets the same arguments and a value of the same shape; only
the paths and the chain of calls differ. So it is carried out once, and copied for each other use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from cnnspec.expressions import Value as Scalar
from cnnspec.graph import limits
from cnnspec.graph.frame import Calls, Frame
from cnnspec.graph.ir import (
    BranchItem,
    CallItem,
    GroupItem,
    Item,
    LoopItem,
    Node,
    OpItem,
    Origin,
    Region,
    Value,
)
from cnnspec.ops.base import Op, Weight
from cnnspec.ops.shapes import Shape
from cnnspec.records import dataclass
from cnnspec.spec.model import (
    Argument,
    Block,
    Column,
    Formula,
    ListArgument,
    MapArgument,
    Pattern,
    Step,
)

# Longer lists are not compared: that could take longer than to carry the block out.
_MAX_ITEMS = 64

InstanceKey = tuple[object, ...]
# The shape of an op's output, its weights, how many numbers these hold, and what is wrong where a
# value of it holds too many.
Inferred = tuple[Shape, tuple[Weight, ...], int, str]


@dataclass(frozen=True, slots=True)
class Instance:
    """A block as it was carried out without findings: its steps, its ops, and what they cost."""

    body: Region
    nodes: tuple[Node, ...]
    path: str
    calls: Calls
    steps: int
    parameters: int


@dataclass(frozen=True, slots=True)
class Known:
    """What builds of one spec have worked out, for each other to use.

    `instances` are blocks by all that they depend on, `inferred` what ops make of shapes; `ops`
    and `fixed` are what OpFactory keeps; `weights` are steps as `weigh` counts them; `chosen` are
    those whose head is the value of an expression, by that value; `parts`
    are specs that steps take, as blocks.
    """

    instances: dict[InstanceKey, Instance] = field(default_factory=dict)
    inferred: dict[tuple[Op, tuple[Shape, ...]], Inferred] = field(default_factory=dict)
    ops: dict[object, Op] = field(default_factory=dict)
    fixed: dict[Step, Op] = field(default_factory=dict)
    weights: dict[Step, int] = field(default_factory=dict)
    chosen: dict[tuple[Step, str], Step] = field(default_factory=dict)
    parts: dict[tuple[object, ...], Block] = field(default_factory=dict)

    def weigh(self, step: Step) -> int:
        """How many steps a step counts for: one with long expressions takes as long as several."""
        weight = self.weights.get(step)
        if weight is None:
            arguments = [*step.modifiers, *(values for _, values in step.loop)]
            if step.argument is not None:
                arguments.append(step.argument)
            length = sum(map(measure, arguments))
            weight = self.weights[step] = 1 + length // limits.STEP_LENGTH
        return weight

    def without_instances(self) -> Known:
        """The same for a build in which steps are replaced, so that blocks come out otherwise."""
        return replace(self, instances={})


class Copier:
    """Copies an instance to another path, chain of calls and input."""

    def __init__(self, instance: Instance, path: str, calls: Calls, flow: Value) -> None:
        self.instance = instance
        self.path = path
        self.calls = calls
        self.values = {instance.body.input: flow}
        self.nodes: dict[Node, Node] = {}
        # The copy that has the weights, for each op that has or had them.
        self.homes: dict[Node, Node] = {}
        self.origins: dict[int, Origin] = {}

    def copy(self) -> Region:
        """The block's steps in their new place; `nodes` then holds the new ops in order."""
        for node in self.instance.nodes:
            self.nodes[node] = self.copy_node(node)
        return self.copy_region(self.instance.body)

    def copy_node(self, node: Node) -> Node:
        """An op on the copies of its inputs."""
        inputs = tuple([self.values[value] for value in node.inputs])
        output = Value(node.output.shape)
        copied = Node(
            self.move(node.path), node.op, inputs, output, node.weights, self.move_origin(node)
        )
        home = self.homes.setdefault(node.home, copied)
        copied.shares = None if home is copied else home
        output.producer = copied
        self.values[node.output] = output
        for value in inputs:
            value.readers.append(copied)
        return copied

    def copy_region(self, region: Region) -> Region:
        """A list of steps on the copies of its values."""
        return Region(
            tuple([self.copy_item(item) for item in region.items]),
            self.values[region.input],
            self.values[region.output],
            region.positional,
            self.move(region.scope),
        )

    def copy_item(self, item: Item) -> Item:
        """A step, with what it holds."""
        values = self.values[item.input], self.values[item.output]
        place = (item.step, *values, self.move(item.path), item.alias)
        match item:
            case OpItem():
                return OpItem(*place, node=self.nodes[item.node])
            case CallItem():
                return CallItem(
                    *place, block=item.block, arguments=item.arguments,
                    in_channels=item.in_channels, body=self.copy_region(item.body),
                )  # fmt: skip
            case GroupItem():
                return GroupItem(*place, body=self.copy_region(item.body), named=item.named)
            case BranchItem():
                branches = [(label, self.copy_region(body)) for label, body in item.branches]
                merge = None if item.merge is None else self.nodes[item.merge]
                return BranchItem(*place, branches=tuple(branches), merge=merge)
            case LoopItem():
                turns = [(row, self.copy_item(turn)) for row, turn in item.turns]
                return LoopItem(*place, turns=tuple(turns))
        return type(item)(*place)

    def move(self, path: str) -> str:
        """A path in the block as its new use has it; what has no path of its own keeps none."""
        return self.path + path[len(self.instance.path) :] if path else path

    def move_origin(self, node: Node) -> Origin:
        """Where an op was written, under the new chain of calls."""
        origin = node.origin
        if self.calls == self.instance.calls:
            return origin
        calls = (*self.calls, *origin.calls[len(self.instance.calls) :])
        return Origin(origin.step, origin.spec, calls)


def make_key(block: Block, arguments: dict[str, Scalar], inner: Frame) -> InstanceKey | None:
    """All that a block depends on in its own frame; None where that is too much to compare."""
    values = freeze(arguments)
    if values is None or inner.flow is None or inner.flow.shape is None:
        return None
    names = tuple(name for name, _ in inner.calls)
    # Blocks of the library see nothing of the spec around them but its defaults.
    apart = block.library and not inner.home.spec.defaults
    shown = () if apart else inner.home.shown
    return (block, values, inner.flow.shape, shown, names, inner.depth, inner.patched)


def freeze(values: Mapping[str, Scalar]) -> tuple[object, ...] | None:
    """Arguments as a key, in which 1, 1.0 and true differ; None where they hold too much."""
    found: list[object] = []
    waiting: list[object] = list(values.items())
    while waiting:
        value = waiting.pop()
        if isinstance(value, list | tuple):
            waiting += value
            found.append((type(value), len(value)))
        elif isinstance(value, dict):
            return None
        else:
            # As a float minus zero equals zero, and is written otherwise.
            found.append((type(value), repr(value) if isinstance(value, float) else value))
        if len(found) + len(waiting) > _MAX_ITEMS * (len(values) + 1):
            return None
    return tuple(found)


def measure(argument: Argument) -> int:
    """How long an argument's expressions and lists are."""
    match argument:
        case Formula():
            return len(argument.expression.text)
        case Pattern():
            parts = argument.template.parts
            return sum(len(part if isinstance(part, str) else part.text) for part in parts)
        case ListArgument():
            return len(argument.items) + sum(map(measure, argument.items))
        case MapArgument():
            return sum(measure(value) for _, _, value in argument.entries)
        case Column():
            return measure(argument.rows)
    return 0
