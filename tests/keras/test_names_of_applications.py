"""Specs with the layer names of keras.applications give its models: layers, sizes, numbers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import prod
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

from cnnspec.backends.keras.emit import compile_keras
from cnnspec.expressions import Value
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.spec.read import read_spec
from cnnspec.verify.measure import import_source
from tests.frameworks import keras
from tests.networks import SPECS

pytestmark = [pytest.mark.keras, pytest.mark.slow]

# The specs are narrow, for the tests that run them all.
FULL: dict[str, dict[str, Value]] = {
    "VGG16": {"widths": [64, 128, 256, 512, 512], "hidden": 4096},
    "ResNet50": {"widths": [64, 128, 256, 512]},
}
# What a layer is like, beside its name and its weights.
FACTS = (
    "strides",
    "padding",
    "kernel_size",
    "pool_size",
    "filters",
    "units",
    "epsilon",
    "momentum",
)
NAMES = list(FULL)


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    keras.utils.clear_session()


@cache
def build(name: str) -> Graph:
    path = SPECS / f"keras_{name.lower()}.yaml"
    return build_graph(read_spec(path.read_bytes(), path.name), "", FULL[name])


def make_models(name: str) -> tuple[Any, Any]:
    """The generated model, and that of keras.applications with random weights."""
    (source,) = compile_keras(build(name), "cnnspec compile").files.values()
    with import_source(source, f"keras_{name}") as module:
        ours = getattr(module, name.lower())()
    make = getattr(keras.applications, name)
    return ours, make(weights=None, input_shape=(32, 32, 3), classes=10)


def is_own_layer(layer: Any) -> bool:
    """Whether a layer does more than activate: keras.applications folds activations into others.

    The sum of a residual is called by its op, whatever a spec calls the steps around it.
    """
    return not isinstance(
        layer, keras.layers.Activation | keras.layers.Add | keras.layers.InputLayer
    )


def describe(layer: Any) -> tuple[object, ...]:
    config = layer.get_config()
    facts = [(fact, config[fact]) for fact in FACTS if fact in config]
    shapes = [(variable.name, tuple(variable.shape)) for variable in layer.weights]
    return type(layer).__name__, facts, shapes, tuple(layer.output.shape)


@pytest.mark.parametrize("name", NAMES)
def test_layers_are_those_of_keras_applications(name: str) -> None:
    ours, theirs = make_models(name)
    found = {layer.name: describe(layer) for layer in ours.layers if is_own_layer(layer)}
    wanted = {layer.name: describe(layer) for layer in theirs.layers if is_own_layer(layer)}
    assert found == wanted
    assert ours.count_params() == theirs.count_params()
    # Activations that keras.applications has as layers have the same names here.
    every = {layer.name for layer in ours.layers}
    activations = [x.name for x in theirs.layers if isinstance(x, keras.layers.Activation)]
    assert every.issuperset(activations)


@pytest.mark.parametrize("name", NAMES)
def test_weights_by_name_give_the_same_numbers(name: str) -> None:
    ours, theirs = make_models(name)
    source = np.random.default_rng(0)
    for layer in theirs.layers:
        if layer.weights:
            # Statistics and biases begin as zeros and ones, which would hide mistakes.
            layer.set_weights([draw(source, weight) for weight in layer.get_weights()])
            ours.get_layer(layer.name).set_weights(layer.get_weights())
    images = source.standard_normal((2, 32, 32, 3)).astype("float32")
    wanted = keras.ops.convert_to_numpy(theirs(images, training=False))
    found = keras.ops.convert_to_numpy(ours(images, training=False))
    assert np.ptp(wanted) > 1e-3
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def draw(source: np.random.Generator, weight: Any) -> Any:
    """Weights that keep values at their scale, and are none of them trivial."""
    if weight.ndim == 1:
        return source.uniform(0.5, 1.0, weight.shape).astype(weight.dtype)
    spread = (2 / prod(weight.shape[:-1])) ** 0.5
    return (spread * source.standard_normal(weight.shape)).astype(weight.dtype)


@pytest.mark.parametrize("name", NAMES)
def test_depth_is_said_by_loops(name: str) -> None:
    (source,) = compile_keras(build(name), "cnnspec compile").files.values()
    assert source.count(b"layers.Conv2D(") <= 5
