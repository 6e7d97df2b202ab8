"""A convolution of all channels has a kernel that smaller ones in a row would do for less.

## What it checks
A `conv` without groups has a kernel of 5 or more along two axes or more. It is silent on the first
layers (4 channels or fewer go in), where windows do not overlap (patches), and where the kernel
covers the whole map.

## Why
A kernel of k x k has k * k weights for each pair of channels. Three convolutions of 3x3 see the
7x7 positions of one, have 27 weights for its 49, and three activations. A depthwise convolution has
k * k weights for each channel alone: that is what networks for telephones use.
Source: Simonyan and Zisserman, arXiv:1409.1556, section 2.3; Howard et al., arXiv:1704.04861,
section 3.1.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 16, height: 32, width: 32}
layers:
  - conv: {out_channels: 32, kernel_size: 5, padding: 2}
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 16, height: 32, width: 32}
layers:
  - conv: {out_channels: 32, kernel_size: 3, padding: 1}
  - relu
  - conv: {out_channels: 32, kernel_size: 3, padding: 1}
```

## When to ignore it
When the network is a published one, or has been measured to need it.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Rule, Subject, describe_node, find_field_span
from cnnspec.ops.conv import Conv

LEAST = 5


def find_large(subject: Subject) -> Iterator[Finding]:
    """Every large kernel of all channels."""
    for node in subject.list(Conv):
        assert isinstance(node.op, Conv)
        channels = node.inputs[0].known.channels
        kernel = node.weights[0].shape[2:]
        if sum(size >= LEAST for size in kernel) < 2 or node.op.groups > 1 or channels <= 4:
            continue
        windows = [w for w in node.op.resolve(node.inputs[0].known) if w.kernel >= LEAST]
        if any(w.stride >= w.kernel for w in windows) or prod(node.shape.sizes) == 1:
            continue
        shown = "x".join(map(str, kernel))
        # Kernels of 3 that see as far, with the same channels in between.
        stacked = max(kernel) // 2
        yield Finding(
            f"{describe_node(node)} has a kernel of {shown} over {channels} channels: "
            f"{prod(node.weights[0].shape):,} weights",
            node,
            find_field_span(node, "kernel_size"),
            help=(
                f"{stacked} convolutions with a kernel of 3 see as far; or use depthwise_conv "
                "and a conv with a kernel of 1",
            ),
        )


RULE = Rule("large-kernel", Severity.HINT, find_large, profiles=frozenset({"pedantic", "mobile"}))
