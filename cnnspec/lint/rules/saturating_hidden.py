"""Several hidden layers in a row end in sigmoid or tanh, and no norm stands between.

## What it checks
From a hidden `sigmoid` or `tanh` every way to an output leads through three others or more, before
any normalisation: four in a row. It is hidden where a convolution or linear layer follows. A gate,
which goes into `multiply` alone, does not count; a shortcut is a way around.

## Why
The gradient is multiplied by the slope of each: at most 1/4 for sigmoid, so at most (1/4)^4 = 0.004
for four; at most 1 for tanh, and near 0 as soon as its inputs are large. The first layers hardly
learn. Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
networks", 2010.

## Bad
```yaml
cnnspec: 1
name: net
input: {features: 8}
layers:
  - repeat: 4
    layers:
      - linear: 16
      - sigmoid
  - linear: 1
```

## Good
```yaml
cnnspec: 1
name: net
input: {features: 8}
layers:
  - repeat: 4
    layers:
      - linear: 16
      - relu
  - linear: 1
```

## When to ignore it
When the network is one of the time before ReLU, and is to be kept as it was.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.heads import LAYERS, NORMS
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node, Value
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import ReplaceStep
from cnnspec.ops.activation import Sigmoid, Tanh
from cnnspec.ops.attention import Attention
from cnnspec.ops.merge import Multiply

LEAST = 4
# How many saturating activations lie ahead on the best way, and whether a layer does on any.
Ahead = tuple[int, bool]


def find_first(subject: Subject) -> Iterator[Finding]:
    """The first of four or more in a row."""
    if len(subject.list(Sigmoid, Tanh)) < LEAST:
        return
    ahead: dict[Value, Ahead] = {}
    counts: dict[Node, int] = {}
    for node in reversed(subject.graph.nodes):
        ahead[node.output] = _look_ahead(node.output, ahead, counts)
        count, layered = ahead[node.output]
        if _saturates(node) and layered:
            counts[node] = count + 1
    deep = [node for node in subject.graph.nodes if counts.get(node, 0) >= LEAST]
    if deep:
        steps = dict.fromkeys(node.origin.step for node in _list_row(deep[0], counts))
        replaced = tuple(ReplaceStep(step, "relu") for step in steps)
        yield Finding(
            f"{describe_node(deep[0])} is the first of {counts[deep[0]]} sigmoid or tanh layers in "
            "a row, without a norm between",
            deep[0],
            help=("use relu, or put a norm before each of them",),
            fixes=(Fix("use relu", replaced),),
        )


def _look_ahead(value: Value, ahead: dict[Value, Ahead], counts: dict[Node, int]) -> Ahead:
    """What lies between a value and the outputs."""
    ways = [_pass(node, ahead, counts) for node in value.readers if _takes(node, value)]
    if value.is_output or not ways:
        ways.append((0, False))
    return min(count for count, _ in ways), any(layered for _, layered in ways)


def _takes(node: Node, value: Value) -> bool:
    """Whether an op computes with a value, and does not only read its size."""
    return not node.op.starts and (not node.op.refers or node.inputs[0] is value)


def _pass(node: Node, ahead: dict[Value, Ahead], counts: dict[Node, int]) -> Ahead:
    """What lies ahead of an op's inputs on the way through it."""
    count, layered = ahead[node.output]
    if isinstance(node.op, NORMS):
        return 0, layered
    return counts.get(node, count), layered or isinstance(node.op, (*LAYERS, Attention))


def _list_row(first: Node, counts: dict[Node, int]) -> list[Node]:
    """The saturating hidden activations from the first on, up to the norms behind them."""
    reached, waiting = {first}, [first]
    while waiting:
        for reader in waiting.pop().output.readers:
            if reader not in reached and not isinstance(reader.op, NORMS):
                reached.add(reader)
                waiting.append(reader)
    return [node for node in reversed(counts) if node in reached]


def _saturates(node: Node) -> bool:
    if not isinstance(node.op, Sigmoid | Tanh):
        return False
    readers = node.output.readers
    return not readers or not all(isinstance(reader.op, Multiply) for reader in readers)


RULE = Rule("saturating-hidden", Severity.HINT, find_first)
