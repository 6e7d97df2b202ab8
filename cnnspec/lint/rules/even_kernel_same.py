"""An even kernel with padding `same` moves the map by half a row.

## What it checks
A convolution with a stride of 1 and `padding: same` needs an odd number of rows of padding along
some axis, as even kernels do, so that one side gets more than the other.

## Why
`same` needs `(kernel_size - 1) * dilation` rows. Where that is odd, the odd row goes to the end,
and each output sits half a row before what it was made of. Over several layers the halves add up,
and features drift to one corner of the map.
Source: Wu et al., "Convolution with even-sized kernels and symmetric padding", arXiv:1903.08385.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 4, padding: same}
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: same}
```

## When to ignore it
When the layer must fit a published checkpoint, or where only what is there counts, not where it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, find_field_span
from cnnspec.lint.edits import SetField
from cnnspec.lint.sizes import list_windows, name_axes
from cnnspec.ops.conv import Conv, DepthwiseConv


def find_drifts(subject: Subject) -> Iterator[Finding]:
    """Every convolution whose padding is uneven for no reason but its kernel."""
    for node in subject.list(Conv, DepthwiseConv):
        if getattr(node.op, "padding", None) != "same":
            continue
        windows = list_windows(node)
        uneven = {
            axis: window
            for axis, window in enumerate(windows)
            if window.stride == 1 and window.before != window.after
        }
        if uneven:
            window = next(iter(uneven.values()))
            along = name_axes(node.shapes[0], uneven)
            yield Finding(
                f"{describe_node(node)} moves its map by half a row{along}: for a kernel of "
                f"{window.kernel}, same is a padding of {window.before} before and "
                f"{window.after} behind",
                node,
                span=find_field_span(node, "kernel_size"),
                help=(f"use a kernel of {window.kernel - 1} or {window.kernel + 1}",),
                fixes=tuple(propose_odd(node)),
            )


def propose_odd(node: Node) -> Iterator[Fix]:
    """The odd kernel next to an even one, a smaller one where that still looks around."""
    size = getattr(node.op, "kernel_size", None)
    if isinstance(size, int):
        odd = size - 1 if size > 2 else size + 1
        step = node.origin.step
        yield Fix(f"write kernel_size: {odd}", (SetField(step, "kernel_size", str(odd)),))


RULE = Rule("even-kernel-same", Severity.HINT, find_drifts)
