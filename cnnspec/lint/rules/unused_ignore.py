"""A comment or a setting ignores findings that there are not.

## What it checks
A comment `# cnnspec: ignore[...]` names a rule that finds nothing on its line in any variant, or
`lint` turns off a rule that finds nothing in the spec. It is looked for where the rule is asked,
and the whole spec is checked.

## Why
The fault is gone, or was never on this line. The next one there would be ignored before anybody has
seen it.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  # cnnspec: ignore[bias-before-norm] as in the paper
  - conv: {out_channels: 16, kernel_size: 3, padding: 1, bias: false}
  - batch_norm
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  # cnnspec: ignore[bias-before-norm] as in the paper
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
  - batch_norm
  - relu
```

## When to ignore it
When the same comment is right for a part that is in and out as the network is tried.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity, cut
from cnnspec.lint.base import Finding, Fix, Review, Rule
from cnnspec.lint.edits import DropText

# Characters of an author's reason that a note shows.
_MAX_REASON = 200


def find_unused(review: Review) -> Iterator[Finding]:
    """Every word that silences nothing."""
    for mention in review.unused:
        reason = cut(mention.reason, _MAX_REASON)
        notes = (f"the reason given is: {reason}",) if reason else ()
        if mention.comment is None:
            message = f"{mention.rule} finds nothing in this spec"
            yield Finding(message, span=mention.span, notes=notes, help=("take it out of lint",))
            continue
        fixes = (Fix("take the comment out", (DropText(mention.comment),), safe=True),)
        yield Finding(
            f"{mention.rule} finds nothing on this line",
            span=mention.span,
            notes=notes,
            help=("take the comment out" if mention.alone else "take the name out of the comment",),
            fixes=fixes if mention.alone else (),
        )


RULE = Rule("unused-ignore", Severity.WARNING, review=find_unused)
