"""A normalisation takes what another has just normalised.

## What it checks
All that reads the result of a `batch_norm`, `layer_norm`, `group_norm` or `instance_norm` is
another of them.

## Why
What comes out of a norm has a mean near zero and a variance near one already, and the second's
scale and shift can do what the first's do: (x * a + b) * c + d = x * (a c) + (b c + d).

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3, bias: false}
  - batch_norm
  - batch_norm
  - relu
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
When a published network has both, or when the two normalise over different axes on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.heads import NORMS
from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, find_reader
from cnnspec.lint.edits import RemoveStep


def find_second_norms(subject: Subject) -> Iterator[Finding]:
    """Every norm directly behind another."""
    for first in subject.list(*NORMS):
        second = find_reader(first)
        if second is not None and isinstance(second.op, NORMS):
            advice = f"take {describe_node(second)} out"
            is_safe = type(first.op) is type(second.op)
            yield Finding(
                f"{describe_node(second)} normalises what {describe_node(first)} has normalised",
                second,
                help=(advice,),
                fixes=(Fix(advice, (RemoveStep(second.origin.step),), is_safe),),
            )


RULE = Rule("redundant-norm", Severity.HINT, find_second_norms)
