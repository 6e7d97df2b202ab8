"""The shapes of a network that is built already, for inputs of other sizes.

Building again would do the same, only slower: what does not hang on sizes is kept.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from cnnspec.expressions import Expression
from cnnspec.graph.builder import Builder
from cnnspec.graph.ir import CallItem, Graph, Node, Value
from cnnspec.graph.limits import MAX_ELEMENTS, weigh_start
from cnnspec.graph.record import check_kinds
from cnnspec.graph.walk import walk_items
from cnnspec.ops.base import Op, ShapeFault, Weight
from cnnspec.ops.shapes import AXIS_NAMES, Shape
from cnnspec.records import dataclass
from cnnspec.spec.model import Argument, Formula, MapArgument, Step, list_formulas

# A size is always one of a value (`x.height`); `height` alone is a parameter.
_AXES = {f".{axis}" for axes in AXIS_NAMES.values() for axis in axes} | {".tokens"}
# How many known ops are gone through in the time of a step that is built, and of one new shape.
_REPLAYS_OF_STEP = 30
_REPLAYS_OF_INFERENCE = 50
_CHANNELS = frozenset({".channels", ".features", "in_channels"})


class Replay:
    """Infers the shapes of some nodes again.

    Where a node's weights are known, an input that would need others does not fit. Shapes and
    weights are numbered, and equal ops share what is known of them: deep networks repeat few.
    `replayed` counts the ops that were gone through, and `inferred` what was not known yet.
    """

    def __init__(self, inputs: Sequence[Value], nodes: Iterable[Node], locked: bool = True) -> None:
        self.shapes: list[Shape] = []
        self.inferred = 0
        self.replayed = 0
        self._numbers: dict[Shape, int] = {}
        self._weights: dict[tuple[Weight, ...], int] = {}
        self._steps: list[_ReplayStep] = []
        known: dict[tuple[Op, tuple[bool, ...]], _Known] = {}
        places = {value: place for place, value in enumerate(inputs)}
        for node in nodes:
            known_weights = locked and node.output.shape is not None
            weights = self._number_weights(node.weights) if known_weights else -1
            sources = tuple(places[value] for value in node.inputs)
            stored = tuple(value.is_stored for value in node.inputs)
            facts = known.setdefault((node.op, stored), {})
            self._steps.append((node.op, facts, sources, weights, stored))
            places[node.output] = len(places)

    @property
    def work(self) -> int:
        """What was done so far, in steps of a build."""
        return (self.replayed + _REPLAYS_OF_INFERENCE * self.inferred) // _REPLAYS_OF_STEP

    def number(self, shape: Shape) -> int:
        """The number that stands for a shape."""
        if shape not in self._numbers:
            self._numbers[shape] = len(self.shapes)
            self.shapes.append(shape)
        return self._numbers[shape]

    def infer(self, inputs: tuple[Shape, ...]) -> list[int] | None:
        """The shapes of the inputs and of all nodes' outputs, or None where one does not fit."""
        values = [self.number(shape) for shape in inputs]
        self.replayed += len(self._steps)
        for op, known, sources, weights, stored in self._steps:
            taken = tuple([values[source] for source in sources])
            if taken not in known:
                known[taken] = self._infer(op, taken, stored)
                self.inferred += 1
            found, needed = known[taken]
            if found < 0 or (weights != needed and weights >= 0):
                return None
            values.append(found)
        return values

    def _infer(self, op: Op, taken: tuple[int, ...], stored: tuple[bool, ...]) -> tuple[int, int]:
        inputs = tuple(self.shapes[number] for number in taken)
        try:
            check_kinds(op, inputs)
            shape = op.infer_shape(inputs)
            if op.merges:
                op.check_sources(inputs, stored)
            weights = op.list_weights(inputs)
        except ShapeFault:
            return -1, -1
        fits = shape.elements <= MAX_ELEMENTS
        return (self.number(shape), self._number_weights(weights)) if fits else (-1, -1)

    def _number_weights(self, weights: tuple[Weight, ...]) -> int:
        return self._weights.setdefault(weights, len(self._weights))


# What an op makes of inputs, all by number: the shape, -1 where it does not fit, and the weights.
_Known = dict[tuple[int, ...], tuple[int, int]]
_ReplayStep = tuple[Op, _Known, tuple[int, ...], int, tuple[bool, ...]]


