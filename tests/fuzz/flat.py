"""What a network computes op by op from its flat graph: its values, and a training step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnspec.graph.ir import Graph, Node, Value
from cnnspec.ops.activation import Sigmoid, Silu
from cnnspec.ops.base import Op
from cnnspec.ops.norm import BatchNorm
from cnnspec.verify.measure import Array, Measured, Task
from tests.frameworks import torch
from tests.reference_ops import evaluate_values

if TYPE_CHECKING:
    from torch import Tensor

    Disturb = Callable[[Tensor, Op | None], Tensor]

# The last bit of single precision, as a part of 1.
_ROUNDING = 2.0**-24


@dataclass(frozen=True, slots=True)
class Flat:
    """The flat graph in double precision, and with every value off by what single may lose.

    What comes out then says what rounding costs here: a norm of numbers that hardly differ makes
    much of little.
    """

    exact: Measured
    rounded: Measured


def run_flat(task: Task) -> Flat:
    """Evaluate a network without any code that was generated."""
    return Flat(_run(task, lambda value, _: value), _run(task, _make_noise()))


def _make_noise() -> Disturb:
    """What moves every number of a value, and of its gradient, by a part of the largest."""
    source = torch.Generator().manual_seed(0)

    def move(value: Tensor, least: float = 0.0) -> Tensor:
        noise = torch.rand(value.shape, generator=source, dtype=value.dtype) - 0.5
        return value + noise * value.detach().abs().max().clamp(min=least) * 2 * _ROUNDING

    def disturb(value: Tensor, op: Op | None) -> Tensor:
        # ONNX Runtime's sigmoid is as exact as 1 is, however small: 0 below -17.
        moved = move(value, 1.0 if isinstance(op, Sigmoid | Silu) else 0.0)
        if moved.requires_grad:
            moved.register_hook(move)
        return moved

    return disturb


def _run(task: Task, disturb: Disturb) -> Measured:
    graph, found = task.graph, Measured("flat graph")
    weights = {name: _double(array) for name, array in task.weights.items()}
    outputs: list[dict[str, Array]] = []
    with torch.no_grad():
        for batch in task.batches:
            values = evaluate_values(graph, _name(graph, batch), weights, disturb=disturb)
            if not outputs:
                found.layers = {node.path: values[node.output].numpy() for node in graph.nodes}
            outputs.append({name: values[value].numpy() for name, value in graph.outputs.items()})
    found.outputs = tuple(outputs)
    _step(task, weights, found, disturb)
    return found


def _double(array: Array) -> Tensor:
    return torch.from_numpy(np.array(array)).double()


def _name(graph: Graph, batch: tuple[Array, ...]) -> dict[str, Tensor]:
    pairs = zip(graph.inputs, batch, strict=True)
    return {value.name: _double(array) for value, array in pairs}


def _step(task: Task, weights: dict[str, Tensor], found: Measured, disturb: Disturb) -> None:
    """A training step: all outputs, gradients, and the running statistics after it."""
    graph = task.graph
    trained = {name for name, weight in graph.list_weights() if weight.trainable}
    for name in trained:
        weights[name].requires_grad_()
    inputs = _name(graph, task.batches[-1])
    values = evaluate_values(graph, inputs, weights, training=True, disturb=disturb)
    results = {output.name: values[output.value] for output in graph.every_output}
    losses = [(results[name] * _double(probe)).sum() for name, probe in task.probes.items()]
    loss = torch.stack(losses).sum()
    if loss.requires_grad:
        loss.backward()
    found.trained = {name: result.detach().numpy() for name, result in results.items()}
    for name in trained:
        gradient = weights[name].grad
        if gradient is not None:
            found.gradients[name] = gradient.numpy()
    for node in graph.nodes:
        if isinstance(node.op, BatchNorm):
            _move_statistics(node, node.op, values, weights, found)


def _move_statistics(
    node: Node, op: BatchNorm, values: dict[Value, Tensor], weights: dict[str, Tensor],
    found: Measured,
) -> None:  # fmt: skip
    """Statistics with a share of this batch, of which the variance is the unbiased one."""
    x = values[node.inputs[0]].detach()
    axes = (0, *range(2, x.dim()))
    fresh = {"running_mean": x.mean(axes), "running_var": x.var(axes, correction=1)}
    for kind, value in fresh.items():
        name = f"{node.path}.{kind}"
        before = found.statistics.get(name, weights[name].numpy())
        found.statistics[name] = before * (1 - op.momentum) + op.momentum * value.numpy()
