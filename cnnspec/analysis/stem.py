"""The start of a network: all that comes before its second convolution with a larger kernel."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from cnnspec.graph.ir import Node, Value
from cnnspec.ops.conv import Conv, DepthwiseConv
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.records import dataclass

Strides = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Early:
    """An op behind at most one spatial convolution: how far rows of the input are apart there.

    `before` and `after` are those distances along each axis of what it takes and gives, and
    `image` is the input that they are of.
    """

    node: Node
    image: Shape
    before: Strides
    after: Strides


@dataclass(frozen=True, slots=True)
class _Reached:
    image: Shape
    strides: Strides
    convolutions: int


@dataclass(frozen=True, slots=True)
class _Step:
    """What an op does: how many rows it moves on by, and whether it is a spatial convolution."""

    strides: Strides
    convolutions: int


def find_stem(inputs: Iterable[Value]) -> list[Early]:
    """The ops behind the inputs that are maps, for as long as one convolution was enough.

    What cuts its input into patches without overlap is no stem, nor is anything behind it.
    """
    reached: dict[Value, _Reached] = {}
    waiting: deque[Node] = deque()
    for value in inputs:
        if value.known.kind is Kind.MAP:
            reached[value] = _Reached(value.known, (1.0,) * value.known.rank, 0)
            waiting += value.readers
    found = []
    # How many of an op's inputs were reached: before all are, it is not looked at.
    counts: Counter[Node] = Counter()
    known: dict[tuple[int, tuple[Shape, ...]], _Step | None] = {}
    while waiting:
        node = waiting.popleft()
        counts[node] += 1
        if counts[node] < len(node.flows):
            continue
        sources = [reached[value] for value in node.flows if value in reached]
        if len(sources) < len(node.flows) or node.output in reached or not sources:
            continue
        # Equal ops in a network are mostly one object.
        key = (id(node.op), node.shapes)
        if key not in known:
            known[key] = _read_step(node)
        gone = _go(sources, known[key])
        if gone is not None:
            found.append(Early(node, gone.image, sources[0].strides, gone.strides))
            reached[node.output] = gone
            waiting += node.output.readers
    return found


def _read_step(node: Node) -> _Step | None:
    """What an op does; None where no stem goes on behind it."""
    convolutions = 0
    if isinstance(node.op, Conv | DepthwiseConv):
        windows = node.op.resolve(node.shapes[0])
        if all(window.stride == window.kernel > 3 for window in windows):
            return None
        convolutions += any(window.kernel > 1 for window in windows)
    reaches = node.op.find_reach(node.shapes)
    if not reaches or node.shape.kind is not Kind.MAP:
        return None
    return _Step(tuple([float(reach.stride) for reach in reaches]), convolutions)


def _go(sources: list[_Reached], step: _Step | None) -> _Reached | None:
    first = sources[0]
    if step is None or len(step.strides) != len(first.strides):
        return None
    convolutions = max([source.convolutions for source in sources]) + step.convolutions
    if convolutions > 1:
        return None
    pairs = zip(first.strides, step.strides, strict=True)
    return _Reached(first.image, tuple([a * b for a, b in pairs]), convolutions)
