"""What the four matrices of attention start as, in every backend and in weights of our own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.spec.read import read_spec
from cnnspec.weights.initialise import initialise_weights

CHANNELS = 60
# The deviation of one matrix from 60 to 60 channels, worked out by hand.
STARTS = {
    "{glorot_uniform: {gain: 2}}": 2 * 60**-0.5,
    "{he_normal: {mode: fan_out}}": 30**-0.5,
    "lecun_normal": 60**-0.5,
    "{normal: {std: 0.3}}": 0.3,
}


def build(start: str) -> Graph:
    """Attention with a start of its own between linear layers that all start alike."""
    return build_graph(
        read_spec(
            f"""
cnnspec: 1
name: net
input: {{tokens: 3, channels: {CHANNELS}}}
defaults: {{linear: {{initializer: zeros, bias_initializer: ones}}}}
layers:
  first: {{linear: {CHANNELS}}}
  attention:
    - attention: {{num_heads: 4, initializer: {start}, bias_initializer: {{constant: 0.5}}}}
      name: inner
  last: {{linear: {CHANNELS}}}
""",
            "net.yaml",
        )
    )


def check(arrays: Mapping[str, Any], deviation: float) -> None:
    path = "attention.inner"
    matrices = [*np.split(arrays[f"{path}.in_proj_weight"], 3), arrays[f"{path}.out_proj.weight"]]
    for matrix in matrices:
        # 3600 numbers: their deviation is off by less than a tenth, their mean by less than that.
        assert abs(matrix.std() / deviation - 1) < 0.1
        assert abs(matrix.mean()) < deviation / 10
    assert len({matrix.tobytes() for matrix in map(np.ascontiguousarray, matrices)}) == 4
    assert (arrays[f"{path}.in_proj_bias"] == 0.5).all()
    assert (arrays[f"{path}.out_proj.bias"] == 0.5).all()
    assert not arrays["first.weight"].any() and (arrays["last.bias"] == 1).all()


@pytest.mark.parametrize("start", STARTS)
def test_our_own_weights_have_the_declared_deviation(start: str) -> None:
    check(initialise_weights(build(start), 1), STARTS[start])


@pytest.mark.torch
@pytest.mark.parametrize("start", STARTS)
def test_torch_draws_the_declared_deviation(start: str) -> None:
    torch = pytest.importorskip("torch")
    from tests.flat import make_model

    torch.manual_seed(0)
    state = make_model(build(start)).state_dict()
    check({name: tensor.numpy() for name, tensor in state.items()}, STARTS[start])


@pytest.mark.torch
def test_linear_layers_that_start_alike_leave_attention_as_it_starts() -> None:
    torch = pytest.importorskip("torch")
    from tests.flat import make_model

    torch.manual_seed(0)
    state = make_model(build("null")).state_dict()
    assert state["attention.inner.out_proj.weight"].abs().max() > 0
    assert not state["first.weight"].any()


@pytest.mark.keras
@pytest.mark.parametrize("start", STARTS)
def test_keras_draws_the_declared_deviation(start: str) -> None:
    keras = pytest.importorskip("keras")
    from cnnspec.backends.keras.emit import compile_keras
    from cnnspec.backends.keras.paths import name_layer
    from cnnspec.backends.keras.weights import KERAS_WEIGHTS, layer_weights

    graph = build(start)
    (source,) = compile_keras(graph, "cnnspec compile").files.values()
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, "generated.py", "exec"), namespace)
    keras.utils.set_random_seed(0)
    model = namespace["net"]()
    arrays = {}
    for node in graph.nodes:
        variables = layer_weights(model.get_layer(name_layer(node.path)))
        values = {name: keras.ops.convert_to_numpy(own) for name, own in variables.items()}
        for weight in node.weights:
            placed = KERAS_WEIGHTS[type(node.op)][weight.name]
            arrays[node.name_weight(weight)] = placed.join(values, node)
    check(arrays, STARTS[start])
