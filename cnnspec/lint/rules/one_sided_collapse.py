"""One axis of the map shrinks to a single row long before the others do.

## What it checks
A convolution or a sliding pool leaves one row along an axis of several, another axis is longer, and
a convolution whose kernel is larger than 1 along the short axis takes it, be it through other
layers.

## Why
Inputs that are not square run out along their short axis first. From there on larger kernels read
only padding along it, and strides along it do nothing, while the long axis could go on.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 1, height: 4, width: 64}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
  - relu
  - max_pool: 4
  - conv: {out_channels: 32, kernel_size: 3, padding: 1}
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 1, height: 4, width: 64}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
  - relu
  - max_pool: [1, 4]
  - conv: {out_channels: 32, kernel_size: 3, padding: 1}
  - relu
```

## When to ignore it
When a sequence is meant to come out, as of lines of text, and the kernels stay square for a
checkpoint's sake.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Rule, Subject, describe_node
from cnnspec.lint.sizes import are_chosen, join_sizes, tell_defaults


def find_one_sided(subject: Subject) -> Iterator[Finding]:
    """Every op that uses up one axis of several too early."""
    if not are_chosen(subject.graph):
        return
    for collapse in subject.collapses:
        node = collapse.node
        if set(node.shape.sizes) == {1}:
            continue
        axis = node.shape.axes[collapse.axis]
        before, after = join_sizes(node.shapes[0].sizes), join_sizes(node.shape.sizes)
        first = collapse.readers[0]
        yield Finding(
            f"{describe_node(node)} uses up the {axis} alone: it makes {before} into {after}, and "
            f"{describe_node(first)} still looks along it",
            node,
            notes=tell_defaults(subject.graph),
            help=(f"leave the {axis} out of strides and pools up to here, or take a longer one",),
        )


RULE = Rule("one-sided-collapse", Severity.HINT, find_one_sided)
