"""The map shrinks to a single position while convolutions with larger kernels still come.

## What it checks
A convolution or a sliding pool leaves a map whose sizes are all 1, and a convolution with a kernel
larger than 1 takes it, be it through other layers. Global pools are not asked about.

## Why
Behind a single position there are no neighbours: all that a larger kernel can read there is its own
padding. What the layers were stacked for, features of features over growing parts of the image,
has ended before them.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 1, height: 8, width: 8}
layers:
  - conv: {out_channels: 16, kernel_size: 3, stride: 2, padding: 1}
  - relu
  - max_pool: 4
  - conv: {out_channels: 32, kernel_size: 3, padding: 1}
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 1, height: 8, width: 8}
layers:
  - conv: {out_channels: 16, kernel_size: 3, stride: 2, padding: 1}
  - relu
  - max_pool: 2
  - conv: {out_channels: 32, kernel_size: 3, padding: 1}
  - relu
```

## When to ignore it
When the spec is for larger images, and this size is only for a quick run.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Rule, Subject, describe_node
from cnnspec.lint.sizes import are_chosen, join_sizes, tell_defaults


def find_early(subject: Subject) -> Iterator[Finding]:
    """Every op that leaves a single position too early."""
    if not are_chosen(subject.graph):
        return
    found: dict[Node, set[Node]] = {}
    for collapse in subject.collapses:
        if set(collapse.node.shape.sizes) == {1}:
            found.setdefault(collapse.node, set()).update(collapse.readers)
    for node, readers in found.items():
        before, after = join_sizes(node.shapes[0].sizes), join_sizes(node.shape.sizes)
        count = len(readers)
        who = "a convolution with a larger kernel"
        yield Finding(
            f"{describe_node(node)} makes {before} into {after}, and "
            f"{who if count == 1 else f'{count} convolutions with larger kernels'} "
            f"still {'comes' if count == 1 else 'come'}",
            node,
            notes=tell_defaults(subject.graph),
            help=("reduce the map less up to here, or take larger images",),
        )


RULE = Rule("early-1x1", Severity.WARNING, find_early)
