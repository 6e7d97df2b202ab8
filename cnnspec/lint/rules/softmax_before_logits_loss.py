"""Scores go through softmax or sigmoid twice: in the network, and in the loss or again.

## What it checks
The loss of the task takes logits, and the head ends in `softmax`, `sigmoid` or `hard_sigmoid`; or,
whatever the loss, a `softmax` or `sigmoid` gets the result of another.

## Why
Such a loss applies the function itself. Applied to probabilities, which lie between 0 and 1, it
hardly tells them apart: a network that is quite sure of the right one of n classes still has the
loss log(e + n - 1) - 1, which is 1.461 for n = 10, and its gradients shrink as it learns.
Source: the pages of PyTorch's CrossEntropyLoss and of Keras' CategoricalCrossentropy
(`from_logits`).

## Bad
```yaml
cnnspec: 1
name: net
task: {kind: classification, classes: 10, loss: cross_entropy}
input: {features: 16}
layers:
  - linear: 10
  - softmax
```

## Good
```yaml
cnnspec: 1
name: net
task: {kind: classification, classes: 10, loss: cross_entropy}
input: {features: 16}
layers:
  - linear: 10
```

## When to ignore it
When the loss is written by hand and takes the logarithm of what it gets.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import e, log

from cnnspec.analysis.heads import DROPOUTS, VIEWS, Walk
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import RemoveStep
from cnnspec.lint.losses import LossHead, list_loss_heads
from cnnspec.ops.activation import Sigmoid, Softmax


def find_doubled(subject: Subject) -> Iterator[Finding]:
    """Every function that makes probabilities of what is one, or will be made one."""
    seen: set[Node] = set()
    walk = Walk((*VIEWS, *DROPOUTS))
    for node in subject.list(Softmax, Sigmoid):
        first = walk.back(node.inputs[0])
        if first is not None and isinstance(first.op, Softmax | Sigmoid):
            seen.add(node)
            yield Finding(
                f"{describe_node(node)} gets what {describe_node(first)} has made probabilities",
                node,
                help=("take one of the two out",),
                fixes=_take_out(node) if type(node.op) is type(first.op) else (),
            )
    for found in list_loss_heads(subject, _fits):
        last = found.head.squasher
        if last is not None and last not in seen:
            seen.add(last)
            yield _tell(found, last)


def _fits(found: LossHead) -> bool:
    # A single number under a loss of classes is told by other rules.
    single = found.channels == 1 and found.kind.squasher == "softmax"
    return found.loss.takes != "logits" or found.head.squasher is None or single


def _tell(found: LossHead, node: Node) -> Finding:
    count, name = found.channels, found.loss.name
    floor = log(e + count - 1) - 1 if found.kind.squasher == "softmax" else log(1 + 1 / e)
    least = f"for {count:,} classes it" if found.kind.squasher == "softmax" else "for a truth it"
    fixes = _take_out(node)
    others = (f"use {found.from_probabilities}",) if found.from_probabilities else ()
    return Finding(
        f"{describe_node(node)} gives probabilities, but {name} takes logits",
        node,
        notes=(f"{least} cannot fall below {floor:.3f}",),
        help=(fixes[0].message, *others),
        fixes=fixes,
    )


def _take_out(node: Node) -> tuple[Fix, ...]:
    return (Fix(f"take {node.op.op} out", (RemoveStep(node.origin.step),), True),)


RULE = Rule("softmax-before-logits-loss", Severity.WARNING, find_doubled)
