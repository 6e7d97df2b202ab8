"""A size of the input is left open, but the weights fit only a few sizes.

## What it checks
A size of the input is a letter, or has no bounds but a default, and the sizes that the network
takes come to an end, because a `flatten`, a `position_embedding` or a `to_map` needs as many
positions as it was built for. Declared bounds are checked apart, as `invalid-range`.

## Why
A `linear` behind a `flatten` has a weight for each position: channels * height * width. Another
size needs other weights. Where the author named no size, the weights are for one that was only
taken as an example.
Source: Lin et al., "Network in network", arXiv:1312.4400, section 3.2, on global pooling instead.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: H, width: W}
layers:
  - conv: {out_channels: 8, kernel_size: 3}
  - relu
  - flatten
  - linear: 10
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: H, width: W}
layers:
  - conv: {out_channels: 8, kernel_size: 3}
  - relu
  - global_avg_pool
  - linear: 10
```

## When to ignore it
When the few sizes are all that is meant, and declaring them says too much.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.graph.variations import find_variations
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import ReplaceStep
from cnnspec.ops.reshape import Flatten
from cnnspec.ops.tokens import PositionEmbedding, ToMap

_COUNTING = (Flatten, PositionEmbedding, ToMap)


def find_closed(subject: Subject) -> Iterator[Finding]:
    """Every open size of which there is only one, or a few."""
    graph = subject.graph
    counting = subject.list(*_COUNTING)
    if not counting or all(size.is_range for size in graph.open_sizes):
        return
    # Only what is wrong with a network is worth the time.
    from cnnspec.graph.size_sets import spell_sizes

    variations = find_variations(graph)
    culprit = next(
        (node for node in counting if any(map(variations.is_open, node.inputs))), counting[0]
    )
    closed = [
        axis
        for axis in variations.valid.axes
        if axis.valid.period is None and not axis.capped and not axis.size.is_range
    ]
    if not closed:
        return
    # Letters that stand for one size each are said together.
    along: dict[str, list[str]] = {}
    for axis in closed:
        along.setdefault(spell_sizes(axis.valid), []).extend(axis.axes)
    facts = " and ".join(f"{sizes} ({' and '.join(axes)})" for sizes, axes in along.items())
    guessed = sorted({axis.nominal for axis in closed if axis.size.default is None})
    examples = ", ".join(map(str, guessed))
    yield Finding(
        f"the input may have any size, but the network takes only {facts}: "
        f"{describe_node(culprit)} counts the positions, and weights depend on how many",
        culprit,
        notes=(f"{examples} was only taken as an example",) if guessed else (),
        help=(
            "declare the size that there is, or use layers that do not count positions, "
            "such as global_avg_pool",
        ),
        fixes=tuple(propose_pool(culprit)),
    )


def propose_pool(node: Node) -> Iterator[Fix]:
    """The mean over all positions, however many."""
    if isinstance(node.op, Flatten):
        edit = ReplaceStep(node.origin.step, "global_avg_pool")
        yield Fix("write global_avg_pool", (edit,))


RULE = Rule("flatten-dynamic", Severity.WARNING, find_closed)