@dataclass(frozen=True, slots=True)
class Reads:
    """Whether a spec's expressions look at sizes of values, and at numbers of channels."""

    sizes: bool
    channels: bool


def find_reads(graph: Graph) -> Reads:
    """What the expressions look at that this network was built from."""
    blocks = {item.block for item in walk_items(graph.body) if isinstance(item, CallItem)}
    arguments = [
        *_list_arguments(graph.spec.steps),
        *graph.spec.defaults.values(),
        *(argument for block in blocks for argument in _list_arguments(block.steps)),
        *(argument for block in blocks for argument in block.parameters.values() if argument),
    ]
    words = {word for argument in arguments for word in _list_words(argument)}
    return Reads(bool(words & _AXES), bool(words & _CHANNELS))


def _list_arguments(steps: Iterable[Step]) -> Iterator[Argument]:
    for step in steps:
        yield from step.modifiers
        yield from (argument for _, argument in step.loop)
        if step.argument is not None:
            yield step.argument
        for branch in step.branches:
            yield from _list_arguments(branch.steps)


def _list_words(argument: Argument | MapArgument) -> Iterator[str]:
    """The names that an argument's expressions use, and with their dot those of sizes."""
    for formula in list_formulas(argument):
        parts = [formula.expression] if isinstance(formula, Formula) else formula.template.parts
        for part in parts:
            for node in ast.walk(part.tree) if isinstance(part, Expression) else ():
                if isinstance(node, ast.Attribute):
                    yield f".{node.attr}"
                elif isinstance(node, ast.Name):
                    yield node.id


class Prober:
    """Tries a network on inputs of other sizes.

    A size fits where the same ops with the same weights take it, or unless `locked` with any
    weights. The shapes are inferred again for
    the nodes there are; only where an expression of the spec could come out differently is the
    spec built again.
    """

    def __init__(self, graph: Graph, locked: bool = True) -> None:
        self.graph = graph
        self.locked = locked
        self.reads = find_reads(graph)
        self.inputs = tuple(value.known for value in graph.inputs)
        self.channels = [shape.channels for shape in self.inputs]
        self.channels += [node.shape.channels for node in graph.nodes]
        self.replay = Replay(graph.inputs, graph.nodes, locked)
        # What else was worked out for a shape that was new.
        self.counted = 0
        self._rebuilt = 0

    @property
    def work(self) -> int:
        """What was done so far, in steps of a build."""
        counted = self.counted * _REPLAYS_OF_INFERENCE // _REPLAYS_OF_STEP
        # To look at an op at all takes as long as a step.
        return len(self.graph.nodes) + self._rebuilt + self.replay.work + counted

    @property
    def shapes(self) -> list[Shape]:
        """The shapes by number."""
        return self.replay.shapes

    def infer(self, inputs: tuple[Shape, ...]) -> list[int] | None:
        """The shapes of all inputs and outputs of nodes by number; None where they do not fit."""
        if self.reads.sizes:
            return self.rebuild(inputs)
        values = self.replay.infer(inputs)
        if values is None or not self.reads.channels:
            return values
        # Numbers of channels that differ are those of a flattened map.
        shapes = self.shapes
        same = all(
            own == shapes[value].channels for own, value in zip(self.channels, values, strict=True)
        )
        return values if same else self.rebuild(inputs)

    def rebuild(self, inputs: tuple[Shape, ...]) -> list[int] | None:
        """The same by building the spec again."""
        graph = self.graph
        pairs = zip(graph.inputs, inputs, strict=True)
        builder = Builder(
            graph.spec, graph.variant, graph.overrides,
            sizes={value.name: shape.sizes for value, shape in pairs},
            words=False, tolerated=frozenset(),
        )  # fmt: skip
        built = builder.build()
        self._rebuilt += builder.steps + weigh_start(self.graph.spec)
        if built is None or self.describe(built) != self.describe(graph):
            return None
        return [self.replay.number(s) for s in (*inputs, *(node.shape for node in built.nodes))]

    def describe(self, graph: Graph) -> list[tuple[object, ...]]:
        """What has to stay the same of each node."""
        return [
            (
                node.path,
                node.op,
                tuple(v.producer.path if v.producer else v.name for v in node.inputs),
                node.weights if self.locked else (),
            )
            for node in graph.nodes
        ]
