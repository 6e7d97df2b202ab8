"""The graph: a flat list of ops in order, and the tree of structure that they came from.

The flat list is what reports, ONNX and the proof read. The tree keeps what the author wrote
(blocks, stages, loops, conditions), so that a Python backend can write it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Span
from cnnspec.expressions import Value as Scalar
from cnnspec.ops.base import Op, Weight
from cnnspec.ops.shapes import Shape
from cnnspec.records import dataclass
from cnnspec.spec.model import Block, ModelSpec, Step

if TYPE_CHECKING:
    from cnnspec.graph.variations import Variations


@dataclass(slots=True, eq=False)
class Value:
    """What flows between ops; `shape` is None downstream of an error.

    `producer` is None for an input of the network. `readers` are the ops that take it, beside
    whoever asked for it where it `is_output`.
    """

    shape: Shape | None
    producer: Node | None = None
    readers: list[Node] = field(default_factory=list, repr=False)
    name: str = ""
    is_output: bool = False

    @property
    def is_stored(self) -> bool:
        """Whether it is the network's own: a parameter or a constant."""
        return self.producer is not None and self.producer.op.starts

    @property
    def known(self) -> Shape:
        """The shape of a value in a graph without errors."""
        if self.shape is None:
            raise TypeError("a value without a shape in a graph that was said to be sound")
        return self.shape


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a node was written: its step in its spec, and the block calls that led there.

    The outermost call comes first; those of specs that are parts are among them.
    """

    step: Step
    spec: ModelSpec
    calls: tuple[tuple[str, Span], ...] = ()


@dataclass(slots=True, eq=False)
class Node:
    """One op in the graph; `path` is its name and the prefix of its weights' names.

    `shares` is the op whose weights it uses, where that is another with the same path.
    """

    path: str
    op: Op
    inputs: tuple[Value, ...]
    output: Value
    weights: tuple[Weight, ...]
    origin: Origin = field(repr=False)
    shares: Node | None = field(default=None, repr=False)

    @property
    def home(self) -> Node:
        """The op that has its weights: the first that uses them."""
        return self.shares or self

    @property
    def own_weights(self) -> tuple[Weight, ...]:
        """The weights that no op before it has."""
        return () if self.shares else self.weights

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of the inputs."""
        return tuple([value.known for value in self.inputs])

    @property
    def shape(self) -> Shape:
        """The shape of the output."""
        return self.output.known

    @property
    def flows(self) -> tuple[Value, ...]:
        """The inputs whose numbers the output is made of."""
        if self.op.starts:
            return ()
        return self.inputs[:1] if self.op.refers else self.inputs

    @property
    def sizing(self) -> tuple[Value, ...]:
        """The inputs that the output's sizes follow."""
        if self.op.starts:
            return ()
        return self.inputs[1:] if self.op.refers else self.inputs

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one sample."""
        return self.op.count_macs(self.shapes, self.shape)

    @property
    def attention_macs(self) -> int:
        """Multiply-accumulates between values for one sample, which `macs` has not."""
        return self.op.count_attention_macs(self.shapes, self.shape)

    def name_weight(self, weight: Weight) -> str:
        """The full name of one of the op's arrays: a parameter's is the op's own path."""
        return f"{self.path}.{weight.name}" if weight.name else self.path


@dataclass(slots=True, eq=False)
class Item:
    """One step as it was carried out: what went in, what came out, and its place in the paths.

    `alias` is the name of a step whose weights are shared: its path is theirs.
    """

    step: Step
    input: Value
    output: Value
    path: str = ""
    alias: str = ""

    @property
    def name(self) -> str:
        """The name by which other steps can take the result; empty if it has none."""
        if self.step.name is None:
            return ""
        return self.alias if self.step.shared is not None else self.path.rpartition(".")[2]


@dataclass(slots=True, eq=False)
class OpItem(Item):
    """A call of an op."""

    node: Node = field(kw_only=True)


@dataclass(slots=True, eq=False)
class Region:
    """A list of steps as it was carried out.

    `positional` regions are plain chains of unnamed steps: their paths are numbers, as in
    PyTorch's Sequential. `scope` is the path that the steps' names are appended to.
    """

    items: tuple[Item, ...]
    input: Value
    output: Value
    positional: bool
    scope: str


