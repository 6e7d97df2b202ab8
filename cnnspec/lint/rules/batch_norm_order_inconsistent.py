"""Batch norm stands before the activation in some layers, and behind it in others.

## What it checks
In one network there is convolution (or linear), `batch_norm`, activation, and elsewhere
convolution, activation, `batch_norm`. The fewer are reported; where there are as many of both,
those behind. A norm that an activation follows as well counts as before it, so networks that
normalise first (`batch_norm`, activation, convolution) have one order.

## Why
Both orders work, and which is better is an open question; a network with both is most often an
oversight, and its layers see inputs of different kinds: behind relu(norm(x)) all values are
positive, behind norm(relu(x)) their mean is zero. The paper puts the norm before the activation.
Source: Ioffe and Szegedy, arXiv:1502.03167, section 3.2.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3, bias: false}
  - batch_norm
  - relu
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - batch_norm
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
  - conv: {out_channels: 32, kernel_size: 3, bias: false}
  - batch_norm
  - relu
```

## When to ignore it
When two published networks are parts of one, and each keeps its order.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.heads import ACTIVATIONS, LAYERS
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node, find_reader
from cnnspec.lint.edits import Edit, SetField, SwapSteps
from cnnspec.ops.norm import BatchNorm


def find_odd_ones(subject: Subject) -> Iterator[Finding]:
    """Every batch norm whose order is that of the fewer."""
    norms = subject.list(BatchNorm)
    behind = [node for node in norms if _is_behind(node)]
    if not behind:
        return
    before = [node for node in norms if _is_before(node)]
    if not before:
        return
    odd, others = (before, behind) if len(before) < len(behind) else (behind, before)
    here, there = ("before", "behind") if odd is before else ("behind", "before")
    advice = f"put this batch_norm {there} the activation, too"
    for node in odd:
        swap = _swap(node)
        yield Finding(
            f"{describe_node(node)} stands {here} its activation, but {len(others)} of "
            f"{len(norms)} batch norms stand {there} theirs",
            node,
            help=(advice,),
            fixes=(Fix(advice, swap, True),) if swap else (),
        )


def _swap(node: Node) -> tuple[Edit, ...]:
    """Let a norm and its activation change places; a bias that then is for nothing goes."""
    before = node.inputs[0].producer
    after = find_reader(node)
    if _is_activated(node):
        return (SwapSteps(node.origin.step, after.origin.step),) if after is not None else ()
    if before is None or find_reader(before) is not node:
        return ()
    swap = SwapSteps(before.origin.step, node.origin.step)
    layer = before.inputs[0].producer
    if layer is None or not getattr(layer.op, "bias", False) or find_reader(layer) is not before:
        return (swap,)
    return swap, SetField(layer.origin.step, "bias", "false")


def _is_before(node: Node) -> bool:
    """Whether it is layer, norm, activation."""
    producer = node.inputs[0].producer
    return producer is not None and isinstance(producer.op, LAYERS) and _is_activated(node)


def _is_behind(node: Node) -> bool:
    """Whether it is layer, activation, norm."""
    producer = node.inputs[0].producer
    if producer is None or not isinstance(producer.op, ACTIVATIONS) or _is_activated(node):
        return False
    layer = producer.inputs[0].producer
    return layer is not None and isinstance(layer.op, LAYERS)


def _is_activated(node: Node) -> bool:
    return any(isinstance(reader.op, ACTIVATIONS) for reader in node.output.readers)


RULE = Rule("batch-norm-order-inconsistent", Severity.HINT, find_odd_ones)
