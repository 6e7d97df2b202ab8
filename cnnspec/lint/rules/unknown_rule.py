"""A comment or a setting names a rule that there is not.

## What it checks
A name in a comment `# cnnspec: ignore[...]` or under `lint` is that of no rule.

## Why
It is a slip, and does nothing: what should be ignored is reported as before, and what should be an
error is none.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
lint: {bias-before-batch-norm: off}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
  - batch_norm
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
lint: {bias-before-norm: off}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
  - batch_norm
```

## When to ignore it
It is an error, and cannot be ignored. `cnnspec rules` lists the names.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Review, Rule
from cnnspec.naming import nearest


def find_unknown(review: Review) -> Iterator[Finding]:
    """Every name that is that of no rule."""
    for mention in review.mentions:
        if review.find_severity(mention.rule) is None:
            name = mention.rule[:80]
            hint = nearest(name, review.list_rules())
            advice = f"did you mean '{hint}'?" if hint else "'cnnspec rules' lists them"
            yield Finding(f"there is no rule '{name}'", span=mention.span, help=(advice,))


RULE = Rule("unknown-rule", Severity.ERROR, review=find_unknown)
