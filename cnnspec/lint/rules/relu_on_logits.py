"""An activation for hidden layers stands on the scores that the network gives.

## What it checks
A `relu` or an op like it (`leaky_relu`, `gelu`, `silu`, ...) is the last op of a head, or the last
before its softmax or sigmoid. Heads count that end in a softmax or sigmoid, that give the scores of
a task with classes, and, where the spec has no task, linear layers as the only output. Where the
scores are pooled behind it, it is `relu-on-logits-pooled`; where it stands in the place of what
makes the loss its probabilities, `head-activation-loss`.

## Why
Scores below zero say that a class is not there. ReLU makes them all 0, where no gradient passes, so
a wrong answer cannot be pushed down further: sigmoid(relu(x)) is never below 0.5, and a softmax
over ten classes with one score of 3 and no others above 0 gives exp(3) / (exp(3) + 9) = 0.69.
Source: Schoop et al., "UMLAUT", CHI 2021.

## Bad
```yaml
cnnspec: 1
name: net
input: {features: 16}
layers:
  - linear: 8
  - relu
  - linear: 4
  - relu
  - softmax
```

## Good
```yaml
cnnspec: 1
name: net
input: {features: 16}
layers:
  - linear: 8
  - relu
  - linear: 4
  - softmax
```

## When to ignore it
When the outputs are features for another network; `task: features` says so too.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.heads import RECTIFIERS, SQUASHERS, VIEWS, Head, Walk, find_scored
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import RemoveStep
from cnnspec.ops.activation import Relu
from cnnspec.ops.linear import Linear


def find_cut_scores(subject: Subject) -> Iterator[Finding]:
    """Every rectifier at the end of a head."""
    for head, relu in list_rectified(subject):
        if head.is_pooled_behind(relu):
            continue
        cut = "cuts off" if isinstance(relu.op, Relu) else "bends"
        behind = f" before {head.squasher.op.op}" if head.squasher is not None else ""
        yield Finding(
            f"{describe_node(relu)}{behind} {cut} the negative scores{_name_layer(head)}",
            relu,
            help=(f"take {relu.op.op} out",),
            fixes=(Fix(f"take {relu.op.op} out", (RemoveStep(relu.origin.step),), True),),
        )


def list_rectified(subject: Subject) -> Iterator[tuple[Head, Node]]:
    """The heads whose scores go through a rectifier last, each with that."""
    scored = find_scored(subject.graph, subject.heads)
    walk = Walk(VIEWS)
    for head in subject.heads:
        node = head.find_scores_end()
        if node is None or head.is_inner or not isinstance(node.op, RECTIFIERS):
            continue
        before = walk.back(node.inputs[0])
        if before is not None and isinstance(before.op, SQUASHERS):
            continue
        direct = head in scored and not head.is_pooled_behind(node)
        if direct and head.squasher is None and _lacks_squasher(subject):
            continue
        if head in scored or head.squasher is not None or _is_lone(subject, head):
            yield head, node


def _lacks_squasher(subject: Subject) -> bool:
    """Whether the loss takes probabilities, so that it is the wrong activation altogether."""
    task = subject.spec.task
    return task is not None and task.loss is not None and task.loss.takes == "probabilities"


def _is_lone(subject: Subject, head: Head) -> bool:
    """Whether a head gives all that a network of an unknown task does, by a linear layer."""
    if subject.spec.task is not None or len(subject.heads) > 1 or head.layer is None:
        return False
    return isinstance(head.layer.op, Linear)


def _name_layer(head: Head) -> str:
    return f" of {describe_node(head.layer)}" if head.layer is not None else ""


RULE = Rule("relu-on-logits", Severity.WARNING, find_cut_scores)
