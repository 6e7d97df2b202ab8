"""A layer adds a bias that the normalisation behind it takes away again.

## What it checks
A convolution or linear layer has a bias, and all that reads it is a `batch_norm` or an
`instance_norm`.

## Why
Normalisation subtracts the mean of each channel: (x + b) - mean(x + b) = x - mean(x). Whatever the
bias is, the result is the same, its gradient is zero, and the norm's own bias does its work.
Source: Ioffe and Szegedy, arXiv:1502.03167, section 3.2.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
  - batch_norm
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: 1, bias: false}
  - batch_norm
  - relu
```

## When to ignore it
When a published checkpoint has these biases, as those of VGG with batch norm have.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import (
    Finding,
    Fix,
    Rule,
    Subject,
    describe_node,
    find_field_span,
    find_reader,
)
from cnnspec.lint.edits import DropField, Edit, SetField
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.linear import Linear
from cnnspec.ops.norm import BatchNorm, InstanceNorm


def find_biases(subject: Subject) -> Iterator[Finding]:
    """Every bias that a norm cancels."""
    for node in subject.list(Conv, DepthwiseConv, ConvTranspose, Linear):
        if not getattr(node.op, "bias", False):
            continue
        norm = find_reader(node)
        if norm is not None and isinstance(norm.op, BatchNorm | InstanceNorm):
            yield Finding(
                f"the bias of {describe_node(node)} is cancelled by the {norm.op.op} behind it",
                node,
                notes=(f"its {node.shape.channels} numbers are stored, and change nothing",),
                help=("write bias: false",),
                fixes=(Fix("write bias: false", _drop_bias(node), True),),
            )


def _drop_bias(node: Node) -> tuple[Edit, ...]:
    """Take the bias from a step, and with it what it starts as."""
    step = node.origin.step
    if find_field_span(node, "bias_initializer") == step.span:
        return (SetField(step, "bias", "false"),)
    return SetField(step, "bias", "false"), DropField(step, "bias_initializer")


RULE = Rule("bias-before-norm", Severity.HINT, find_biases)
