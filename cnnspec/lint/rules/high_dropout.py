"""A dropout zeroes more than half of the numbers.

## What it checks
The rate `p` of a `dropout`, `spatial_dropout` or `stochastic_depth` is above 0.5 and below 0.8;
from 0.8 on it is `dropout-rate-extreme`.

## Why
0.5 gives the most different networks that share weights, and is what Srivastava et al., "Dropout",
2014, found near the best for many networks. Above it more is lost to noise than is won, unless the
layer is far too wide. Schoop et al., "UMLAUT", CHI 2021, warn of it too.

## Bad
```yaml
cnnspec: 1
name: net
input: {features: 16}
layers:
  - linear: 64
  - relu
  - dropout: 0.6
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
When a paper has the rate, as GoogLeNet has 0.7 in its heads for training.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Rule, Subject, describe_node, find_field_span
from cnnspec.lint.dropouts import list_dropouts
from cnnspec.lint.rules.dropout_rate_extreme import EXTREME

HIGH = 0.5


def find_high(subject: Subject) -> Iterator[Finding]:
    """Every dropout with a rate above one half that is not extreme."""
    for node, rate in list_dropouts(subject):
        if HIGH < rate < EXTREME:
            yield Finding(
                f"{describe_node(node)} zeroes {rate:.4g} of the numbers, more than half",
                node,
                find_field_span(node, "p"),
                help=("write at most 0.5, or make the layer before it narrower",),
            )


RULE = Rule("high-dropout", Severity.HINT, find_high)
