"""Convolutions come after every position of their map has seen the whole image already.

## What it checks
Two convolutions or more with kernels larger than 1 take maps of which each position depends on as
many rows as the image has, along every axis and even on the narrowest path. Networks that give a
map, or make one larger, are not asked about.

## Why
A kernel puts together what its neighbours have seen. Where all have seen everything, there is
nothing new to put together: measured with probes, such layers add nothing to the accuracy, and can
be left out, or be given larger images.
Source: Richter et al., arXiv:2106.12307.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 16, width: 16}
layers:
  - conv: {out_channels: 16, kernel_size: 9, padding: 4}
  - relu
  - max_pool: 2
  - conv: {out_channels: 32, kernel_size: 5, padding: 2}
  - relu
  - conv: {out_channels: 32, kernel_size: 3, padding: 1}
  - relu
  - conv: {out_channels: 32, kernel_size: 3, padding: 1}
  - relu
  - global_avg_pool
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 9, padding: 4}
  - relu
  - max_pool: 2
  - conv: {out_channels: 32, kernel_size: 5, padding: 2}
  - relu
  - conv: {out_channels: 32, kernel_size: 3, padding: 1}
  - relu
  - conv: {out_channels: 32, kernel_size: 3, padding: 1}
  - relu
  - global_avg_pool
```

## When to ignore it
When the network is made for larger images, or must fit a published checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.paths import follow_back
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Rule, Subject
from cnnspec.lint.sizes import find_image, is_spatial, join_sizes, tell_defaults
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.rearrange import PixelShuffle
from cnnspec.ops.resize import Resize, ResizeLike, Upsample
from cnnspec.ops.shapes import Kind

LEAST = 2


def find_late(subject: Subject) -> Iterator[Finding]:
    """The convolutions that come too late, as one."""
    image = find_image(subject.graph)
    spatial = [list(filter(is_spatial, subject.list(kind))) for kind in (Conv, DepthwiseConv)]
    last = [node for nodes in spatial for node in nodes[-LEAST:]]
    if image is None or draws_map(subject):
        return
    if not any(may_see_all(node, image) for node in last):
        return
    late = [node for nodes in spatial for node in nodes if sees_all(subject, node, image)]
    if len(late) < LEAST:
        return
    order = {node: place for place, node in enumerate(subject.graph.nodes)}
    late.sort(key=order.__getitem__)
    rows = [field.rows[0] for field in subject.fields[late[0].inputs[0]]]
    yield Finding(
        f"{len(late)} convolutions from {late[0].path} to {late[-1].path} come after every "
        f"position has seen the whole image: {join_sizes(rows)} rows of {join_sizes(image)}",
        late[0],
        notes=tell_defaults(subject.graph),
        help=("leave them out, take larger images, or reduce the map later",),
    )


def draws_map(subject: Subject) -> bool:
    """Whether a network gives maps, or works its way back to larger ones."""
    return bool(subject.list(ConvTranspose, PixelShuffle, Resize, ResizeLike, Upsample)) or any(
        value.known.kind is Kind.MAP and set(value.known.sizes) != {1}
        for value in subject.graph.outputs.values()
    )


def may_see_all(node: Node, image: tuple[int, ...]) -> bool:
    """Whether it is worth while to ask for all receptive fields: a path may be long enough.

    Most networks have shortcuts around everything.
    """
    *_, first = follow_back(node.inputs[0], -1)
    return all(rows >= size for rows, size in zip(first.rows, image, strict=False))


def sees_all(subject: Subject, node: Node, image: tuple[int, ...]) -> bool:
    """Whether each position of what an op takes depends on a stretch as long as the image."""
    fields = subject.fields[node.inputs[0]]
    return len(fields) == len(image) and all(
        field.low is not None and field.low >= size
        for field, size in zip(fields, image, strict=True)
    )


RULE = Rule("unproductive-layers", Severity.HINT, find_late)
