"""The first layers reduce a small image as if it were a large one.

## What it checks
Along an axis of at most 64 rows, rows are already 4 rows of the input apart behind at most one
convolution with a kernel larger than 1. Convolutions that cut the image into patches of 4 or more,
without overlap, are left alone, as are signals of one axis.

## Why
A kernel of 7 at stride 2 and a pool at stride 2 are made for images of 224x224, of which 56x56
positions remain. Of 32x32 only 8x8 do, before anything but edges was seen, and the stages that
follow halve them again. Networks for small images start with a kernel of 3 at stride 1, and
without a pool.
Source: He et al., arXiv:1512.03385, section 4.2 for images of 32x32; Richter et al., "(Input) size
matters for CNN classifiers", 2021.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 64, kernel_size: 7, stride: 2, padding: 3}
  - relu
  - max_pool: {kernel_size: 3, stride: 2, padding: 1}
  - conv: {out_channels: 64, kernel_size: 3, padding: 1}
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 64, kernel_size: 3, padding: 1}
  - relu
  - conv: {out_channels: 64, kernel_size: 3, stride: 2, padding: 1}
  - relu
  - max_pool: {kernel_size: 3, stride: 2, padding: 1}
```

## When to ignore it
When small images are fed to a network only to try it out, or details do not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from cnnspec.analysis.stem import Early
from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import Edit, RemoveStep, SetField
from cnnspec.lint.sizes import (
    SMALL_IMAGE,
    are_chosen,
    is_spatial,
    join_sizes,
    name_axes,
    tell_defaults,
)
from cnnspec.ops.conv import Conv

LIMIT = 4


def find_large_stems(subject: Subject) -> Iterator[Finding]:
    """Every op behind which rows of a small image are far apart already."""
    if not are_chosen(subject.graph):
        return
    for place, early in enumerate(subject.stem):
        axes = [
            axis
            for axis, size in enumerate(early.image.sizes)
            if 1 < size <= SMALL_IMAGE and early.before[axis] < LIMIT <= early.after[axis]
        ]
        if not axes or early.image.rank < 2:
            continue
        shape = early.node.shape
        yield Finding(
            f"behind {describe_node(early.node)} an image of {join_sizes(early.image.sizes)} is "
            f"only {join_sizes(shape.sizes)}, and one convolution at most has seen it"
            f"{name_axes(shape, axes)}",
            early.node,
            notes=("such starts are for images of 224x224", *tell_defaults(subject.graph)),
            help=("start with a convolution of kernel_size 3 and stride 1, and without a pool",),
            fixes=tuple(propose_start(islice(subject.stem, place + 1))),
        )


def propose_start(stem: Iterable[Early]) -> Iterator[Fix]:
    """A kernel of 3 at stride 1, and no pool, where the ops up to one are a chain."""
    edits: list[Edit] = []
    for early in stem:
        node = early.node
        if len(node.inputs) > 1 or len(node.inputs[0].readers) > 1:
            return
        step = node.origin.step
        if isinstance(node.op, Conv) and is_spatial(node):
            fields = {"kernel_size": "3", "stride": "1", "padding": "1"}
            edits += [SetField(step, name, text) for name, text in fields.items()]
        elif early.before != early.after:
            edits.append(RemoveStep(step))
    if any(isinstance(edit, SetField) for edit in edits):
        yield Fix("start with a kernel of 3 at stride 1, and without a pool", tuple(edits))


RULE = Rule("imagenet-stem-small-input", Severity.WARNING, find_large_stems)
