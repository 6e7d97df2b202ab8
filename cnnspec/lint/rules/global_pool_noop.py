"""Global pooling gets a map of a single position, and has nothing left to pool.

## What it checks
A `global_avg_pool`, a `global_max_pool` or an `adaptive_avg_pool` to one position takes a map whose
sizes are all 1. Pools that only make a gate for a `multiply`, and networks whose input has an open
size, are left alone.

## Why
The mean of one number is that number. The layers above have used up the whole map: there are no
positions to sum over, and the last of them saw the image at one place only.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 1, height: 16, width: 16}
layers:
  - conv: {out_channels: 32, kernel_size: 3, stride: 2}
  - relu
  - conv: {out_channels: 64, kernel_size: 3, stride: 2}
  - relu
  - conv: {out_channels: 128, kernel_size: 3, stride: 2}
  - relu
  - global_avg_pool
  - linear: 10
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 1, height: 16, width: 16}
layers:
  - conv: {out_channels: 32, kernel_size: 3, stride: 2, padding: 1}
  - relu
  - conv: {out_channels: 64, kernel_size: 3, stride: 2, padding: 1}
  - relu
  - conv: {out_channels: 128, kernel_size: 3, padding: 1}
  - relu
  - global_avg_pool
  - linear: 10
```

## When to ignore it
When the pool stands there for larger images that the network is to take later.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Graph, Value
from cnnspec.lint.base import Finding, Rule, Subject, describe_node
from cnnspec.ops.merge import Multiply
from cnnspec.ops.pool import AdaptiveAvgPool, GlobalAvgPool, GlobalMaxPool


def find_needless(subject: Subject) -> Iterator[Finding]:
    """Every global pool of a single position."""
    if subject.graph.open_sizes:
        return
    needless = [
        node
        for node in subject.list(GlobalAvgPool, GlobalMaxPool, AdaptiveAvgPool)
        if {*node.shapes[0].sizes, *node.shape.sizes} == {1}
    ]
    gates = find_gates(subject.graph) if needless else set()
    for node in needless:
        if node.output not in gates:
            (shape,) = node.shapes
            yield Finding(
                f"{describe_node(node)} has nothing to pool: its input is {shape} already",
                node,
                help=("reduce the map less in the layers above, or write flatten instead",),
            )


def find_gates(graph: Graph) -> set[Value]:
    """The values of which all that comes ends in a product."""
    found: set[Value] = set()
    for node in reversed(graph.nodes):
        value = node.output
        ends = [isinstance(r.op, Multiply) or r.output in found for r in value.readers]
        if ends and all(ends) and not value.is_output:
            found.add(value)
    return found


RULE = Rule("global-pool-noop", Severity.HINT, find_needless)
