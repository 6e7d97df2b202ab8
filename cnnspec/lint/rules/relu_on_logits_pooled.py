"""Scores for each place of a map lose their sign before they are pooled.

## What it checks
A `relu` or an op like it stands right behind the last layer of a head, a pooling follows, and then
nothing but a softmax or sigmoid; the head ends in one of these, or gives the scores of a task with
classes.

## Why
A place that speaks against a class has a negative score, and the mean over the map should count it.
ReLU makes it 0, so only places that speak for a class have a say. Lin et al., arXiv:1312.4400
(network in network), Springenberg et al., arXiv:1412.6806, and Iandola et al., arXiv:1602.07360
(SqueezeNet), do it all the same.

## Bad
```yaml
cnnspec: 1
name: net
task: classification
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
  - relu
  - conv: {out_channels: 10, kernel_size: 1}
  - relu
  - global_avg_pool
```

## Good
```yaml
cnnspec: 1
name: net
task: classification
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
  - relu
  - conv: {out_channels: 10, kernel_size: 1}
  - global_avg_pool
```

## When to ignore it
When the network is a published one whose weights were trained like this.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import RemoveStep
from cnnspec.lint.rules.relu_on_logits import list_rectified


def find_cut_maps(subject: Subject) -> Iterator[Finding]:
    """Every rectifier between the last layer of a head and its pooling."""
    for head, relu in list_rectified(subject):
        if not head.is_pooled_behind(relu) or head.layer is None:
            continue
        # Behind a norm it closes a stage of a network that has no layer for its scores.
        if relu.inputs[0].producer is head.layer:
            yield Finding(
                f"{describe_node(relu)} takes what speaks against a class out of the scores of "
                f"{describe_node(head.layer)} before they are pooled",
                relu,
                help=(f"take {relu.op.op} out",),
                fixes=(Fix(f"take {relu.op.op} out", (RemoveStep(relu.origin.step),)),),
            )


RULE = Rule("relu-on-logits-pooled", Severity.HINT, find_cut_maps)
