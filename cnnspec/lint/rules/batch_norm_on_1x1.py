"""A batch norm takes maps of a single position, and cannot train on a batch of one.

## What it checks
A `batch_norm` takes a feature map whose sizes are all 1.

## Why
Statistics are over the batch and all positions. With one position there are as many numbers as
samples in the batch: they are noisy in small batches, and of a batch of one, as the last of an
epoch may be, the variance is zero and the output constant. PyTorch refuses such a batch in
training: "Expected more than 1 value per channel when training".
Source: Wu and He, arXiv:1803.08494, on small batches.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 8, height: 32, width: 32}
layers:
  - global_avg_pool: {keepdims: true}
  - conv: {out_channels: 16, kernel_size: 1, bias: false}
  - batch_norm
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 8, height: 32, width: 32}
layers:
  - global_avg_pool: {keepdims: true}
  - conv: {out_channels: 16, kernel_size: 1}
  - relu
```

## When to ignore it
When every batch in training is large, as the pooled branch of DeepLab expects.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Rule, Subject, describe_node
from cnnspec.lint.sizes import are_chosen
from cnnspec.ops.norm import BatchNorm
from cnnspec.ops.pool import AdaptiveAvgPool, GlobalAvgPool, GlobalMaxPool
from cnnspec.ops.shapes import Kind


def find_single(subject: Subject) -> Iterator[Finding]:
    """Every batch norm of maps of one position."""
    chosen = are_chosen(subject.graph)
    known: dict[Node, bool] = {}
    for node in subject.list(BatchNorm):
        (shape,) = node.shapes
        if (
            shape.kind is Kind.MAP
            and set(shape.sizes) == {1}
            and (chosen or is_pooled(node, known))
        ):
            yield Finding(
                f"{describe_node(node)} has one number per channel and sample ({shape}): "
                "it cannot train on a batch of one",
                node,
                help=(
                    "use group_norm or no norm here, or reduce the map less in the layers above",
                ),
            )


def is_pooled(node: Node, known: dict[Node, bool]) -> bool:
    """Whether its map has one position because all others were pooled, whatever their number.

    `known` is what was found of other ops.
    """
    passed, found = [], False
    while (producer := node.inputs[0].producer) is not None:
        if producer in known:
            found = known[producer]
            break
        if isinstance(producer.op, GlobalAvgPool | GlobalMaxPool | AdaptiveAvgPool):
            found = True
            break
        if producer.op.starts or set(producer.shapes[0].sizes) != {1}:
            break
        passed.append(producer)
        node = producer
    known.update(dict.fromkeys(passed, found))
    return found


RULE = Rule("batch-norm-on-1x1", Severity.HINT, find_single)
