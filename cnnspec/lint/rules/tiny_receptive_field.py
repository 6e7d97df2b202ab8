"""The network pools positions that have each seen next to nothing of the image.

## What it checks
A global pool at the end of a network takes a map of which each position depends on less than 15 %
of the rows of the image, along every axis and on the widest path. Networks that flatten a map or
give one are not asked about, nor are signals of one axis.

## Why
What a position can know is its receptive field: it grows by `(kernel_size - 1) * dilation` times
the strides before each layer. The mean of many small patches tells what textures there are, but
not how they lie to each other: shapes larger than a patch are never seen.
Source: Araujo et al., "Computing receptive fields of convolutional neural networks", Distill, 2019;
Brendel and Bethge, arXiv:1904.00760, on bags of patches.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 224, width: 224}
layers:
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - max_pool: 2
  - conv: {out_channels: 64, kernel_size: 3}
  - relu
  - max_pool: 2
  - global_avg_pool
  - linear: 10
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 224, width: 224}
layers:
  - repeat: 5
    layers:
      - conv: {out_channels: 32, kernel_size: 5, padding: 2}
      - relu
      - max_pool: 2
  - global_avg_pool
  - linear: 10
```

## When to ignore it
When a bag of small patches is meant, or textures are all that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Rule, Subject
from cnnspec.lint.sight import TINY, find_sight


def find_patches(subject: Subject) -> Iterator[Finding]:
    """The last pool, where it takes tiny patches."""
    sight = find_sight(subject)
    if sight is not None and sight.share < TINY:
        yield sight.describe(subject)


RULE = Rule("tiny-receptive-field", Severity.WARNING, find_patches)
