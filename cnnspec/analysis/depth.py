"""How many convolutions lie before each value, and whether one comes behind it."""

from __future__ import annotations

from cnnspec.graph.ir import Graph, Node, Value
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv

_CONVOLUTIONS = (Conv, DepthwiseConv, ConvTranspose)


def count_convolutions(graph: Graph) -> dict[Value, int]:
    """The convolutions before each value on the longest way from an input, 1x1 ones too."""
    counts: dict[Value, int] = dict.fromkeys(graph.inputs, 0)
    for node in graph.nodes:
        most = max((counts[value] for value in node.flows), default=0)
        counts[node.output] = most + isinstance(node.op, _CONVOLUTIONS)
    return counts


def find_spatial_readers(graph: Graph) -> set[Value]:
    """The values that a convolution with a window of several positions reads, now or later."""
    found: set[Value] = set()
    for node in reversed(graph.nodes):
        if node.output in found or is_spatial(node):
            found.update(node.flows)
    return found


def is_spatial(node: Node) -> bool:
    """Whether an op is a convolution that looks at more than one position."""
    if not isinstance(node.op, Conv | DepthwiseConv):
        return False
    size = node.op.kernel_size
    return size > 1 if isinstance(size, int) else max(size) > 1
