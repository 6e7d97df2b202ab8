"""Networks that flatten with the channels last: what is put in our order, and what cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("safetensors")
pytest.importorskip("re2")

import numpy as np

from cnnspec.diagnostics import SpecError
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.spec.read import read_spec
from cnnspec.weights.draw import draw_weights
from cnnspec.weights.orders import find_reorderings
from cnnspec.weights.read import open_weights
from cnnspec.weights.rules import Rules
from tests.weights.files import write

HEAD = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 4, width: 5}\nlayers:\n"
# Between a map and the linear layer: everything that keeps single numbers apart.
BETWEEN = """\
  - conv: {out_channels: 6, kernel_size: 3}
    name: map
  - {flatten: , name: flat}
  - relu
  - dropout: 0.5
  - batch_norm
  - layer_norm
  - prelu: {per_channel: true}
  - {softmax: , name: front}
  - max_pool: 2
    from: map
  - {flatten: , name: pooled}
  - add: [front, flat]
    name: sum
  - multiply: [sum, front]
    name: product
  - linear: 7
    name: inner
  - concat: [product, pooled, inner]
  - batch_norm: {affine: false}
  - sigmoid
  - linear: 4
"""


def build(layers: str) -> Graph:
    return build_graph(read_spec(HEAD + layers, "net.yaml"), "", {})


def test_all_that_counts_flattened_numbers_is_reordered() -> None:
    graph = build(BETWEEN)
    assert sorted(find_reorderings(graph)) == sorted(
        [
            "batch_norm1.bias", "batch_norm1.running_mean", "batch_norm1.running_var",
            "batch_norm1.weight", "batch_norm2.running_mean", "batch_norm2.running_var",
            "inner.weight", "layer_norm1.bias", "layer_norm1.weight", "linear1.weight",
            "prelu1.weight",
        ]
    )  # fmt: skip


def test_a_map_of_one_position_or_one_channel_needs_no_order() -> None:
    one = "  - conv: {out_channels: 1, kernel_size: 3}\n  - flatten\n  - linear: 4\n"
    assert find_reorderings(build(one)) == {}
    point = "  - conv: {out_channels: 6, kernel_size: [4, 5]}\n  - flatten\n  - linear: 4\n"
    assert find_reorderings(build(point)) == {}


def test_vectors_in_two_orders_cannot_be_added() -> None:
    layers = """\
  - {flatten: , name: flat}
  - linear: 60
    name: dense
  - add: [flat, dense]
  - linear: 4
"""
    with pytest.raises(SpecError) as caught:
        find_reorderings(build(layers))
    (finding,) = caught.value.diagnostics
    assert finding.rule == "mixed-orders"
    assert finding.path == "add1"
    assert finding.span is not None
    assert finding.span.line == 8


@pytest.mark.torch
def test_reordered_weights_compute_what_the_other_network_did(tmp_path: Path) -> None:
    """The other network is ours op by op, but for its flatten: what it computes is the oracle."""
    torch = pytest.importorskip("torch")
    from tests.reference_ops import evaluate, evaluate_graph

    graph = build(BETWEEN)
    theirs = {name: torch.from_numpy(a) for name, a in draw_weights(graph, 1).items()}
    images = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 3, 4, 5), np.float32))
    values: dict[Any, Any] = dict.fromkeys(graph.inputs, images)
    for node in graph.nodes:
        inputs = [values[value] for value in node.inputs]
        if node.op.op == "flatten":
            values[node.output] = inputs[0].movedim(1, -1).flatten(1)
            continue
        kinds = [shape.kind for shape in node.shapes]
        weights = {w.name: theirs[f"{node.path}.{w.name}"] for w in node.weights}
        values[node.output] = evaluate(node.op, inputs, kinds, weights)
    (wanted,) = (values[value] for value in graph.outputs.values())

    path = write(tmp_path / "t.safetensors", graph, {n: a.numpy() for n, a in theirs.items()})
    with open_weights(path, graph, Rules(flatten="channels_last")) as file:
        ours = {name: torch.from_numpy(array) for name, array in file.read_all()}
    (found,) = evaluate_graph(graph, {"input": images}, ours).values()
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)
    (naive,) = evaluate_graph(graph, {"input": images}, theirs).values()
    assert (naive - wanted).abs().max() > 1e-2
