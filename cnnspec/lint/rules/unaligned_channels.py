"""A number of channels is no multiple of 8, which slows matrix units of graphics processors down.

## What it checks
A convolution without groups, a transposed one or a linear layer gives a number of channels that 8
does not divide. As many channels as an output has are exempt, since classes are given, and so are
layers of gates (squeeze-and-excite), which are small.

## Why
Tensor cores work on tiles: in half precision they are used best, and in older libraries used at
all, where the channels that go in and come out are multiples of 8 (of 16 for whole numbers of 8
bits). Other numbers are padded, or go another way. Source: NVIDIA, "Convolutional layers user's
guide", on channels in and out.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 30, kernel_size: 3}
  - relu
  - global_avg_pool
  - linear: 10
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - global_avg_pool
  - linear: 10
```

## When to ignore it
When the network runs on processors of another kind, or in single precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from cnnspec.analysis.heads import ACTIVATIONS, LAYERS, NORMS
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Rule, Subject, describe_node, find_field_span, follow_chain
from cnnspec.ops.conv import Conv, ConvTranspose
from cnnspec.ops.linear import Linear
from cnnspec.ops.merge import Multiply

UNIT = 8
# Two layers with what follows each, with room to spare.
_MOST_IN_GATE = 16
_IN_GATE = (*LAYERS, *ACTIVATIONS, *NORMS)


def find_unaligned(subject: Subject) -> Iterator[Finding]:
    """Every number of channels that tiles do not fit."""
    given = {output.value.known.channels for output in subject.graph.every_output}
    for node in subject.list(Conv, ConvTranspose, Linear):
        channels = node.shape.channels
        if channels % UNIT == 0 or getattr(node.op, "groups", 1) > 1:
            continue
        if channels in given or _is_gate(node):
            continue
        field = "out_features" if isinstance(node.op, Linear) else "out_channels"
        below = channels // UNIT * UNIT
        near = f"{below} or {below + UNIT}" if below else str(UNIT)
        yield Finding(
            f"{describe_node(node)} gives {channels} channels, which {UNIT} does not divide",
            node,
            find_field_span(node, field),
            help=(f"use {near}",),
        )


def _is_gate(node: Node) -> bool:
    """Whether a layer serves what a larger map is multiplied by."""
    value = node.output
    for after in islice(follow_chain(node, _IN_GATE), _MOST_IN_GATE):
        if isinstance(after.op, Multiply):
            return value.known.elements < after.shape.elements
        value = after.output
    return False


RULE = Rule("unaligned-channels", Severity.HINT, find_unaligned, profiles=frozenset({"gpu"}))
