"""An activation is computed for numbers that the pool behind it throws away.

## What it checks
All that reads the result of an activation that never falls (`relu`, `relu6`, `leaky_relu`, `elu`,
`selu`, `sigmoid`, `hard_sigmoid`, `tanh`) is a `max_pool` or `min_pool` that makes the map smaller.

## Why
For such an activation f, max(f(a), f(b)) = f(max(a, b)): behind a pool of 2x2 it is computed, and
kept for the backward pass, for a quarter of the numbers, with the same result.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
  - relu
  - max_pool: 2
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
  - max_pool: 2
  - relu
```

## When to ignore it
Where the network runs in a program that merges an activation into the convolution before it: it
costs nothing there.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, find_reader
from cnnspec.lint.edits import SwapSteps
from cnnspec.ops.activation import (
    Elu,
    HardSigmoid,
    LeakyRelu,
    Relu,
    Relu6,
    Selu,
    Sigmoid,
    Tanh,
)
from cnnspec.ops.pool import MaxPool, MinPool

ADVICE = "let the two change places: the result is the same"
_RISING = (Relu, Relu6, LeakyRelu, Elu, Selu, Sigmoid, HardSigmoid, Tanh)


def find_early_activations(subject: Subject) -> Iterator[Finding]:
    """Every activation that could stand behind the pool."""
    for node in subject.list(*_RISING):
        pool = find_reader(node)
        if pool is None or not isinstance(pool.op, MaxPool | MinPool):
            continue
        if isinstance(node.op, LeakyRelu) and node.op.negative_slope < 0:
            continue
        before, after = node.shape.elements, pool.shape.elements
        if after < before:
            yield Finding(
                f"{describe_node(node)} is computed for {before:,} numbers, and behind "
                f"{describe_node(pool)} would be for {after:,}",
                node,
                help=(ADVICE,),
                fixes=(Fix(ADVICE, (SwapSteps(node.origin.step, pool.origin.step),), True),),
            )


RULE = Rule(
    "relu-before-max-pool",
    Severity.HINT,
    find_early_activations,
    profiles=frozenset({"pedantic"}),
)
