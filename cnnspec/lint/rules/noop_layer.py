"""A layer hands on what it gets, whatever that is.

## What it checks
The numbers of a step, as they are written, make it do nothing:

- a pool with a window of 1 and a stride of 1 (`max_pool`, `min_pool`, `avg_pool`)
- `dropout`, `spatial_dropout` or `stochastic_depth` of 0
- `upsample`, `pixel_shuffle` or `pixel_unshuffle` by 1, `channel_shuffle` of one group
- `zero_pad`, `crop` or `pad_channels` of 0, `split` into one part
- `flatten` of a vector, outside of blocks
- `concat` of one value

A number that a parameter or a loop gives may be another elsewhere, and is no fault.

## Why
A reader looks for what it is there for, and a typo looks the same: `max_pool: 1` was to be 2.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
  - relu
  - max_pool: 1
  - global_avg_pool
  - linear: 10
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
  - relu
  - max_pool: 2
  - global_avg_pool
  - linear: 10
```

## When to ignore it
When the step keeps a place in the names of a checkpoint; `identity` says so better.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.heads import DROPOUTS
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import RemoveStep
from cnnspec.ops.merge import Concat
from cnnspec.ops.pool import AvgPool, MaxPool, MinPool
from cnnspec.ops.rearrange import ChannelShuffle, PadChannels, PixelShuffle, PixelUnshuffle, Split
from cnnspec.ops.regularize import Dropout, SpatialDropout, StochasticDepth
from cnnspec.ops.reshape import Crop, Flatten, ZeroPad
from cnnspec.ops.resize import Upsample
from cnnspec.ops.shapes import Kind
from cnnspec.spec.model import list_formulas

_POOLS = (MaxPool, MinPool, AvgPool)
_PADS = (ZeroPad, Crop)
_PIXELS = (PixelShuffle, PixelUnshuffle)
_KINDS = (*_POOLS, *DROPOUTS, *_PADS, *_PIXELS, Upsample, Flatten, ChannelShuffle, PadChannels)


def find_noops(subject: Subject) -> Iterator[Finding]:
    """Every step whose own numbers make it do nothing."""
    for node in subject.list(*_KINDS, Split, Concat):
        reason = _explain(node)
        if reason and _is_literal(node):
            yield Finding(
                f"{describe_node(node)} does nothing: {reason}",
                node,
                help=("take the step out, or give it the number that was meant",),
                fixes=(Fix("take the step out", (RemoveStep(node.origin.step),), True),),
            )


def _explain(node: Node) -> str:
    """Why an op does nothing; empty where it does something."""
    shape = node.inputs[0].known
    match node.op:
        case MaxPool() | MinPool() | AvgPool() as op:
            windows = op.resolve(shape)
            still = all(window.kernel == window.stride == 1 for window in windows)
            return "its window and its stride are 1" if still else ""
        case Dropout(p=p) | SpatialDropout(p=p) | StochasticDepth(p=p):
            return "its p is 0" if p == 0 else ""
        case ZeroPad() | Crop() as op:
            return "" if any(map(any, op.resolve_sides(shape))) else "it has 0 rows on every side"
        case Upsample() as op:
            return "its factor is 1" if set(op.factors(shape)) == {1} else ""
        case PixelShuffle(factor=1) | PixelUnshuffle(factor=1):
            return "its factor is 1"
        case ChannelShuffle(groups=1):
            return "there is one group"
        case Split(parts=1):
            return "there is one part"
        case PadChannels() as op:
            return "" if any(op.sides) else "it has 0 channels on either side"
        case Concat():
            return "it has one value" if len(node.inputs) == 1 else ""
        case Flatten():
            # A block may be for maps as well.
            is_vector = shape.kind is Kind.VECTOR and not node.origin.calls
            return "it gets a vector" if is_vector else ""
    return ""


def _is_literal(node: Node) -> bool:
    """Whether all that a step's op has is written as numbers."""
    origin = node.origin
    given = (origin.step.argument, origin.spec.defaults.get(node.op.op))
    return not any(any(list_formulas(each)) for each in given if each is not None)


RULE = Rule("noop-layer", Severity.HINT, find_noops)
