"""A result goes nowhere: no output of the network needs it.

## What it checks
An op is the last of a way that leads to no output, be it one for training.

## Why
What is computed for nobody costs time and memory, and its weights get no gradient. Often the step
behind it should take it by name, and takes the value above instead.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
    name: first
  - relu
  - max_pool: 2
    from: first
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
```

## When to ignore it
When the step is there for its place in the names of a checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.serving import find_unused
from cnnspec.lint.base import Finding, Rule, Subject


def find_lost(subject: Subject) -> Iterator[Finding]:
    """Every op at the end of a way that leads to no output."""
    unused = find_unused(subject.graph)
    if not unused:
        return
    for node in subject.graph.nodes:
        if node in unused and all(reader.op.starts for reader in node.output.readers):
            yield Finding(
                f"no output needs the result of {node.path}",
                node,
                help=("take the step out, or name its result under outputs",),
            )


RULE = Rule("unused-value", Severity.WARNING, find_lost)
