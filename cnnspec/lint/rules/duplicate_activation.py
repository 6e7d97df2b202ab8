"""An activation takes the result of another, and does nothing or flattens it once more.

## What it checks
Directly behind an activation stands another, and

- the second changes nothing: `relu`, `leaky_relu`, `prelu` or `elu` behind `relu`, `relu6`,
  `sigmoid`, `hard_sigmoid` or `softmax`, which are never negative; or `relu6` behind those of them
  that never exceed 6; or
- the first changes nothing: `relu` behind `leaky_relu` or `elu`, `relu6` behind `relu`; or
- both saturate: `sigmoid`, `hard_sigmoid` or `tanh` behind one of these.

A `sigmoid` or `softmax` behind another is `softmax-before-logits-loss`.

## Why
relu(relu(x)) = relu(x): one of the two is superfluous, and a reader wonders what was meant. Two
that saturate shrink gradients twice: the slope of sigmoid(tanh(x)) is at most 1/4, and what comes
out lies between 0.27 and 0.73. Source: Nikanjam et al., arXiv:2105.08095.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
  - relu
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
  - relu
```

## When to ignore it
When the steps stand where a checkpoint counts them.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, find_reader
from cnnspec.lint.edits import RemoveStep
from cnnspec.ops.activation import (
    Elu,
    HardSigmoid,
    LeakyRelu,
    Prelu,
    Relu,
    Relu6,
    Sigmoid,
    Softmax,
    Tanh,
)
from cnnspec.ops.base import Op

_BELOW_6 = (Relu6, Sigmoid, HardSigmoid, Softmax)
_NEVER_NEGATIVE = (Relu, *_BELOW_6)
_KEEPS_POSITIVE = (Relu, LeakyRelu, Prelu, Elu)
_SATURATING = (Sigmoid, HardSigmoid, Tanh)
_SECONDS = (*_KEEPS_POSITIVE, Relu6, *_SATURATING)


def find_pairs(subject: Subject) -> Iterator[Finding]:
    """Every activation that one before it makes superfluous, or the other way round."""
    for second in subject.list(*_SECONDS):
        first = second.inputs[0].producer
        if first is None:
            continue
        if _keeps(second.op, first.op):
            yield _tell(second, f"changes nothing behind {describe_node(first)}")
        elif find_reader(first) is not second:
            continue
        elif _covers(second.op, first.op):
            yield _tell(first, f"changes nothing before {describe_node(second)}")
        elif _saturates(second.op, first.op):
            yield _tell(
                second, f"saturates what {describe_node(first)} has saturated", is_safe=False
            )


def _keeps(second: Op, first: Op) -> bool:
    """Whether the second hands on whatever the first can give."""
    if isinstance(second, Relu6):
        return isinstance(first, _BELOW_6)
    return isinstance(second, _KEEPS_POSITIVE) and isinstance(first, _NEVER_NEGATIVE)


def _covers(second: Op, first: Op) -> bool:
    """Whether the second gives the same without the first."""
    if isinstance(first, LeakyRelu):
        return isinstance(second, Relu) and first.negative_slope >= 0
    return (isinstance(second, Relu) and isinstance(first, Elu)) or (
        isinstance(second, Relu6) and isinstance(first, Relu)
    )


def _saturates(second: Op, first: Op) -> bool:
    """Whether both saturate; a sigmoid behind another is a fault of the loss."""
    if isinstance(first, Sigmoid) and isinstance(second, Sigmoid):
        return False
    return isinstance(first, _SATURATING) and isinstance(second, _SATURATING)


def _tell(node: Node, message: str, is_safe: bool = True) -> Finding:
    what = describe_node(node)
    advice = f"take {what} out"
    fix = Fix(advice, (RemoveStep(node.origin.step),), is_safe)
    return Finding(f"{what} {message}", node, help=(advice,), fixes=(fix,))


RULE = Rule("duplicate-activation", Severity.WARNING, find_pairs)
