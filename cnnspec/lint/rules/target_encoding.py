"""The loss does not take targets as they are written down.

## What it checks
The task has a loss and an encoding of its `target`, and the loss takes others. Labels of a head
with a single number are 0 or 1, which a binary cross entropy takes.

## Why
A label is the number of a class, `one_hot` a number for each class. A loss that gets the other one
fails on the first batch, or worse, compares label 7 with each of the scores.
Source: the pages of Keras' CategoricalCrossentropy and SparseCategoricalCrossentropy.

## Bad
```yaml
cnnspec: 1
name: net
task: {kind: classification, classes: 10, loss: categorical_cross_entropy, target: labels}
input: {features: 16}
layers:
  - linear: 10
  - softmax
```

## Good
```yaml
cnnspec: 1
name: net
task: {kind: classification, classes: 10, loss: sparse_categorical_cross_entropy, target: labels}
input: {features: 16}
layers:
  - linear: 10
  - softmax
```

## When to ignore it
Never: it is an error. Leave the target out where it is made to fit while data is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.heads import find_judged
from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Fix, Rule, Subject
from cnnspec.lint.edits import ReplaceText
from cnnspec.spec.keys import LOSSES


def find_misfit(subject: Subject) -> Iterator[Finding]:
    """A target that the loss does not take."""
    task = subject.spec.task
    if task is None or task.loss is None or task.target is None:
        return
    encoding, kind = task.target.encoding, LOSSES[task.loss.name]
    if encoding is None or encoding in kind.targets:
        return
    if encoding == "labels" and kind.squasher == "sigmoid" and _is_single(subject):
        return
    losses = [
        name
        for name, other in LOSSES.items()
        if encoding in other.targets and other.squasher == kind.squasher
    ]
    losses = [name for name in losses if LOSSES[name].takes == kind.takes] or losses
    words = [*kind.targets[:-2], " or ".join(kind.targets[-2:])]
    yield Finding(
        f"{task.loss.name} takes targets as {', '.join(words)}, not as {encoding}",
        span=task.target.span,
        help=(f"write {' or '.join(losses)}",) if losses else (),
        fixes=tuple(
            Fix(f"write {name}", (ReplaceText(task.loss.span, name),), len(losses) == 1)
            for name in losses
        ),
    )


def _is_single(subject: Subject) -> bool:
    heads = find_judged(subject.graph, subject.heads) or subject.heads
    return any(head.value.known.channels == 1 for head in heads)


RULE = Rule("target-encoding", Severity.ERROR, find_misfit)
