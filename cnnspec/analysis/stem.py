"""The start of a network: all that comes before its second convolution with a larger kernel."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from cnnspec.graph.ir import Node, Value
from cnnspec.ops.base import OWN_ROW
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
    while waiting:
        node = waiting.popleft()
        sources = [reached[value] for value in node.flows if value in reached]
        if len(sources) < len(node.flows) or node.output in reached or not sources:
            continue
        early = _pass(node, sources)
        if early is not None:
            found.append(early[0])
            reached[node.output] = early[1]
            waiting += node.output.readers
    return found


def _pass(node: Node, sources: list[_Reached]) -> tuple[Early, _Reached] | None:
    first = sources[0]
    convolutions = max(source.convolutions for source in sources)
    if isinstance(node.op, Conv | DepthwiseConv):
        windows = node.op.resolve(node.shapes[0])
        if all(window.stride == window.kernel > 3 for window in windows):
            return None
        convolutions += any(window.kernel > 1 for window in windows)
    reaches = node.op.find_reach(node.shapes)
    if convolutions > 1 or not reaches or node.shape.kind is not Kind.MAP:
        return None
    if len(reaches) != len(first.strides):
        return None
    strides = first.strides
    if any(reach is not OWN_ROW for reach in reaches):
        pairs = zip(strides, reaches, strict=True)
        strides = tuple([stride * float(reach.stride) for stride, reach in pairs])
    early = Early(node, first.image, first.strides, strides)
    return early, _Reached(first.image, strides, convolutions)
