"""The first convolution and what follows it leave one position of 64 or fewer.

## What it checks
Along an axis of more than 64 rows, rows are already 8 rows of the input apart behind at most one
convolution with a kernel larger than 1. Convolutions that cut the image into patches of 4 or more,
without overlap, are left alone, as are signals of one axis.

## Why
Each position then stands for 8x8 pixels of which one layer has made its channels: what that layer
did not keep is lost for all others. Sizes should shrink step by step.
Source: Szegedy et al., arXiv:1512.00567, section 2, "avoid representational bottlenecks".

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 224, width: 224}
layers:
  - conv: {out_channels: 64, kernel_size: 11, stride: 4, padding: 2}
  - relu
  - max_pool: {kernel_size: 3, stride: 2}
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 224, width: 224}
layers:
  - conv: {out_channels: 64, kernel_size: 7, stride: 2, padding: 3}
  - relu
  - max_pool: {kernel_size: 3, stride: 2}
```

## When to ignore it
When a published network starts so, as AlexNet does, or when images hold no fine detail.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Rule, Subject, describe_node
from cnnspec.lint.sizes import SMALL_IMAGE, are_chosen, join_sizes, name_axes, tell_defaults

LIMIT = 8


def find_hasty_stems(subject: Subject) -> Iterator[Finding]:
    """Every op behind which rows of the input are far apart already."""
    if not are_chosen(subject.graph):
        return
    for early in subject.stem:
        axes = [
            axis
            for axis, size in enumerate(early.image.sizes)
            if size > SMALL_IMAGE and early.before[axis] < LIMIT <= early.after[axis]
        ]
        if not axes or early.image.rank < 2:
            continue
        shape = early.node.shape
        yield Finding(
            f"behind {describe_node(early.node)} an image of {join_sizes(early.image.sizes)} is "
            f"{join_sizes(shape.sizes)} after one convolution at most{name_axes(shape, axes)}",
            early.node,
            notes=tell_defaults(subject.graph),
            help=("let smaller strides take turns with convolutions",),
        )


RULE = Rule("aggressive-stem", Severity.HINT, find_hasty_stems)
