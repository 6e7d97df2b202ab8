"""Half of a kernel or more only ever falls on padding: those weights are never used.

## What it checks
At least half of the taps of a convolution's kernel fall outside of its input at every position of
its output. It is reckoned exactly, with strides, dilation and padding, along each axis.

## Why
Of a 3x3 kernel on a map of 1x1 only the middle tap meets a number: 8 of 9 weights are multiplied by
zeros, get no gradient, and cost what they would cost on a map. The same holds for taps that are
further apart than the map is long.
Source: Chen et al., arXiv:1706.05587, section 3.3, on large rates of dilation.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 64, height: 8, width: 8}
layers:
  - max_pool: 8
  - conv: {out_channels: 64, kernel_size: 3, padding: 1}
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 64, height: 8, width: 8}
layers:
  - max_pool: 4
  - conv: {out_channels: 64, kernel_size: 3, padding: 1}
  - relu
```

## When to ignore it
When the spec is for larger inputs, and this size is only for a quick run.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import prod

from cnnspec.analysis.taps import Taps
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, find_field_span
from cnnspec.lint.edits import Edit, SetField
from cnnspec.lint.sizes import are_chosen, join_sizes, list_windows, tell_defaults
from cnnspec.ops.conv import Conv, DepthwiseConv

LIMIT = Fraction(1, 2)


def find_dead(subject: Subject) -> Iterator[Finding]:
    """Every convolution of whose kernel half is of no use."""
    if not are_chosen(subject.graph):
        return
    for node in subject.list(Conv, DepthwiseConv):
        if has_room(node) or (taps := subject.taps[node]).dead_share < LIMIT:
            continue
        spacing = {window.dilation for window in list_windows(node) if window.kernel > 1}
        apart = "" if spacing == {1} else f", {join_sizes(sorted(spacing))} apart,"
        yield Finding(
            f"{taps.dead} of the {prod(taps.sizes)} taps of {describe_node(node)}{apart} fall on "
            f"padding alone: its input is only {join_sizes(node.shapes[0].sizes)}",
            node,
            span=find_field_span(node, "kernel_size"),
            notes=tell_defaults(subject.graph),
            help=("use a smaller kernel, or reduce the map less in the layers above",),
            fixes=tuple(propose_single(node, taps)),
        )


def propose_single(node: Node, taps: Taps) -> Iterator[Fix]:
    """A kernel of 1, where one tap does all the work."""
    step = node.origin.step
    steps_once = all(window.stride == 1 for window in list_windows(node))
    if (
        taps.dead == prod(taps.sizes) - 1
        and steps_once
        and node.shape.sizes == node.shapes[0].sizes
    ):
        edits: list[Edit] = [SetField(step, "kernel_size", "1")]
        if getattr(node.op, "padding", None) != "same":
            edits.append(SetField(step, "padding", "0"))
        yield Fix("write kernel_size: 1", tuple(edits))


def has_room(node: Node) -> bool:
    """Whether some step of the kernel lies within the map, so that all its taps do: most do."""
    assert isinstance(node.op, Conv | DepthwiseConv)
    kernel, dilation, stride = (
        value if isinstance(value, int) else max(value)
        for value in (node.op.kernel_size, node.op.dilation, node.op.stride)
    )
    return (kernel - 1) * dilation + stride <= min(node.inputs[0].known.sizes)


RULE = Rule("dead-kernel-taps", Severity.WARNING, find_dead)
