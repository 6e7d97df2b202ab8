"""The network is larger than its spec allows.

## What it checks
A figure under `limits` is exceeded in some variant: `parameters`, `macs` for one sample,
`layers`, or `activation_bytes` of the largest value. MACs are those of a trained network, the other
figures count what is there for training too.

## Why
A limit stands for a device, a time or a price: who changes a width three months later sees at once
that the network no longer fits. A convolution has c_in c_out k^2 weights, so twice the width is
four times the parameters and MACs.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
limits: {parameters: 10000}
layers:
  - conv: {out_channels: 512, kernel_size: 3}
  - relu
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
limits: {parameters: 10000}
layers:
  - conv: {out_channels: 256, kernel_size: 3}
  - relu
```

## When to ignore it
Never: it is an error. Raise the limit where the network may grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod

from cnnspec.diagnostics import Severity
from cnnspec.graph.expect import count_parameters
from cnnspec.graph.ir import Graph, Node
from cnnspec.graph.serving import count_macs
from cnnspec.lint.base import Finding, Rule, Subject, describe_node
from cnnspec.spec.model import Limit

FLOAT_BYTES = 4


def find_excess(subject: Subject) -> Iterator[Finding]:
    """Every figure that is above its limit."""
    for name, limit in subject.spec.limits.items():
        count, measure = FIGURES[name]
        found = count(subject.graph)
        if found > limit.value:
            yield _tell(name, found, limit, max(subject.graph.nodes, key=measure), measure)


def _tell(
    name: str, found: int, limit: Limit, largest: Node, measure: Callable[[Node], int]
) -> Finding:
    what = "MACs" if name == "macs" else name.replace("_", " ")
    share = measure(largest)
    note = f"most of any op has {describe_node(largest)}: {share:,}"
    return Finding(
        f"{found:,} {what}, but the limit is {limit.value:,}",
        span=limit.span,
        notes=(note,) if share > 1 else (),
    )


def _count_own(node: Node) -> int:
    return sum(prod(weight.shape) for weight in node.own_weights if weight.trainable)


def _count_bytes(node: Node) -> int:
    return FLOAT_BYTES * node.shape.elements


def _find_largest(graph: Graph) -> int:
    inputs = (FLOAT_BYTES * value.known.elements for value in graph.inputs)
    return max((*map(_count_bytes, graph.nodes), *inputs))


# How each figure is counted, and what one op has of it.
FIGURES: Mapping[str, tuple[Callable[[Graph], int], Callable[[Node], int]]] = {
    "parameters": (count_parameters, _count_own),
    "macs": (count_macs, lambda node: node.macs),
    "layers": (lambda graph: len(graph.nodes), lambda node: 1),
    "activation_bytes": (_find_largest, _count_bytes),
}

RULE = Rule("budget-exceeded", Severity.ERROR, find_excess)
