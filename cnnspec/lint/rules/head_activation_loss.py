"""The activation of a head does not give what the loss takes.

## What it checks
The task has a loss, and the head

- ends in `sigmoid` where a cross entropy of classes takes probabilities that sum to 1;
- ends in `softmax` over several numbers where a binary cross entropy takes each by itself;
- ends in no `softmax` or `sigmoid` where the loss takes probabilities;
- ends in `tanh` under a binary cross entropy, with or without logits; or
- gives a single number where a cross entropy compares classes.

Probabilities under a loss that takes logits are `softmax-before-logits-loss`.

## Why
A cross entropy is -log p. It needs p between 0 and 1: the logarithm of a score below 0 is not a
number. Classes of which one is right need shares that push each other down, as softmax gives;
things that hold or not by themselves need a sigmoid each, for softmax lets only one of them hold.
tanh gives numbers from -1 to 1. Over one number a softmax is 1 and the loss 0, whatever the target.
Source: Nikanjam et al., arXiv:2105.08095; Schoop et al., "UMLAUT", CHI 2021.

## Bad
```yaml
cnnspec: 1
name: net
task: {kind: classification, classes: 10, loss: sparse_categorical_cross_entropy}
input: {features: 16}
layers:
  - linear: 10
  - sigmoid
```

## Good
```yaml
cnnspec: 1
name: net
task: {kind: classification, classes: 10, loss: sparse_categorical_cross_entropy}
input: {features: 16}
layers:
  - linear: 10
  - softmax
```

## When to ignore it
When the loss only has the name of the one that is meant, and applies the activation itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.heads import Head
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Rule, Subject, describe_node
from cnnspec.lint.losses import LossHead, list_loss_heads
from cnnspec.ops.activation import HardSigmoid, Sigmoid, Softmax, Tanh


def find_misfits(subject: Subject) -> Iterator[Finding]:
    """Every head whose last op is not what its loss takes."""
    seen: set[Node] = set()
    for found in list_loss_heads(subject, lambda each: find_fault(each) is None):
        fault, node = find_fault(found), _find_last(found.head)
        if fault is not None and node is not None and node not in seen:
            seen.add(node)
            message, help = fault
            yield Finding(message, node, help=(help,))


def find_fault(found: LossHead) -> tuple[str, str] | None:
    """What is wrong with a head under its loss, and what to do about it."""
    node, wanted = _find_last(found.head), found.kind.squasher
    if node is None or not wanted:
        return None
    name, op = found.loss.name, node.op
    what = describe_node(node)
    if wanted == "softmax" and found.channels == 1:
        if isinstance(op, Softmax):
            return None  # it is `softmax-one-unit`
        return (
            f"{what} gives one number, but {name} compares classes, so it is 0 for any target",
            "use a binary_cross_entropy, or give each class a unit",
        )
    if isinstance(op, Tanh) and wanted == "sigmoid":
        return (f"{what} gives numbers from -1 to 1, which {name} does not take", _name_ways(found))
    if found.loss.takes != "probabilities":
        return None
    if isinstance(op, Softmax):
        if wanted == "softmax" or found.channels == 1:
            return None
        return (
            f"{what} lets its {found.channels:,} numbers sum to 1, but {name} takes each by itself",
            "write sigmoid, or use categorical_cross_entropy where one class alone is right",
        )
    if isinstance(op, Sigmoid | HardSigmoid):
        if wanted == "sigmoid":
            return None
        return (
            f"{what} gives each of {found.channels:,} classes a number by itself, but {name} takes "
            "shares that sum to 1",
            "write softmax, or use binary_cross_entropy where several classes may hold",
        )
    return (f"{what} is the last op, but {name} takes probabilities", _name_ways(found))


def _find_last(head: Head) -> Node | None:
    """The last op of a head that changes numbers; None where it is not known what they are."""
    return next(head.look_back(), None)


def _name_ways(found: LossHead) -> str:
    wanted, name = found.kind.squasher, found.loss.name
    if found.loss.takes == "logits":
        return "let the head end in its layer"
    return f"end in {wanted}, or write loss: {{name: {name}, from_logits: true}}"


RULE = Rule("head-activation-loss", Severity.WARNING, find_misfits)
