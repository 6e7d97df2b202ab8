"""An activation needs an exponential, where one in straight lines does as well.

## What it checks
The network has a `silu`, or a `sigmoid` that goes into `multiply` alone, as gates do.

## Why
On processors of telephones the exponential in a sigmoid costs much more than the comparisons of its
stand-ins: x * min(max(x + 3, 0), 6) / 6 for silu, min(max(x + 3, 0), 6) / 6 for sigmoid. These
also survive arithmetic in few bits. MobileNetV3 found no loss of accuracy with them. Source: Howard
et al., arXiv:1905.02244, section 5.2.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
  - silu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
  - hard_swish
```

## When to ignore it
When the weights of a checkpoint were trained with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import ReplaceStep
from cnnspec.ops.activation import Sigmoid, Silu
from cnnspec.ops.merge import Multiply


def find_costly(subject: Subject) -> Iterator[Finding]:
    """Every activation that has a stand-in."""
    for node in subject.list(Silu, Sigmoid):
        if isinstance(node.op, Silu):
            stand_in = "hard_swish"
        elif _is_gate(node):
            stand_in = "hard_sigmoid"
        else:
            continue
        yield Finding(
            f"{describe_node(node)} computes {node.shape.elements:,} exponentials",
            node,
            help=(f"use {stand_in}",),
            fixes=(Fix(f"use {stand_in}", (ReplaceStep(node.origin.step, stand_in),)),),
        )


def _is_gate(node: Node) -> bool:
    readers = node.output.readers
    return bool(readers) and all(isinstance(reader.op, Multiply) for reader in readers)


RULE = Rule("costly-activation", Severity.HINT, find_costly, profiles=frozenset({"mobile"}))
