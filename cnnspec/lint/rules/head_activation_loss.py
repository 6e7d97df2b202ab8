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

from cnnspec.analysis.heads import RECTIFIERS, Head
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import InsertAfter, RemoveStep, ReplaceStep
from cnnspec.lint.losses import LossHead, list_loss_heads
from cnnspec.ops.activation import HardSigmoid, Sigmoid, Softmax, Tanh
from cnnspec.records import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class _Fault:
    """What is wrong with the op that ends a head, what to do, and how that is written."""

    node: Node
    message: str
    help: tuple[str, ...]
    fix: Fix | None = None


def find_misfits(subject: Subject) -> Iterator[Finding]:
    """Every head whose last op is not what its loss takes."""
    seen: set[Node] = set()
    for found in list_loss_heads(subject, lambda each: find_fault(each) is None):
        fault = find_fault(found)
        if fault is not None and fault.node not in seen:
            seen.add(fault.node)
            fixes = (fault.fix,) if fault.fix is not None else ()
            yield Finding(fault.message, fault.node, help=fault.help, fixes=fixes)


def find_fault(found: LossHead) -> _Fault | None:
    """What is wrong with a head under its loss."""
    node = next(found.head.look_back(), None)
    wanted, name = found.kind.squasher, found.loss.name
    # Of merged values it is not known what they are.
    if node is None or not wanted:
        return None
    if wanted == "softmax" and found.channels == 1:
        return _judge_single(found, node)
    if isinstance(node.op, Tanh) and wanted == "sigmoid":
        message = f"{describe_node(node)} gives numbers from -1 to 1, which {name} does not take"
        out = Fix("take tanh out", (RemoveStep(node.origin.step),), True)
        fix = out if found.loss.takes == "logits" else _replace(node, wanted)
        return _Fault(node, message, (fix.message,), fix)
    if found.loss.takes != "probabilities":
        return None
    if isinstance(node.op, Softmax | Sigmoid | HardSigmoid):
        return _judge_squasher(found, node)
    return _miss_squasher(found, node)


def _judge_single(found: LossHead, node: Node) -> _Fault | None:
    """A single number under a loss of classes; its softmax is `softmax-one-unit`."""
    if isinstance(node.op, Softmax):
        return None
    return _Fault(
        node,
        f"{describe_node(node)} gives one number, but {found.loss.name} compares classes, so it is "
        "0 for any target",
        ("use a binary_cross_entropy", "give each class a unit"),
    )


def _judge_squasher(found: LossHead, node: Node) -> _Fault | None:
    """The softmax or sigmoid that a loss of the other one gets."""
    wanted, what = found.kind.squasher, describe_node(node)
    is_softmax = isinstance(node.op, Softmax)
    if is_softmax == (wanted == "softmax") or found.channels == 1:
        return None
    if is_softmax:
        message = f"{what} lets its {found.channels:,} numbers sum to 1"
        takes, other = "each by itself", "categorical_cross_entropy where one class alone is right"
    else:
        message = f"{what} gives each of {found.channels:,} classes a number by itself"
        takes, other = (
            "shares that sum to 1",
            "binary_cross_entropy where several classes may hold",
        )
    fix = _replace(node, wanted)
    return _Fault(
        node,
        f"{message}, but {found.loss.name} takes {takes}",
        (fix.message, f"use {other}"),
        fix,
    )


def _miss_squasher(found: LossHead, node: Node) -> _Fault:
    """A head that ends in scores, or in an activation for hidden layers."""
    wanted = found.kind.squasher
    if isinstance(node.op, (*RECTIFIERS, Tanh)) and not found.head.is_pooled_behind(node):
        fix = _replace(node, wanted)
    else:
        node = _find_end(found.head, node)
        fix = Fix(f"end in {wanted}", (InsertAfter(node.origin.step, wanted),), True)
    message = f"{describe_node(node)} is the last op, but {found.loss.name} takes probabilities"
    other = f"write loss: {{name: {found.loss.name}, from_logits: true}}"
    return _Fault(node, message, (fix.message, other), fix)


def _find_end(head: Head, node: Node) -> Node:
    """The op that pools what another gives, or else that one."""
    return head.tail[-1] if head.is_pooled_behind(node) else node


def _replace(node: Node, word: str) -> Fix:
    return Fix(f"write {word}", (ReplaceStep(node.origin.step, word),), True)


RULE = Rule("head-activation-loss", Severity.WARNING, find_misfits)
