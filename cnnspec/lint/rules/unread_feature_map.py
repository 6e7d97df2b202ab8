"""Half of a feature map or more is computed and then read by nothing.

## What it checks
Of the positions of a feature map at most half are read on any way to an output, because a window
with a stride steps over the others. Maps are looked at as they are before padding or cropping.

## Why
A 1x1 convolution at stride 2 reads one position of four. If the map's other readers skip the same
ones, three quarters of what the layers above computed is thrown away. Reading it first and reducing
it then, with a 3x3 at stride 2 or an average pool before the 1x1, costs little and keeps it.
Source: He et al., "Bag of tricks for image classification", arXiv:1812.01187, section 4.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
  - relu
  - conv: {out_channels: 32, kernel_size: 1, stride: 2}
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
  - relu
  - avg_pool: 2
  - conv: {out_channels: 32, kernel_size: 1}
  - relu
```

## When to ignore it
When the network must fit a published checkpoint, as the first version of ResNet-50 has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node, Value
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import InsertBefore, SetField
from cnnspec.lint.sizes import list_windows
from cnnspec.ops.conv import Conv, DepthwiseConv
from cnnspec.ops.pool import AvgPool, LpPool, MaxPool, MinPool
from cnnspec.ops.rearrange import Slice
from cnnspec.ops.reshape import Crop, CropLike, ZeroPad
from cnnspec.ops.resize import Resize, ResizeLike

LIMIT = Fraction(1, 2)
_VIEWS = (Crop, CropLike, ZeroPad)
_SKIPPING = (*_VIEWS, Resize, ResizeLike, Slice)


def find_wasted(subject: Subject) -> Iterator[Finding]:
    """Every map of which too little is read, at the first op that steps over it."""
    found: dict[Value, list[Node]] = {}
    for node in find_stepping(subject):
        value = find_source(node)
        # What reads half of a map, but of whose own result only half is read, is not to blame.
        if subject.coverage[value].share <= LIMIT < subject.coverage[node.output].share:
            found.setdefault(value, []).append(node)
    for value, (node, *others) in found.items():
        share = 1 - subject.coverage[value].share
        more = f" and {describe_node(others[0])}" if len(others) == 1 else ""
        more = f" and {len(others)} others" if len(others) > 1 else more
        yield Finding(
            f"{float(share):.0%} of the map {value.known} is read by nothing: "
            f"{describe_node(node)}{more} {'steps' if not others else 'step'} over it",
            node,
            help=("put the stride into a layer with a larger kernel, or pool before it",),
            fixes=() if others else tuple(propose_pool(node)),
        )


def propose_pool(node: Node) -> Iterator[Fix]:
    """The mean of the positions that are stepped over, before a kernel of 1."""
    stride = getattr(node.op, "stride", None)
    if isinstance(stride, int) and all(window.kernel == 1 for window in list_windows(node)):
        step = node.origin.step
        rest = any(size % stride for size in node.shapes[0].sizes)
        text = f"{{kernel_size: {stride}, ceil_mode: true}}" if rest else str(stride)
        edits = InsertBefore(step, f"avg_pool: {text}"), SetField(step, "stride", "1")
        yield Fix(f"put an avg_pool of {stride} before it", edits)


def find_stepping(subject: Subject) -> list[Node]:
    """The ops whose windows leave gaps; none where others read all of the same maps."""
    found = [
        node
        for node in subject.list(Conv, DepthwiseConv, MaxPool, AvgPool, MinPool, LpPool)
        if getattr(node.op, "stride", None) != 1
        and any(
            window.stride > window.extent or window.extent > window.kernel
            for window in list_windows(node)
        )
    ]
    stepping = set(found)
    # Where each of these maps is read in full as well, all is: what is read where is some work.
    lost = any(
        all(reader in stepping or isinstance(reader.op, _SKIPPING) for reader in value.readers)
        for value in {node.inputs[0] for node in found}
    )
    return found if lost else []


def find_source(node: Node) -> Value:
    """The map that an op reads, without what was padded or cropped."""
    value = node.inputs[0]
    while value.producer is not None and isinstance(value.producer.op, _VIEWS):
        value = value.producer.inputs[0]
    return value


RULE = Rule("unread-feature-map", Severity.WARNING, find_wasted)