@dataclass(slots=True, eq=False)
class CallItem(Item):
    """A call of a block, with its arguments evaluated."""

    block: Block = field(kw_only=True)
    arguments: dict[str, Scalar] = field(kw_only=True)
    in_channels: int = field(kw_only=True)
    body: Region = field(kw_only=True)


@dataclass(slots=True, eq=False)
class GroupItem(Item):
    """Steps held together by ``layers``; `named` groups are parts of the model (stages)."""

    body: Region = field(kw_only=True)
    named: bool = field(kw_only=True)


@dataclass(slots=True, eq=False)
class BranchItem(Item):
    """A ``residual`` or ``parallel``: branches of one value, merged by one op.

    `merge` is None in a residual whose `shortcut_when` did not hold: its result is the body's,
    and its shortcut was not carried out.
    """

    branches: tuple[tuple[str, Region], ...] = field(kw_only=True)
    merge: Node | None = field(kw_only=True)


@dataclass(slots=True, eq=False)
class LoopItem(Item):
    """A step carried out several times (``for`` or ``repeat``), with each turn's variables."""

    turns: tuple[tuple[dict[str, Scalar], Item], ...] = field(kw_only=True)


@dataclass(slots=True, eq=False)
class SkipItem(Item):
    """A step whose ``when`` did not hold: its value passes unchanged."""


@dataclass(frozen=True, slots=True)
class OpenSize:
    """A size of the input that is not fixed; shapes in the graph are those of one such size.

    `places` are the input and the axis, by position, of each size that is this one. `most` is
    None where nothing bounds it. `is_range` says that the author declared bounds, `has_least`
    that there is a lower one among them.
    """

    letter: str
    places: tuple[tuple[int, int], ...]
    span: Span
    least: int = 1
    most: int | None = None
    multiple_of: int = 1
    default: int | None = None
    is_range: bool = False
    has_least: bool = False

    def admits(self, size: int) -> bool:
        """Whether the author declared a size."""
        in_bounds = self.least <= size and (self.most is None or size <= self.most)
        return in_bounds and size % self.multiple_of == 0


@dataclass(frozen=True, slots=True)
class Output:
    """A value that the network gives under a name.

    `source` is the name that its author took it by, `_` for the last value of all. An output for
    `training` is not there in a trained network, nor is what only serves it.
    """

    name: str
    value: Value
    source: str = "_"
    training: bool = False


@dataclass(slots=True, eq=False)
class Graph:
    """A sound network: what it is called, what goes in and out, its ops in order.

    `params` are the model's parameters as evaluated for this variant and these overrides. In
    `every_output` those for training come last.
    `open_sizes` are the sizes of its inputs that are not fixed, and `variations` what is known of
    them, once that was asked for; `steps` are those that the build counted.
    """

    spec: ModelSpec
    variant: str
    params: dict[str, Scalar]
    overrides: dict[str, Scalar]
    inputs: tuple[Value, ...]
    every_output: tuple[Output, ...]
    nodes: tuple[Node, ...]
    body: Region
    open_sizes: tuple[OpenSize, ...] = ()
    steps: int = 0
    variations: Variations | None = field(default=None, init=False, repr=False)

    @property
    def outputs(self) -> dict[str, Value]:
        """What a trained network gives, by name."""
        return {output.name: output.value for output in self.every_output if not output.training}

    @property
    def training_outputs(self) -> dict[str, Value]:
        """What it gives beside them in training, by name."""
        return {output.name: output.value for output in self.every_output if output.training}

    @property
    def is_plain(self) -> bool:
        """Whether it gives one value, as networks do whose spec names no outputs."""
        return [output.name for output in self.every_output] == ["output"]

    @property
    def name(self) -> str:
        """The spec's name with the variant, as files and models are called."""
        return f"{self.spec.name}_{self.variant}" if self.variant else self.spec.name

    def list_weights(self) -> Iterator[tuple[str, Weight]]:
        """Every array of the network with its full name, in order."""
        for node in self.nodes:
            for weight in node.own_weights:
                yield node.name_weight(weight), weight
