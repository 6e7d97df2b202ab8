"""A transposed convolution writes some rows of its output more often than others.

## What it checks
Along some axis of a `conv_transpose` the kernel is no multiple of the stride, so that not every
row of the output is the sum of equally many taps. With a dilation, the taps are counted.

## Why
Tap t of input row i lands on output row i * stride + t * dilation. If `kernel_size % stride` is not
zero, neighbouring rows are summed from different numbers of taps, and the output shows a pattern of
squares that training has to unlearn.
Source: Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts", Distill, 2016.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 8, height: 16, width: 16}
layers:
  - conv_transpose: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1, output_padding: 1}
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 8, height: 16, width: 16}
layers:
  - conv_transpose: {out_channels: 4, kernel_size: 4, stride: 2, padding: 1}
```

## When to ignore it
When the layer must fit a published checkpoint.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Rule, Subject, describe_node, find_field_span
from cnnspec.lint.sizes import list_windows, name_axes
from cnnspec.ops.conv import ConvTranspose
from cnnspec.ops.windows import Window


def find_patterns(subject: Subject) -> Iterator[Finding]:
    """Every transposed convolution whose taps fall unevenly on its output."""
    for node in subject.list(ConvTranspose):
        windows, shape = list_windows(node), node.shapes[0]
        # The taps of a single row overlap with no others.
        uneven = {
            axis: window
            for axis, window in enumerate(windows)
            if shape.sizes[axis] > 1 and len(set(count_taps(window))) > 1
        }
        if not uneven:
            continue
        window = next(iter(uneven.values()))
        least, most = min(count_taps(window)), max(count_taps(window))
        fitting = -(-window.kernel // window.stride) * window.stride
        along = name_axes(shape, uneven)
        yield Finding(
            f"some rows of {describe_node(node)} are the sum of {most} taps and others of {least}"
            f"{along}: its kernel of {window.kernel} is no multiple of its stride {window.stride}",
            node,
            span=find_field_span(node, "kernel_size"),
            help=(
                f"use a kernel of {fitting}, or enlarge the map with upsample and a conv behind it",
            ),
        )


def count_taps(window: Window) -> list[int]:
    """How many taps fall on each of the rows from one stride to the next."""
    found = Counter(tap * window.dilation % window.stride for tap in range(window.kernel))
    return [found[row] for row in range(window.stride)]


RULE = Rule("checkerboard", Severity.HINT, find_patterns)
