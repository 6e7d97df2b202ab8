"""Local response normalisation costs time and memory, and has been found to gain nothing.

## What it checks
The network has a `local_response_norm`.

## Why
Very deep networks did not get better with it, and took more memory and time. Batch norm, three
years later, does what it was meant for. Source: Simonyan and Zisserman, arXiv:1409.1556, section
4.1.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
  - relu
  - local_response_norm: 5
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3, bias: false}
  - batch_norm
  - relu
```

## When to ignore it
When the network is AlexNet or GoogLeNet as published.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import RemoveStep
from cnnspec.ops.norm import LocalResponseNorm


def find_layers(subject: Subject) -> Iterator[Finding]:
    """Every such layer."""
    for node in subject.list(LocalResponseNorm):
        yield Finding(
            f"{describe_node(node)} is a norm that was found to gain nothing",
            node,
            help=("take it out, or put batch_norm before the activation",),
            fixes=(Fix("take it out", (RemoveStep(node.origin.step),)),),
        )


RULE = Rule("local-response-norm-obsolete", Severity.HINT, find_layers)
