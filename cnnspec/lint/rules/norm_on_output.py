"""A normalisation is the last thing that happens to the scores.

## What it checks
A `batch_norm`, `layer_norm`, `group_norm` or `instance_norm` stands between the last layer of a
head and its softmax, or its output where the task has classes.

## Why
A norm gives each score the same mean and deviation over the batch, or all scores of a sample the
same length. How sure the network is, and which classes are rare, can then be said only by the
norm's own scale and shift, and with `batch_norm` what one sample gets in training depends on the
others of its batch.

## Bad
```yaml
cnnspec: 1
name: net
task: classification
input: {features: 16}
layers:
  - linear: 8
  - relu
  - linear: 4
  - batch_norm
```

## Good
```yaml
cnnspec: 1
name: net
task: classification
input: {features: 16}
layers:
  - linear: 8
  - batch_norm
  - relu
  - linear: 4
```

## When to ignore it
When what is learned is a distance, and the scores are compared with each other alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.heads import NORMS, Head, find_scored
from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import RemoveStep
from cnnspec.ops.activation import Softmax


def find_norms(subject: Subject) -> Iterator[Finding]:
    """Every norm that gives the scores of a head."""
    scored = find_scored(subject.graph, subject.heads)
    for head in subject.heads:
        norm = head.find_scores_end()
        if norm is None or head.is_inner or not isinstance(norm.op, NORMS):
            continue
        if head.is_pooled_behind(norm):
            continue
        if head not in scored and not _ends_in_softmax(head):
            continue
        out, layer = f"take {norm.op.op} out", head.layer
        what = f"the scores of {describe_node(layer)}" if layer is not None else "the scores"
        yield Finding(
            f"{describe_node(norm)} rescales {what}",
            norm,
            help=(out, "write it before the activation in front of the last layer"),
            fixes=(Fix(out, (RemoveStep(norm.origin.step),), True),),
        )


def _ends_in_softmax(head: Head) -> bool:
    return head.squasher is not None and isinstance(head.squasher.op, Softmax)


RULE = Rule("norm-on-output", Severity.WARNING, find_norms)
