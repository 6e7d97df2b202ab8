"""The network pools positions that have each seen less than half of the image.

## What it checks
A global pool at the end of a network takes a map of which each position depends on 15 % up to 50 %
of the rows of the image, along the axis of which it sees most and on the widest path. Below that it
is `tiny-receptive-field`.

## Why
What a position can know is its receptive field: it grows by `(kernel_size - 1) * dilation` times
the strides before each layer. Objects that are larger than it are only seen in parts, which the
pool adds up without their places.
Source: Araujo et al., "Computing receptive fields of convolutional neural networks", Distill, 2019.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 1, height: 28, width: 28}
layers:
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - max_pool: 2
  - conv: {out_channels: 64, kernel_size: 3}
  - relu
  - global_avg_pool
  - linear: 10
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 1, height: 28, width: 28}
layers:
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - max_pool: 2
  - conv: {out_channels: 64, kernel_size: 3}
  - relu
  - max_pool: 2
  - conv: {out_channels: 64, kernel_size: 3}
  - relu
  - global_avg_pool
  - linear: 10
```

## When to ignore it
When what is asked for is small in the image, or a texture.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Rule, Subject
from cnnspec.lint.sight import TINY, find_sight

LIMIT = Fraction(1, 2)


def find_parts(subject: Subject) -> Iterator[Finding]:
    """The last pool, where it takes parts of the image."""
    sight = find_sight(subject)
    if sight is not None and TINY <= sight.share < LIMIT:
        yield sight.describe(subject)


RULE = Rule("small-receptive-field", Severity.HINT, find_parts)
