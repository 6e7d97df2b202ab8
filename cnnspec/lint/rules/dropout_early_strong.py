"""Strong dropout on the values of a map that has been through one convolution at most.

## What it checks
A `dropout` of 0.4 or more gets a map of several positions that at most one convolution (1x1 and
transposed ones count) was made of, and a convolution with a window comes behind it.

## Why
Neighbours in a map say nearly the same, so the next window still sees what was zeroed: dropping
single values regularises little, and adds noise to edges that all later layers build on.
Tompson et al., arXiv:1411.4280, section 3.2, drop whole channels instead.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - dropout: 0.4
  - conv: {out_channels: 64, kernel_size: 3}
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - spatial_dropout: 0.1
  - conv: {out_channels: 64, kernel_size: 3}
  - relu
```

## When to ignore it
When the network is to fill in what its input lacks, as an autoencoder of noisy images does.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, find_field_span
from cnnspec.lint.dropouts import list_map_dropouts
from cnnspec.lint.edits import ReplaceStep

STRONG = 0.4


def is_early(subject: Subject, node: Node, rate: float) -> bool:
    """Whether a dropout on a map is strong and comes before the second convolution."""
    return rate >= STRONG and subject.depths[node.output] <= 1


def find_early(subject: Subject) -> Iterator[Finding]:
    """Every strong dropout at the start of a network's convolutions."""
    for node, rate in list_map_dropouts(subject):
        if is_early(subject, node, rate):
            edit = ReplaceStep(node.origin.step, "spatial_dropout: 0.1")
            before = "one convolution" if subject.depths[node.output] else "no convolution"
            yield Finding(
                f"{describe_node(node)} zeroes {rate:.4g} of the values of a {node.shape} map "
                f"after {before}",
                node,
                find_field_span(node, "p"),
                notes=("neighbours of a zeroed value tell the next window what it was",),
                help=(
                    "write spatial_dropout: 0.1",
                    "leave it out where the head has one: dropout belongs to the head",
                ),
                fixes=(Fix("write spatial_dropout: 0.1", (edit,), True),),
            )


RULE = Rule("dropout-early-strong", Severity.WARNING, find_early)
