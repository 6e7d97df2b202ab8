"""Generated PyTorch models start with what a spec declares, in every form of code."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

from cnnspec.graph.ir import Graph, Node
from cnnspec.naming import state_path
from cnnspec.weights.initialise import initialise_weights
from tests.flat import compile_source, make_model
from tests.frameworks import torch
from tests.initial_cases import (
    LAYERS,
    ORTHOGONAL,
    Layer,
    build,
    build_parallel,
    check_arrays,
    check_orthogonal,
    expect_exact,
    list_exact,
    list_layers,
    list_starts,
    write_fields,
)

pytestmark = pytest.mark.torch

EXACT = list(list_exact())
IMAGE = {"channels": 3, "height": 8, "width": 8}
CONV = {"out_channels": 8, "kernel_size": 3}


def draw(graph: Graph, seed: int = 0, **arguments: Any) -> dict[str, Any]:
    """The arrays that a new model starts with."""
    torch.manual_seed(seed)
    model = make_model(graph, **arguments)
    return {name: value.detach().numpy() for name, value in model.named_parameters()}


def read(arrays: dict[str, Any], node: Node) -> tuple[Any, Any]:
    path = state_path(node.path)
    return arrays[f"{path}.weight"], arrays.get(f"{path}.bias")


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.id)
def test_a_loop_over_modules_draws_what_is_declared(layer: Layer) -> None:
    for start in list_starts(layer):
        graph = build(layer.input, [{layer.op: write_fields(layer, start)}])
        source = compile_source(graph)
        assert "def _init_weights(self) -> None:" in source
        assert "initialize(" not in source
        check_arrays(layer, start, *read(draw(graph), graph.nodes[0]))


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.id)
def test_modules_that_differ_are_filled_where_they_are_made(layer: Layer) -> None:
    starts = list_starts(layer)
    graph = build_parallel(layer, starts)
    assert "_init_weights" not in compile_source(graph)
    arrays = draw(graph)
    for start, node in zip(starts, list_layers(graph, layer.op), strict=True):
        check_arrays(layer, start, *read(arrays, node))


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.id)
def test_attributes_that_differ_are_filled_behind_their_assignment(layer: Layer) -> None:
    starts = list_starts(layer)
    steps = [
        {layer.op: write_fields(layer, start), "name": f"layer{index}", "from": "input"}
        for index, start in enumerate(starts)
    ]
    graph = build(layer.input, steps)
    assert "initialize(" not in compile_source(graph)
    arrays = draw(graph)
    for start, node in zip(starts, graph.nodes, strict=True):
        check_arrays(layer, start, *read(arrays, node))


@pytest.mark.parametrize("layer", ORTHOGONAL, ids=lambda layer: layer.id)
def test_orthogonal_weights_are(layer: Layer) -> None:
    fields = {**layer.fields, "initializer": {"orthogonal": {"gain": 1.4}}}
    graph = build(layer.input, [{layer.op: fields}])
    check_orthogonal(draw(graph)["0.weight"], 1.4)


@pytest.mark.parametrize(("word", "layer"), EXACT, ids=lambda value: getattr(value, "id", value))
def test_windows_are_as_worked_out(word: str, layer: Layer) -> None:
    step = {layer.op: {**layer.fields, "initializer": word}}
    one = draw(build(layer.input, [step]))["0.weight"]
    np.testing.assert_array_equal(one, expect_exact(word, layer, one.shape))
    other = {layer.op: {**layer.fields, "initializer": "zeros"}}
    chain = build(layer.input, [{"parallel": [[step], [other]], "merge": "add"}])
    np.testing.assert_array_equal(read(draw(chain), chain.nodes[0])[0], one)


@pytest.mark.parametrize(("stride", "mode"), [(2, "bilinear"), (4, "bilinear")])
@pytest.mark.parametrize("groups", [1, 3])
def test_bilinear_enlarges_as_torch_does(stride: int, mode: str, groups: int) -> None:
    fields = {
        "out_channels": 3, "kernel_size": 2 * stride, "stride": stride, "padding": stride // 2,
        "bias": False, "groups": groups, "initializer": "bilinear",
    }  # fmt: skip
    graph = build(IMAGE, [{"conv_transpose": fields}])
    image = torch.randn(2, 3, 8, 8)
    wanted = torch.nn.functional.interpolate(image, scale_factor=stride, mode=mode)
    drawn = torch.from_numpy(initialise_weights(graph, 0)["0.weight"])
    model = make_model(graph)
    assert torch.equal(model[0].weight, drawn)
    margin = slice(stride, -stride)  # beyond the border there are zeros
    found = model(image)
    assert (found - wanted)[..., margin, margin].abs().max() < 1e-6


def test_dirac_hands_channels_on() -> None:
    conv = {**CONV, "padding": 1, "bias": False, "initializer": "dirac"}
    image = torch.randn(2, 3, 8, 8)
    output = make_model(build(IMAGE, [{"conv": conv}]))(image)
    assert torch.equal(output[:, :3], image)
    assert not output[:, 3:].any()


def test_the_last_norms_of_blocks_can_start_at_zero() -> None:
    conv = {"conv": {"out_channels": 3, "kernel_size": 3, "padding": 1, "bias": False}}
    body = {
        "conv1": conv, "bn1": "batch_norm", "relu": "relu",
        "conv2": conv, "bn2": {"batch_norm": {"initializer": "zeros"}},
    }  # fmt: skip
    blocks = {"unit": {"layers": [{"residual": {"body": body}}]}}
    defaults = {
        "conv": {"initializer": {"he_normal": {"mode": "fan_out"}}},
        "batch_norm": {"initializer": "ones", "bias_initializer": "zeros"},
    }
    graph = build(IMAGE, ["unit", "unit"], blocks=blocks, defaults=defaults)
    source = compile_source(graph)
    assert "        nn.init.zeros_(self.bn2.weight)\n" in source
    assert source.count("nn.init.kaiming_normal_(") == 1
    image = torch.randn(2, 3, 8, 8)
    assert torch.equal(make_model(graph)(image), image)
    arrays = draw(graph)
    assert (arrays["0.bn1.weight"] == 1).all() and (arrays["1.bn1.bias"] == 0).all()


@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
@pytest.mark.parametrize("form", ["loop", "attribute", "chain"])
def test_an_argument_that_changes_fans_changes_the_deviation(mode: str, form: str) -> None:
    start = {"he_normal": {"mode": mode}}
    wide = {"out_channels": "$width", "kernel_size": 3, "padding": 1}
    steps: list[Any] = [
        {"conv": {**wide, "initializer": start}},
        {"conv": {**wide, "groups": 4, "initializer": start}},
    ]
    if form == "attribute":
        steps = [{**step, "name": f"conv{i}"} for i, step in enumerate(steps)]
    if form != "loop":
        steps.append({"conv": {**wide, "initializer": "zeros"}, "name": "last"})
    if form == "chain":
        steps = [{"layers": steps[:2], "name": "stem"}, steps[2]]
    graph = build(IMAGE, steps, params={"width": 8})
    arrays = draw(graph, width=256)
    weights = [array for name, array in arrays.items() if name.endswith("weight")]
    fans = (3 * 9, 64 * 9) if mode == "fan_in" else (256 * 9, 64 * 9)
    for weight, fan in zip(weights, fans, strict=False):
        assert weight.std() == pytest.approx((2 / fan) ** 0.5, rel=0.04)


def test_an_argument_can_be_what_a_layer_starts_as() -> None:
    steps = [
        {"linear": {"out_features": 90, "initializer": {"truncated_normal": {"std": "$std"}}}},
        {"linear": {"out_features": 90, "initializer": {"normal": {"std": "$(2 * std)"}}}},
    ]
    graph = build({"features": 90}, steps, params={"std": 0.5})
    arrays = draw(graph, std=0.01)
    assert np.abs(arrays["0.weight"]).max() <= 0.02
    assert arrays["0.weight"].std() == pytest.approx(0.0088, rel=0.03)
    assert arrays["1.weight"].std() == pytest.approx(0.02, rel=0.03)


def test_what_a_spec_leaves_open_is_pytorchs() -> None:
    set_one = build(IMAGE, [{"conv": {**CONV, "bias_initializer": "zeros"}}])
    unset = build(IMAGE, [{"conv": CONV}])
    assert "init" not in compile_source(unset).replace("__init__", "")
    assert (draw(set_one)["0.weight"] == draw(unset)["0.weight"]).all()


def test_a_loop_skips_the_biases_that_are_not_there() -> None:
    fields = {**CONV, "bias": False}
    steps = [
        {"conv": fields}, {"conv": CONV}, {"batch_norm": {"affine": False}}, "batch_norm",
        "flatten", {"linear": {"out_features": 9, "bias": False}}, {"linear": 9},
    ]  # fmt: skip
    starts = {"initializer": {"constant": 0.5}, "bias_initializer": {"constant": 0.25}}
    defaults = dict.fromkeys(("conv", "batch_norm", "linear"), starts)
    arrays = draw(build(IMAGE, steps, defaults=defaults))
    for name, array in arrays.items():
        assert (array == (0.5 if name.endswith("weight") else 0.25)).all()
