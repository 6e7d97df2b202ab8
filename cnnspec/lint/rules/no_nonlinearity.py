"""Two layers follow one another without an activation: together they are one linear map.

## What it checks
The result of a convolution or linear layer goes to one other such layer alone, with nothing
between them but norms, `scale`, dropout, average pools, `flatten`, `zero_pad`, `crop` and
`identity`. It is silent where the two are more than one map written twice:

- where the channels between are fewer than those before and those behind, as in a low-rank
  factorisation; where there is a single position, all numbers count as channels
- where one has groups, as in a separable convolution
- where one kernel is a row or a column (1xk, kx1)
- where the first is a 1x1 projection behind a depthwise or grouped convolution, as in the linear
  bottlenecks of MobileNetV2
- where the second enlarges a map and keeps its channels, as an interpolation does
- where one shares its weights with a layer elsewhere, as heads on several scales do

## Why
W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2): whatever the two layers learn, one layer can do.
The second adds weights and no depth. Max pools, merges and activations are what makes it more.
Source: the fault is that of Nikanjam et al., arXiv:2105.08095, and Schoop et al., "UMLAUT", CHI
2021; the bottlenecks are those of Sandler et al., arXiv:1801.04381.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
  - relu
  - global_avg_pool
  - linear: 10
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
  - relu
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
  - relu
  - global_avg_pool
  - linear: 10
```

## When to ignore it
When the network is linear on purpose, as in studies of deep linear networks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod

from cnnspec.analysis.heads import ACTIVATIONS, DROPOUTS, NORMS
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, follow_chain
from cnnspec.lint.edits import InsertAfter
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.linear import Linear
from cnnspec.ops.merge import Multiply
from cnnspec.ops.norm import Scale
from cnnspec.ops.pool import AdaptiveAvgPool, AvgPool, GlobalAvgPool
from cnnspec.ops.reshape import Crop, Flatten, Identity, ZeroPad

_LAYERS = (Conv, ConvTranspose, Linear)
_AFFINE = (*NORMS, Scale, Identity)
_POOLS = (AvgPool, AdaptiveAvgPool, GlobalAvgPool)
_BETWEEN = (*_AFFINE, *DROPOUTS, *_POOLS, Flatten, ZeroPad, Crop)
# A norm, an activation and a gate, with room to spare.
_MOST_BEFORE = 16
_BEFORE_PROJECTION = (*NORMS, *ACTIVATIONS, *DROPOUTS, Identity, ZeroPad, Multiply)


def find_linear(subject: Subject) -> Iterator[Finding]:
    """Every layer that goes into the next without an activation."""
    layers = subject.list(*_LAYERS)
    uses = Counter(node.home for node in layers)
    mains: dict[Node, Node | None] = {}
    for first in layers:
        chain = list(follow_chain(first, _BETWEEN))
        if not chain or not isinstance(chain[-1].op, _LAYERS):
            continue
        *between, second = chain
        if _is_special(first) or _is_special(second) or _is_projection(first, mains):
            continue
        if _is_bottleneck(first, second, between) or _is_interpolation(second):
            continue
        if max(uses[first.home], uses[second.home]) > 1:
            continue
        words = dict.fromkeys(node.op.op for node in between)
        what = f"only {' and '.join(words)} stand" if words else "nothing stands"
        verb = "s" if len(words) == 1 else ""
        last = _find_last(first, between)
        advice = f"put an activation such as relu behind {describe_node(last)}"
        yield Finding(
            f"{what}{verb} between {describe_node(first)} and {describe_node(second)}: together "
            "they are one linear map",
            first,
            help=(advice,),
            fixes=(Fix(advice, (InsertAfter(last.origin.step, "relu"),)),),
        )


def _is_special(node: Node) -> bool:
    """Whether a layer has groups, or a kernel that is a row or a column."""
    kernel = _read_kernel(node)
    return getattr(node.op, "groups", 1) > 1 or (1 in kernel and max(kernel) > 1)


def _read_kernel(node: Node) -> tuple[int, ...]:
    return node.weights[0].shape[2:] or (1,)


def _is_projection(node: Node, mains: dict[Node, Node | None]) -> bool:
    """Whether it brings together what convolutions with groups made.

    `mains` are the ops from which others have most of their numbers.
    """
    if max(_read_kernel(node)) > 1:
        return False
    before = node.inputs[0].producer
    for _ in range(_MOST_BEFORE):
        if before is None:
            break
        if isinstance(before.op, DepthwiseConv) or getattr(before.op, "groups", 1) > 1:
            return True
        if not isinstance(before.op, _BEFORE_PROJECTION):
            return False
        # Of a gated map that is the map.
        if before not in mains:
            largest = max(before.inputs, key=lambda value: value.known.elements)
            mains[before] = largest.producer
        before = mains[before]
    return False


def _is_bottleneck(first: Node, second: Node, between: list[Node]) -> bool:
    """Whether fewer numbers pass between two layers than go in and come out."""
    source, middle, result = first.inputs[0].known, second.inputs[0].known, second.shape
    read = prod(first.weights[0].shape[1:]) if prod(first.shape.sizes) == 1 else source.channels
    if any(isinstance(node.op, Flatten) for node in between):
        read = max(read, source.elements)
    made = result.elements if prod(middle.sizes) == 1 else result.channels
    return middle.channels < min(read, made)


def _is_interpolation(node: Node) -> bool:
    """Whether a layer only enlarges: its channels stay as many as they were."""
    source, result = node.inputs[0].known, node.shape
    larger = prod(result.sizes) > prod(source.sizes)
    is_transposed = isinstance(node.op, ConvTranspose)
    return is_transposed and larger and source.channels == result.channels


def _find_last(first: Node, between: list[Node]) -> Node:
    """The layer, or the last of the norms that follow it at once."""
    for node in between:
        if not isinstance(node.op, _AFFINE):
            break
        first = node
    return first


RULE = Rule("no-nonlinearity", Severity.WARNING, find_linear)
