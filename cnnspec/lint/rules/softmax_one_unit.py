"""A softmax over a single number, which gives 1 whatever the number is.

## What it checks
A `softmax` gets a value with one channel, or a vector or tokens with one feature.

## Why
A softmax gives shares of a sum: exp(x) / exp(x) = 1. The output is constant, no gradient passes,
and nothing before it ever learns. For one score of two classes the function is the sigmoid.
Source: Wardat et al., arXiv:2105.08095 (NeuraLint), and the questions of users that it collects.

## Bad
```yaml
cnnspec: 1
name: net
input: {features: 16}
layers:
  - linear: 8
  - relu
  - linear: 1
  - softmax
```

## Good
```yaml
cnnspec: 1
name: net
input: {features: 16}
layers:
  - linear: 8
  - relu
  - linear: 1
  - sigmoid
```

## When to ignore it
Never: it is an error. Leave the softmax out where scores are given as they are.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import ReplaceStep
from cnnspec.ops.activation import Softmax


def find_constants(subject: Subject) -> Iterator[Finding]:
    """Every softmax whose result is 1."""
    for node in subject.list(Softmax):
        if node.shape.channels == 1:
            message = "write sigmoid for the probability of one class"
            yield Finding(
                f"{describe_node(node)} is over one number, so it gives 1 for every input",
                node,
                help=(message, "give each class a unit of its own for a softmax over them"),
                fixes=(Fix(message, (ReplaceStep(node.origin.step, "sigmoid"),), True),),
            )


RULE = Rule("softmax-one-unit", Severity.ERROR, find_constants)
