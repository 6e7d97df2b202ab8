"""A dropout leaves at most a fifth of the numbers.

## What it checks
The rate `p` of a `dropout`, `spatial_dropout` or `stochastic_depth` is 0.8 or more.

## Why
`p` is the share that is zeroed, not the share that is kept, as it was in older interfaces. At 0.8
what is left is scaled by 1 / (1 - p) = 5, so the variance that dropout adds, p / (1 - p) times the
square of each number, is 4 times what it is at 0.5. Srivastava et al., "Dropout", 2014, section
7.3, found errors to rise where fewer than 4 in 10 hidden units are kept.

## Bad
```yaml
cnnspec: 1
name: net
input: {features: 16}
layers:
  - linear: 64
  - relu
  - dropout: 0.8
  - linear: 4
```

## Good
```yaml
cnnspec: 1
name: net
input: {features: 16}
layers:
  - linear: 64
  - relu
  - dropout: 0.5
  - linear: 4
```

## When to ignore it
When the rate was searched for, and is the best one on data that was held back.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, find_field_span
from cnnspec.lint.dropouts import list_dropouts
from cnnspec.lint.edits import SetField

EXTREME = 0.8


def find_extreme(subject: Subject) -> Iterator[Finding]:
    """Every dropout with a rate that leaves next to nothing."""
    for node, rate in list_dropouts(subject):
        if rate >= EXTREME:
            yield Finding(
                f"{describe_node(node)} zeroes {rate:.4g} of the numbers, and keeps {1 - rate:.4g}",
                node,
                find_field_span(node, "p"),
                notes=("p is the probability to be zeroed, not the one to be kept",),
                help=(
                    "write 0.5 or less",
                    f"write {1 - rate:.4g} if {rate:.4g} is the share to keep",
                ),
                fixes=(Fix("write 0.5 or less", (SetField(node.origin.step, "p", "0.5"),), True),),
            )


RULE = Rule("dropout-rate-extreme", Severity.WARNING, find_extreme)
