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

from collections.abc import Iterator
from math import gcd

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, find_field_span
from cnnspec.lint.edits import Edit, SetField
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
            if shape.sizes[axis] > 1 and len(count_taps(window)) > 1
        }
        if not uneven:
            continue
        window = next(iter(uneven.values()))
        least, most = min(count_taps(window)), max(count_taps(window))
        along = name_axes(shape, uneven)
        field, reason, advice = explain(window)
        yield Finding(
            f"some rows of {describe_node(node)} are the sum of {most} taps and others of {least}"
            f"{along}: {reason} its stride {window.stride}",
            node,
            span=find_field_span(node, field),
            help=(f"{advice}, or enlarge the map with upsample and a conv behind it",),
            fixes=tuple(propose_kernel(node, window)),
        )


def explain(window: Window) -> tuple[str, str, str]:
    """The field to blame, why, and what to do instead."""
    if window.kernel % window.stride:
        reason = f"its kernel of {window.kernel} is no multiple of"
        return "kernel_size", reason, f"use a kernel of {round_up(window)}"
    reason = f"its dilation of {window.dilation} has a divisor in common with"
    return "dilation", reason, "use a dilation of 1"


def round_up(window: Window) -> int:
    """The next kernel that is a multiple of the stride."""
    return -(-window.kernel // window.stride) * window.stride


def propose_kernel(node: Node, window: Window) -> Iterator[Fix]:
    """A larger kernel, with what makes the output as large as it was."""
    op = node.op
    assert isinstance(op, ConvTranspose)
    given = op.kernel_size, op.padding, op.output_padding
    if not all(isinstance(value, int) for value in given) or op.dilation != 1:
        return
    fitting = round_up(window)
    kernel, padding, extra = (int(str(value)) for value in given)
    more = fitting - kernel
    # The output is larger by the kernel and by what is added at its end, less two paddings.
    less = max(0, more - extra)
    if less % 2:
        return
    changes = {
        "kernel_size": fitting,
        "padding": padding + less // 2,
        "output_padding": extra - (more - less),
    }
    old = {"padding": padding, "output_padding": extra}
    edits: list[Edit] = [
        SetField(node.origin.step, name, str(value))
        for name, value in changes.items()
        if value != old.get(name)
    ]
    yield Fix(f"write kernel_size: {fitting}, so that the output keeps its size", tuple(edits))


def count_taps(window: Window) -> set[int]:
    """How many taps fall on the rows from one stride to the next, in different numbers."""
    apart = gcd(window.dilation, window.stride)
    # Taps fall on these rows in turn, and on those between them never.
    reached = window.stride // apart
    each, more = divmod(window.kernel, reached)
    return {each, each + (more > 0), *([0] if apart > 1 else [])}


RULE = Rule("checkerboard", Severity.HINT, find_patterns)
