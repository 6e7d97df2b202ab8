"""Dropout acts on the output itself, and zeroes scores in training.

## What it checks
A dropout of any kind is the last op before an output, or only views, pooling, a softmax or a
sigmoid follow it. Networks whose task is `features` may end in one, and outputs that the network
goes on from.

## Why
With dropout before the last layer each score is made of what is left. Behind it the score itself
is zeroed: the loss then punishes a right answer that was taken away, and the others are 1 / (1 - p)
times too large. Srivastava et al., "Dropout", 2014, section 4, has it on inputs and hidden units.

## Bad
```yaml
cnnspec: 1
name: net
input: {features: 16}
layers:
  - linear: 8
  - relu
  - linear: 4
  - dropout: 0.5
```

## Good
```yaml
cnnspec: 1
name: net
input: {features: 16}
layers:
  - linear: 8
  - relu
  - dropout: 0.5
  - linear: 4
```

## When to ignore it
When the network is a part of another that goes on behind the dropout; `task: features` says so too.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.heads import DROPOUTS, POOLS, SQUASHERS, VIEWS, Head
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.dropouts import drops, write_dropout
from cnnspec.lint.edits import InsertBefore, RemoveStep, SwapSteps


def find_dropped(subject: Subject) -> Iterator[Finding]:
    """Every dropout behind the last layer of a head."""
    task = subject.spec.task
    if task is not None and task.kind == "features":
        return
    seen: set[Node] = set()
    for head in subject.heads:
        for node in () if head.is_inner else list_last(head):
            if node not in seen:
                seen.add(node)
                where = "" if head.output.name == "output" else f" '{head.output.name}'"
                message = "move it in front of the last layer"
                message += f", {describe_node(head.layer)}" if head.layer else ""
                yield Finding(
                    f"{describe_node(node)} zeroes numbers of the output{where} in training",
                    node,
                    help=(message,),
                    fixes=tuple(_propose(head, node, message)),
                )


def list_last(head: Head) -> Iterator[Node]:
    """The dropouts that no layer and no activation between layers follows."""
    for node in reversed(head.tail):
        if drops(node):
            yield node
        elif not isinstance(node.op, (*DROPOUTS, *VIEWS, *POOLS, *SQUASHERS)):
            return


def _propose(head: Head, node: Node, message: str) -> Iterator[Fix]:
    """The dropout before the layer: they change places, or it is written anew."""
    layer, text = head.layer, write_dropout(node, node.op.op)
    if layer is None:
        return
    own, other = node.origin.step, layer.origin.step
    if node.inputs[0].producer is layer:
        yield Fix(message, (SwapSteps(other, own),), True)
    if text:
        yield Fix(message, (RemoveStep(own), InsertBefore(other, text)), True)


RULE = Rule("dropout-on-output", Severity.WARNING, find_dropped)
