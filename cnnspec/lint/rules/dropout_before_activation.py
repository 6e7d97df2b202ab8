"""Dropout stands between a layer and its activation.

## What it checks
What a `dropout` gets is the result of a convolution or linear layer as it is, and all that reads
the dropout is an activation. In front of a softmax or sigmoid at the end it is `dropout-on-output`.

## Why
Dropout is to zero units, which are what the activation gives. A function with f(c x) = c f(x), as
ReLU and leaky ReLU are, gives the same in either order. Others do not: in tanh(x / (1 - p)) the
scale that keeps the mean is squashed away, and sigmoid(0) is 0.5, so nothing is zeroed.

## Bad
```yaml
cnnspec: 1
name: net
input: {features: 16}
layers:
  - linear: 8
  - dropout: 0.5
  - tanh
  - linear: 4
```

## Good
```yaml
cnnspec: 1
name: net
input: {features: 16}
layers:
  - linear: 8
  - tanh
  - dropout: 0.5
  - linear: 4
```

## When to ignore it
When the activation is a ReLU, and dropping first is faster because the map is pooled behind it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.heads import LAYERS, RECTIFIERS, SQUASHERS
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, find_reader
from cnnspec.lint.dropouts import drops
from cnnspec.lint.edits import SwapSteps
from cnnspec.lint.rules.dropout_on_output import list_last
from cnnspec.ops.activation import LeakyRelu, Prelu, Relu, Tanh
from cnnspec.ops.regularize import Dropout, SpatialDropout


def find_early(subject: Subject) -> Iterator[Finding]:
    """Every dropout right between a layer and an activation."""
    dropouts = [node for node in subject.list(Dropout, SpatialDropout) if drops(node)]
    last: set[Node] = set()
    if dropouts:
        last.update(node for head in subject.heads for node in list_last(head))
    for node in dropouts:
        layer, act = node.inputs[0].producer, find_reader(node)
        if layer is None or not isinstance(layer.op, LAYERS) or node in last:
            continue
        if act is None or not isinstance(act.op, (*RECTIFIERS, *SQUASHERS, Tanh)):
            continue
        edit = SwapSteps(node.origin.step, act.origin.step)
        message = f"write the dropout behind {act.op.op}"
        same = isinstance(act.op, Relu | LeakyRelu | Prelu)
        yield Finding(
            f"{describe_node(node)} stands between {describe_node(layer)} and {act.op.op}",
            node,
            notes=(
                f"with {act.op.op} the numbers are the same in either order"
                if same
                else f"{act.op.op} bends what dropout scales by {1 / (1 - node.op.p):.4g}"
                if isinstance(node.op, Dropout | SpatialDropout)
                else "",
            ),
            help=(message,),
            fixes=(Fix(message, (edit,), True),),
        )


RULE = Rule("dropout-before-activation", Severity.HINT, find_early)
