"""Dropout on the single values of a map that convolutions read.

## What it checks
A `dropout` above 0.2 gets a map of several positions, and a convolution with a window comes behind
it. The first of a network is reported, with the number of all; where it is strong and early, that
is `dropout-early-strong`.

## Why
The values of a map go with their neighbours. What is zeroed in one place is still there beside it,
so single zeroes take little information away: Tompson et al., arXiv:1411.4280, drop whole channels,
and Ghiasi et al., arXiv:1810.12890 (DropBlock), whole areas.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - dropout: 0.25
  - conv: {out_channels: 64, kernel_size: 3}
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - spatial_dropout: 0.25
  - conv: {out_channels: 64, kernel_size: 3}
  - relu
```

## When to ignore it
When a published network has it, as wide ResNets and the heads of DeepLab have.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.dropouts import list_map_dropouts, write_dropout
from cnnspec.lint.edits import ReplaceStep
from cnnspec.lint.rules.dropout_early_strong import is_early

WEAK = 0.2


def find_scattered(subject: Subject) -> Iterator[Finding]:
    """The first dropout on a map between convolutions."""
    found = [
        (node, rate)
        for node, rate in list_map_dropouts(subject)
        if rate > WEAK and not is_early(subject, node, rate)
    ]
    if not found:
        return
    node, rate = found[0]
    texts = {each.origin.step: write_dropout(each, "spatial_dropout") for each, _ in found}
    edits = tuple(ReplaceStep(step, text) for step, text in texts.items())
    message = "write spatial_dropout, which zeroes whole channels"
    yield Finding(
        f"{describe_node(node)} zeroes {rate:.4g} of the values of a {node.shape} map one by one",
        node,
        notes=(f"{len(found)} such dropouts, this is the first",) if len(found) > 1 else (),
        help=(message,),
        fixes=(Fix(message, edits, True),) if all(texts.values()) else (),
    )


RULE = Rule("dropout-on-conv-map", Severity.HINT, find_scattered)
