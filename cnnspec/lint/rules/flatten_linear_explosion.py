"""One linear layer behind a flattened map holds most of the network's parameters.

## What it checks
A map of more than one position is flattened, and the linear layer behind it (dropout, norms and
activations may stand between) has more than 2,000,000 parameters and more than half of all that
the network has.

## Why
The layer has a weight for each pair of an output and a value of the map: channels * height * width
* out_features. It learns each position apart, and overfits sooner than all layers before it. A mean
over the positions needs none of these weights, and takes images of any size. Source: Lin et al.,
arXiv:1312.4400, section 3.2.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 64, width: 64}
layers:
  - conv: {out_channels: 32, kernel_size: 3, padding: 1}
  - relu
  - max_pool: 2
  - flatten
  - linear: 256
  - relu
  - linear: 10
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 64, width: 64}
layers:
  - conv: {out_channels: 32, kernel_size: 3, padding: 1}
  - relu
  - max_pool: 2
  - global_avg_pool
  - linear: 256
  - relu
  - linear: 10
```

## When to ignore it
When a published network is to be kept as it is: AlexNet and VGG have most of their weights there.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from cnnspec.analysis.heads import ACTIVATIONS, DROPOUTS, NORMS
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Graph, Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, follow_chain
from cnnspec.lint.edits import ReplaceStep
from cnnspec.ops.linear import Linear
from cnnspec.ops.reshape import Flatten, Identity

MOST = 2_000_000
ADVICE = "use global_avg_pool in place of flatten"
_BETWEEN = (*DROPOUTS, *NORMS, *ACTIVATIONS, Identity)


def find_explosions(subject: Subject) -> Iterator[Finding]:
    """Every flattened map whose linear layer outweighs the rest."""
    total = 0
    for node in subject.list(Flatten):
        shape = node.inputs[0].known
        layer = next((after for after in follow_chain(node, _BETWEEN) if _is_linear(after)), None)
        if layer is None or prod(shape.sizes) == 1:
            continue
        count = sum(prod(weight.shape) for weight in layer.weights)
        if count <= MOST:
            continue
        total = total or _count_all(subject.graph)
        if 2 * count > total:
            pooled = layer.shape.channels * (shape.channels + 1)
            yield Finding(
                f"{describe_node(layer)} behind the flattened {shape} map has {count:,} of the "
                f"network's {total:,} parameters",
                node,
                notes=(f"global_avg_pool in place of flatten would leave it {pooled:,}",),
                help=(ADVICE,),
                fixes=(Fix(ADVICE, (ReplaceStep(node.origin.step, "global_avg_pool"),)),),
            )


def _is_linear(node: Node) -> bool:
    return isinstance(node.op, Linear)


def _count_all(graph: Graph) -> int:
    return sum(prod(weight.shape) for _, weight in graph.list_weights() if weight.trainable)


RULE = Rule("flatten-linear-explosion", Severity.HINT, find_explosions)
