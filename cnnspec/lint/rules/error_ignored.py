"""A comment or a setting would ignore an error.

## What it checks
A rule whose findings are errors is named in a comment `# cnnspec: ignore[...]`, or has another
severity than `error` under `lint`.

## Why
An error says that this is no network, or not the one that its task asks for. What comes of it would
be wrong in every backend.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
lint: {kernel-exceeds-input: warning}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3}
```

## When to ignore it
It is an error, and cannot be ignored.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Review, Rule


def find_errors(review: Review) -> Iterator[Finding]:
    """Every name of a rule whose findings are errors."""
    for mention in review.mentions:
        if review.find_severity(mention.rule) is not Severity.ERROR:
            continue
        if mention.level is not Severity.ERROR:
            what = "lowered" if mention.level else "ignored"
            message = f"{mention.rule} is an error, which cannot be {what}"
            yield Finding(message, span=mention.span, help=("mend what it finds",))


RULE = Rule("error-ignored", Severity.ERROR, review=find_errors)
