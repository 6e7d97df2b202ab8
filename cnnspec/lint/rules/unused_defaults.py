"""The spec has defaults for an op that no variant of it uses.

## What it checks
An entry of `defaults` is for an op that no variant has, and that no step or block calls.

## Why
Nothing takes the fields up: the word is a slip, or the op is gone and its defaults were forgotten.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
defaults: {group_norm: {eps: 1e-3}}
layers:
  - batch_norm
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
defaults: {batch_norm: {eps: 1e-3}}
layers:
  - batch_norm
```

## When to ignore it
While a spec is being written, and the op is still to come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnnspec.diagnostics import Severity
from cnnspec.graph.walk import list_steps
from cnnspec.lint.base import Finding, Rule, Subject
from cnnspec.spec.model import Argument, Column, ListArgument, Literal, MapArgument, ModelSpec


def find_unused(subjects: Sequence[Subject]) -> Iterator[Finding]:
    """Every op that has defaults, but no use."""
    spec = subjects[0].spec
    if not spec.defaults:
        return
    used = {step.head for step in list_steps(spec)}
    used |= {node.op.op for subject in subjects for node in subject.graph.nodes}
    if any(step.choice for step in list_steps(spec)):
        used |= list_words(spec)
    for word, fields in spec.defaults.items():
        if word not in used:
            message = f"these defaults are not used: there is no {word} in this spec"
            yield Finding(message, span=fields.span)


def list_words(spec: ModelSpec) -> set[str]:
    """The texts that parameters, variants, loops and calls give, which may choose an op."""
    found: set[str] = set()
    waiting: list[Argument | None] = list(spec.params.values())
    waiting += [value for values in spec.variants.values() for value in values.values()]
    waiting += [value for block in spec.blocks.values() for value in block.parameters.values()]
    for step in list_steps(spec):
        waiting += [step.argument, *(values for _, values in step.loop)]
    while waiting:
        match waiting.pop():
            case Literal(value=str() as word):
                found.add(word)
            case ListArgument(items=items):
                waiting += items
            case MapArgument(entries=entries):
                waiting += [value for _, _, value in entries]
            case Column(rows=rows):
                waiting.append(rows)
    return found


RULE = Rule("unused-defaults", Severity.WARNING, compare=find_unused)
