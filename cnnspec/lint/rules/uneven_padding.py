"""A window with a stride reads more padding at the start of a map than at its end.

## What it checks
Along some axis of a convolution or pool with a stride and padding, the last window stops before the
end of the padded map: `(size + before + after - extent) % stride` rows are left over, and what is
read of the padding behind the map is not what is read before it. The same holds for `padding: same`
where it pads one side alone. Maps whose sizes stay open are not looked at.

## Why
Kernels see the edges of the map in different ways, and their weights become lopsided; small objects
are found worse near some edges than near others. At 224 rows this is so in every ResNet, at 225 in
none. Source: Alsallakh et al., "Mind the Pad", arXiv:2010.02178.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3, stride: 2, padding: 1}
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 33, width: 33}
layers:
  - conv: {out_channels: 16, kernel_size: 3, stride: 2, padding: 1}
```

## When to ignore it
Nearly always: most published networks have it, at the sizes that they were trained with.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Rule, Subject, describe_node
from cnnspec.ops.conv import Conv, DepthwiseConv
from cnnspec.ops.pool import AvgPool, MaxPool, MinPool
from cnnspec.ops.windows import Window


def find_lopsided(subject: Subject) -> Iterator[Finding]:
    """Every window whose padding is read unevenly."""
    if subject.graph.open_sizes:
        return
    for node in subject.list(Conv, DepthwiseConv, MaxPool, MinPool, AvgPool):
        assert isinstance(node.op, Conv | DepthwiseConv | MaxPool | MinPool | AvgPool)
        shape = node.inputs[0].known
        for axis, size, window in zip(shape.axes, shape.sizes, node.op.resolve(shape), strict=True):
            read = _count_behind(window, size)
            if window.stride > 1 and read != window.before and window.before + window.after:
                yield Finding(
                    f"{describe_node(node)} reads {window.before} rows of padding before the map "
                    f"and {read} behind it along its {axis} of {size}",
                    node,
                )
                break


def _count_behind(window: Window, size: int) -> int:
    """The rows of the padding behind the map that the last window reads."""
    end = (window.count_steps(size) - 1) * window.stride + window.extent - window.before
    return max(0, min(end - size, window.after))


RULE = Rule("uneven-padding", Severity.HINT, find_lopsided, profiles=frozenset({"pedantic"}))
