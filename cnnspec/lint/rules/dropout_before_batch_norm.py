"""Dropout before a batch norm shifts the variance that the norm has learned.

## What it checks
A `batch_norm` gets the result of a `dropout` or `spatial_dropout`, or that of a convolution or
linear layer that gets it; what only moves values may stand between.

## Why
In training dropout adds p / (1 - p) times the square of each number to the variance, and the norm
keeps a mean of that. In evaluation dropout does nothing, and the norm divides by a deviation that
is too large: Li et al., arXiv:1801.05134, "Understanding the disharmony between dropout and batch
normalization by variance shift".

## Bad
```yaml
cnnspec: 1
name: net
input: {features: 16}
layers:
  - linear: 8
  - relu
  - dropout: 0.5
  - batch_norm
  - linear: 4
```

## Good
```yaml
cnnspec: 1
name: net
input: {features: 16}
layers:
  - linear: 8
  - batch_norm
  - relu
  - dropout: 0.5
  - linear: 4
```

## When to ignore it
When a published network has it, as the head of DeepLab has, or the rate is very small.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.heads import LAYERS, VIEWS, Walk
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.dropouts import drops
from cnnspec.lint.edits import SwapSteps
from cnnspec.ops.norm import BatchNorm
from cnnspec.ops.regularize import Dropout, SpatialDropout


def find_shifts(subject: Subject) -> Iterator[Finding]:
    """Every dropout whose noise a batch norm measures, each once."""
    if not any(map(drops, subject.list(Dropout, SpatialDropout))):
        return
    seen: set[Node] = set()
    walk = Walk(VIEWS)
    for norm in subject.list(BatchNorm):
        source = walk.back(norm.inputs[0])
        layer: Node | None = None
        if source is not None and isinstance(source.op, LAYERS):
            layer, source = source, walk.back(source.inputs[0])
        if source is None or not isinstance(source.op, Dropout | SpatialDropout):
            continue
        rate = source.op.p
        if rate > 0 and source not in seen:
            seen.add(source)
            swap = SwapSteps(source.origin.step, norm.origin.step)
            message = "move the dropout behind the norm"
            through = f" through {describe_node(layer)}" if layer else ""
            yield Finding(
                f"{describe_node(source)} comes before {describe_node(norm)}{through}",
                source,
                notes=(
                    f"in training the variance of each number grows by {rate / (1 - rate):.3g} "
                    "times its square, in evaluation it does not",
                ),
                help=(message,),
                fixes=() if layer else (Fix(message, (swap,), True),),
            )


RULE = Rule("dropout-before-batch-norm", Severity.HINT, find_shifts)
