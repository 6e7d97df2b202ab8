"""The image is pooled before anything is learned from it.

## What it checks
A `max_pool`, `avg_pool`, `min_pool` or `lp_pool` with a stride takes an input of up to 4 channels
with nothing learned in between, and everything that reads the input goes through the pool.

## Why
A stride of 2 leaves a quarter of the pixels, chosen by their value alone, before the first layer
that could learn which of them matter. The same pool behind a convolution keeps what that found.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 64, width: 64}
layers:
  - max_pool: 2
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 64, width: 64}
layers:
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - max_pool: 2
```

## When to ignore it
When images come larger than the network needs them and an `avg_pool` makes them smaller.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, find_reader
from cnnspec.lint.edits import SwapSteps
from cnnspec.lint.sizes import list_windows
from cnnspec.ops.activation import Relu
from cnnspec.ops.conv import Conv, DepthwiseConv
from cnnspec.ops.norm import BatchNorm, InstanceNorm, LayerNorm
from cnnspec.ops.pool import AvgPool, LpPool, MaxPool, MinPool
from cnnspec.ops.regularize import Dropout, SpatialDropout
from cnnspec.ops.reshape import Crop, Identity, ZeroPad

# An input with more channels is made of features that something else learned.
MAX_IMAGE_CHANNELS = 4
_LEARNS_NOTHING = (
    BatchNorm, Crop, Dropout, Identity, InstanceNorm, LayerNorm, Relu, SpatialDropout, ZeroPad,
)  # fmt: skip


def find_pooled_images(subject: Subject) -> Iterator[Finding]:
    """Every pool that all of an image goes through."""
    for node in subject.list(MaxPool, AvgPool, MinPool, LpPool):
        (shape,) = node.shapes
        if shape.channels > MAX_IMAGE_CHANNELS or not takes_image(node):
            continue
        if all(window.stride == 1 or window.kernel == 1 for window in list_windows(node)):
            continue
        gone = 1 - node.shape.elements / shape.elements
        yield Finding(
            f"{describe_node(node)} makes {shape} into {node.shape} before anything is learned: "
            f"{gone:.0%} of the image is gone",
            node,
            help=("put the first convolution before it, or take smaller images",),
            fixes=tuple(propose_swap(node)),
        )


def propose_swap(pool: Node) -> Iterator[Fix]:
    """To let a pool and the convolution behind it change places."""
    conv = find_reader(pool)
    if conv is not None and isinstance(conv.op, Conv | DepthwiseConv):
        yield Fix(
            f"write it behind {describe_node(conv)}",
            (SwapSteps(pool.origin.step, conv.origin.step),),
        )


def takes_image(node: Node) -> bool:
    """Whether a pool alone reads an input, through nothing that has learned anything."""
    while True:
        value = node.inputs[0]
        if len(value.readers) > 1 or value.is_output:
            return False
        if value.producer is None:
            return True
        node = value.producer
        if not isinstance(node.op, _LEARNS_NOTHING):
            return False


RULE = Rule("pool-before-conv", Severity.WARNING, find_pooled_images)
