"""What gradients say of the positions that are read, which no analysis has a part in."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from cnnspec.analysis.coverage import Coverage
from cnnspec.graph.ir import Graph, Value
from cnnspec.ops.shapes import Kind
from tests.flat import list_graph_weights, load_arrays, make_model
from tests.frameworks import torch
from tests.reference_ops import evaluate

if TYPE_CHECKING:
    from torch import Tensor


def draw_positive(graph: Graph) -> dict[str, Tensor]:
    """All arrays of a network, so that no products cancel out."""
    source = torch.Generator().manual_seed(0)
    return {
        name: torch.rand(weight.shape, generator=source, dtype=torch.float64) + 0.5
        for name, weight in graph.list_weights()
    }


def draw_images(value: Value, batch: int) -> Tensor:
    """A batch of positive numbers for an input."""
    source = torch.Generator().manual_seed(1)
    shape = (batch, *value.known.dims)
    drawn = 0.1 + torch.rand(shape, generator=source, dtype=torch.float64)
    return drawn.requires_grad_()


def run_module(graph: Graph, images: list[Tensor]) -> Any:
    """The generated module with positive arrays, once its outputs' gradients are known."""
    model = make_model(graph)
    if list_graph_weights(graph):
        load_arrays(model, draw_positive(graph))
    add_up([model.double()(*images)])
    return model


def run_oracle(graph: Graph, images: list[Tensor]) -> dict[Value, Tensor]:
    """Every value of a network with its gradient."""
    arrays = draw_positive(graph)
    values = dict(zip(graph.inputs, images, strict=True))
    for node in graph.nodes:
        own = {weight.name: arrays[node.name_weight(weight)] for weight in node.weights}
        taken = [values[value] for value in node.inputs]
        kinds = [shape.kind for shape in node.shapes]
        found = evaluate(node.op, taken, kinds, own)
        if found.requires_grad:
            # Ops may give what they took: each value has a gradient of its own.
            found = found + 0.0
            found.retain_grad()
        values[node.output] = found
    add_up([values[output.value] for output in graph.every_output])
    return values


def add_up(outputs: list[Tensor]) -> None:
    """Find the gradients of sums in which no two numbers have the same weight."""
    source = torch.Generator().manual_seed(2)
    for output in outputs:
        weights = torch.rand(output.shape, generator=source, dtype=torch.float64) + 0.5
        if output.requires_grad:
            (output * weights).sum().backward(retain_graph=True)


def find_touched(tensor: Tensor, value: Value) -> Tensor:
    """The positions at which any channel of any sample has a gradient."""
    gradient = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
    channels = -1 if value.known.kind is Kind.TOKENS else 1
    touched = gradient.abs().amax((0, channels))
    return touched > 1e-12 * max(1.0, float(touched.max()))


def expand(coverage: Coverage) -> Tensor:
    """The positions that are said to be read."""
    if coverage.parts is None:
        return torch.ones(coverage.sizes, dtype=torch.bool)
    found = torch.zeros(coverage.sizes, dtype=torch.bool)
    for part in coverage.parts:
        rows = [[row for row in range(size) if mask >> row & 1]
                for mask, size in zip(part, coverage.sizes, strict=True)]  # fmt: skip
        for place in product(*rows):
            found[place] = True
    return found
