"""Generated Keras models start with what a spec declares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.keras.paths import name_layer
from cnnspec.backends.keras.weights import KERAS_WEIGHTS, layer_weights
from cnnspec.graph.ir import Graph, Node
from tests.frameworks import keras
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
)

pytestmark = pytest.mark.keras

IMAGE = {"channels": 3, "height": 8, "width": 8}
EXACT = list(list_exact())


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    keras.utils.set_random_seed(0)
    yield
    keras.backend.clear_session()


def generate(graph: Graph) -> str:
    (source,) = compile_keras(graph, "cnnspec compile").files.values()
    return source.decode()


def make_model(graph: Graph, **arguments: Any) -> Any:
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(generate(graph), "generated.py", "exec"), namespace)
    return namespace["net"](**arguments)


def read(model: Any, node: Node) -> dict[str, Any]:
    """A layer's arrays in the layout of weight files."""
    variables = layer_weights(model.get_layer(name_layer(node.path)))
    arrays = {name: keras.ops.convert_to_numpy(own) for name, own in variables.items()}
    return {
        name: placed.join(arrays, node)
        for name, placed in KERAS_WEIGHTS[type(node.op)].items()
        if arrays.keys() >= set(placed.variables)
    }


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.id)
def test_layers_draw_what_is_declared(layer: Layer) -> None:
    starts = list_starts(layer)
    graph = build_parallel(layer, starts)
    model = make_model(graph)
    for start, node in zip(starts, list_layers(graph, layer.op), strict=True):
        arrays = read(model, node)
        check_arrays(layer, start, arrays["weight"], arrays.get("bias"))


def test_orthogonal_weights_are() -> None:
    for layer in ORTHOGONAL:
        fields = {**layer.fields, "initializer": {"orthogonal": {"gain": 1.4}}}
        graph = build(layer.input, [{layer.op: fields}])
        check_orthogonal(read(make_model(graph), graph.nodes[0])["weight"], 1.4)


@pytest.mark.parametrize("word", ["dirac", "bilinear"])
def test_windows_are_as_worked_out(word: str) -> None:
    for _, layer in (each for each in EXACT if each[0] == word):
        graph = build(layer.input, [{layer.op: {**layer.fields, "initializer": word}}])
        weight = read(make_model(graph), graph.nodes[0])["weight"]
        np.testing.assert_array_equal(weight, expect_exact(word, layer, weight.shape))


def test_layers_that_start_alike_do_not_start_with_the_same_numbers() -> None:
    conv = {"conv": {"out_channels": 8, "kernel_size": 3, "padding": 1}}
    blocks = {"unit": {"layers": [conv, conv]}}
    start = {"initializer": {"he_normal": {"mode": "fan_out"}}, "bias_initializer": "uniform"}
    steps = [conv, {"unit": None, "repeat": 3}, {**conv, "repeat": 2}]
    graph = build(IMAGE, steps, blocks=blocks, defaults={"conv": start})
    source = generate(graph)
    short = (
        'he_normal = partial(initializers.VarianceScaling, 2.0, "fan_out", "untruncated_normal")'
    )
    assert source.count(short) == 1
    assert source.count("kernel_initializer=he_normal(),") >= 3
    model = make_model(graph)
    arrays = [read(model, node) for node in graph.nodes]
    for name in ("weight", "bias"):
        kinds = {array[name].tobytes() for array in arrays}
        assert len(kinds) == len(arrays)


def test_an_argument_that_changes_fans_changes_the_deviation() -> None:
    wide = {"out_channels": "$width", "kernel_size": 3, "padding": 1}
    start = {"he_normal": {"mode": "fan_out"}}
    steps = [
        {"conv": {**wide, "initializer": start}},
        {"conv": {**wide, "groups": 4, "initializer": start}},
        {"depthwise_conv": {"kernel_size": 3, "padding": 1, "initializer": start}},
    ]
    graph = build(IMAGE, steps, params={"width": 16})
    model = make_model(graph, width=256)
    for fan, layer in zip((256 * 9, 64 * 9, 9), model.layers[-3:], strict=True):
        kernel = keras.ops.convert_to_numpy(layer.kernel)
        assert kernel.std() == pytest.approx((2 / fan) ** 0.5, rel=0.05)


def test_models_with_windows_of_ours_are_saved_and_loaded(tmp_path: Path) -> None:
    up = {"out_channels": 3, "kernel_size": 4, "stride": 2, "padding": 1}
    steps = [
        {"conv": {"out_channels": 3, "kernel_size": 3, "initializer": "dirac"}},
        {"conv_transpose": {**up, "initializer": "bilinear"}},
        {"conv_transpose": {**up, "groups": 3, "initializer": "bilinear"}},
    ]
    model = make_model(build(IMAGE, steps))
    model.save(tmp_path / "net.keras")
    loaded = keras.models.load_model(tmp_path / "net.keras")
    image = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_array_equal(model(image), loaded(image))


def test_what_a_spec_leaves_open_is_keras_own() -> None:
    source = generate(build(IMAGE, [{"conv": {"out_channels": 8, "kernel_size": 3}}]))
    assert "initializer" not in source
