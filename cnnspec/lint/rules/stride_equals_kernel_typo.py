"""A convolution moves by as many rows as its kernel has, and skips what lies across two windows.

## What it checks
A convolution of a map with two or three axes has a stride equal to its odd kernel along every axis:
3 anywhere, 5 or more behind another convolution. Kernels that are even, or the first layer's with 5
or more, are taken for patches that are meant.

## Why
Windows that do not overlap see no feature that lies across two of them, and a stride of 3 leaves a
ninth of the positions. Often it was never meant: in the first version of Keras
`Convolution2D(32, 3, 3)` was a kernel of 3x3, and since the second the last number is the stride.
Source: Keras, `Conv2D(filters, kernel_size, strides)`, keras.io/api/layers/convolution_layers.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 81, width: 81}
layers:
  - conv: {out_channels: 32, kernel_size: 3, stride: 3}
  - relu
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 81, width: 81}
layers:
  - conv: {out_channels: 32, kernel_size: 3, stride: 1}
  - relu
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
```

## When to ignore it
When patches without overlap are meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Graph, Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, find_field_span
from cnnspec.lint.edits import SetField
from cnnspec.lint.sizes import join_sizes, list_windows
from cnnspec.ops.conv import Conv, DepthwiseConv


def find_typos(subject: Subject) -> Iterator[Finding]:
    """Every convolution whose stride may be a slip."""
    behind: set[Node] | None = None
    for node in subject.list(Conv):
        # Most convolutions are done with here.
        if getattr(node.op, "stride", 1) == 1:
            continue
        (shape,) = node.shapes
        windows = list_windows(node)
        if shape.rank < 2 or any(
            window.stride != window.kernel or window.kernel % 2 == 0 or window.kernel == 1
            for window in windows
        ):
            continue
        if max(window.kernel for window in windows) > 3:
            # Only what is wrong with a network is worth the time.
            behind = list_behind(subject.graph) if behind is None else behind
            if node not in behind:
                continue
        size = join_sizes(window.kernel for window in windows)
        yield Finding(
            f"the stride of {describe_node(node)} equals its {size} kernel: {shape} becomes "
            f"{node.shape}",
            node,
            span=find_field_span(node, "stride"),
            notes=("windows do not overlap, and features across two of them are not seen",),
            help=("write stride: 1 if the kernel's size was meant",),
            fixes=(Fix("write stride: 1", (SetField(node.origin.step, "stride", "1"),)),),
        )


def list_behind(graph: Graph) -> set[Node]:
    """The ops that some convolution is before."""
    found: set[Node] = set()
    for node in graph.nodes:
        makers = [value.producer for value in node.flows if value.producer is not None]
        if any(isinstance(m.op, Conv | DepthwiseConv) or m in found for m in makers):
            found.add(node)
    return found


RULE = Rule("stride-equals-kernel-typo", Severity.WARNING, find_typos)
