"""Heads: how each output of a network ends, from its last weights on."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.graph.ir import Graph, Node, Output, Value
from cnnspec.graph.task import find_classes
from cnnspec.ops.activation import (
    Elu,
    Gelu,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    Mish,
    Prelu,
    Relu,
    Relu6,
    Selu,
    Sigmoid,
    Silu,
    Softmax,
    Tanh,
)
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.linear import Linear
from cnnspec.ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm
from cnnspec.ops.pool import AdaptiveAvgPool, AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from cnnspec.ops.rearrange import PixelShuffle, Slice, Split
from cnnspec.ops.regularize import Dropout, SpatialDropout, StochasticDepth
from cnnspec.ops.reshape import Crop, CropLike, Flatten, Identity
from cnnspec.ops.resize import Resize, ResizeLike, Upsample
from cnnspec.ops.tokens import SelectToken, ToMap, ToTokens
from cnnspec.records import dataclass
from cnnspec.spec.keys import SCORED_TASKS

LAYERS = (Conv, DepthwiseConv, ConvTranspose, Linear)
RECTIFIERS = (Relu, Relu6, LeakyRelu, Prelu, Elu, Selu, Gelu, Silu, HardSwish, Mish)
# What makes probabilities of scores.
SQUASHERS = (Softmax, Sigmoid, HardSigmoid)
ACTIVATIONS = (*RECTIFIERS, *SQUASHERS, Tanh)
NORMS = (BatchNorm, LayerNorm, GroupNorm, InstanceNorm)
DROPOUTS = (Dropout, SpatialDropout, StochasticDepth)
POOLS = (GlobalAvgPool, GlobalMaxPool, AdaptiveAvgPool, AvgPool, MaxPool)
# What gives the numbers that it gets, or numbers between them, in another place.
VIEWS = (
    Flatten, Identity, Crop, CropLike, Upsample, Resize, ResizeLike, PixelShuffle, Slice, Split,
    ToTokens, ToMap, SelectToken,
)  # fmt: skip

_TAIL = (*ACTIVATIONS, *NORMS, *DROPOUTS, *POOLS, *VIEWS)

# Ops behind the last layer: heads have some three, and a thousand outputs may share a long chain.
MAX_TAIL = 100


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """How an output comes about.

    `layer` is the last layer with a kernel or a matrix, and `tail` the ops behind it in order.
    Where values are merged between them there is no such layer, and the tail starts behind that.
    """

    output: Output
    layer: Node | None
    tail: tuple[Node, ...]

    @property
    def value(self) -> Value:
        """What the output gives."""
        return self.output.value

    @property
    def source(self) -> Value:
        """What the tail starts from."""
        return self.tail[0].inputs[0] if self.tail else self.value

    @property
    def is_inner(self) -> bool:
        """Whether the network goes on from it, not only to probabilities of it."""
        return any(not isinstance(reader.op, SQUASHERS) for reader in self.value.readers)

    @property
    def squasher(self) -> Node | None:
        """The op that makes probabilities of its scores."""
        last = next(self.look_back(), None)
        return last if last is not None and isinstance(last.op, SQUASHERS) else None

    def look_back(self) -> Iterator[Node]:
        """The ops that change the numbers, from the last one to the layer."""
        for node in reversed(self.tail):
            if not isinstance(node.op, (*VIEWS, *POOLS, *DROPOUTS)):
                yield node
        if self.layer is not None:
            yield self.layer

    def find_scores_end(self) -> Node | None:
        """The op that the scores come from, which a softmax or sigmoid may follow."""
        for node in self.look_back():
            if not isinstance(node.op, SQUASHERS):
                return node
        return None

    def is_pooled_behind(self, node: Node) -> bool:
        """Whether a map is pooled between one of the ops and the output."""
        behind = self.tail[self.tail.index(node) + 1 :] if node in self.tail else self.tail
        return any(isinstance(each.op, POOLS) for each in behind)


def find_heads(graph: Graph) -> tuple[Head, ...]:
    """The head of every output, those for training too."""
    return tuple(_find_head(output) for output in graph.every_output)


def find_scored(graph: Graph, heads: tuple[Head, ...]) -> tuple[Head, ...]:
    """The heads that give scores, be they logits or probabilities."""
    task = graph.spec.task
    if task is None:
        return ()
    compared = task.loss is not None and task.loss.takes != "values"
    return find_judged(graph, heads) if task.kind in SCORED_TASKS or compared else ()


def find_judged(graph: Graph, heads: tuple[Head, ...]) -> tuple[Head, ...]:
    """The heads that the task is about.

    Of several those count that have a score for each class, and that no layer reads. A head for
    training belongs to them where it has as many channels as one that stays.
    """
    main = [head for head in heads if not head.output.training]
    if len(main) > 1:
        classes = find_classes(graph)
        main = [head for head in main if not head.is_inner and _has_scores(head.value, classes)]
    channels = {head.value.known.channels for head in main}
    return (
        *main,
        *(each for each in heads if each.output.training and each.value.known.channels in channels),
    )


def _has_scores(value: Value, classes: int | None) -> bool:
    # One number is enough to tell two classes apart.
    return value.known.channels == classes or (value.known.channels, classes) == (1, 2)


def _find_head(output: Output) -> Head:
    tail: list[Node] = []
    node = output.value.producer
    while node is not None and isinstance(node.op, _TAIL) and len(tail) < MAX_TAIL:
        tail.append(node)
        node = node.inputs[0].producer
    layer = node if node is not None and isinstance(node.op, LAYERS) else None
    return Head(output, layer, tuple(reversed(tail)))


class Walk:
    """Finds the op that a value comes from, without those that it only passes `through`.

    Many values may come through one long chain, which is gone through once.
    """

    def __init__(self, through: tuple[type, ...]) -> None:
        self.through = through
        self.known: dict[Node, Node | None] = {}

    def back(self, value: Value) -> Node | None:
        """The op; None where that is an input."""
        node, passed = value.producer, []
        while node is not None and isinstance(node.op, self.through):
            passed.append(node)
            node = self.known.get(node, node.inputs[0].producer)
        self.known.update(dict.fromkeys(passed, node))
        return node
