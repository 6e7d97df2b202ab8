"""What `initialise_weights` draws has the declared distribution, and is the same everywhere."""

from __future__ import annotations

from hashlib import sha256

import pytest

pytest.importorskip("numpy")

import numpy as np

from cnnspec.ops.initializers import FIELDS, WORDS
from cnnspec.spec.keys import MAPPING_FIELDS
from cnnspec.weights.draw import draw_weights
from cnnspec.weights.initialise import initialise_weights
from tests.initial_cases import (
    LAYERS,
    ORTHOGONAL,
    STARTS,
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

pytestmark = pytest.mark.onnx

EXACT = list(list_exact())


def draw(layer: Layer, value: object, seed: int = 0) -> np.ndarray:
    graph = build(layer.input, [{layer.op: {**layer.fields, "initializer": value}}])
    return initialise_weights(graph, seed)["0.weight"]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.id)
def test_weights_have_the_declared_distribution(layer: Layer) -> None:
    starts = list_starts(layer)
    graph = build_parallel(layer, starts)
    arrays = initialise_weights(graph, 0)
    for start, node in zip(starts, list_layers(graph, layer.op), strict=True):
        bias = arrays.get(f"{node.path}.bias")
        check_arrays(layer, start, arrays[f"{node.path}.weight"], bias)


def test_the_cases_have_every_word() -> None:
    starts = [start.value for start in STARTS]
    words = {next(iter(value)) if isinstance(value, dict) else value for value in starts}
    assert words | {word for word, _ in EXACT} | {"orthogonal", "identity"} == set(WORDS)


@pytest.mark.parametrize("sample", ["normal", "uniform", "truncated_normal", "he_normal"])
def test_the_check_finds_a_deviation_that_is_a_tenth_off(sample: str) -> None:
    start = next(start for start in STARTS if start.value == sample)
    array = draw(LAYERS[0], sample)
    start.check(array, (216, 288))
    with pytest.raises(AssertionError):
        start.check(array * np.float32(1.1), (216, 288))


def test_the_check_tells_a_truncated_distribution_from_a_whole_one() -> None:
    whole = next(start for start in STARTS if start.value == {"normal": {"std": 0.03}})
    cut = draw(LAYERS[0], {"truncated_normal": {"std": 0.03 / 0.87963}})
    assert cut.std() == pytest.approx(0.03, rel=0.02)
    with pytest.raises(AssertionError):
        whole.check(cut, (216, 288))


@pytest.mark.parametrize("layer", ORTHOGONAL, ids=lambda layer: layer.id)
@pytest.mark.parametrize("gain", [1, 1.4])
def test_orthogonal_weights_are(layer: Layer, gain: float) -> None:
    weight = draw(layer, {"orthogonal": {"gain": gain}})
    check_orthogonal(weight, gain)
    assert np.abs(weight - draw(layer, {"orthogonal": {"gain": gain}}, seed=1)).max() > 0.01


@pytest.mark.parametrize(("word", "layer"), EXACT, ids=lambda value: getattr(value, "id", value))
def test_windows_are_as_worked_out(word: str, layer: Layer) -> None:
    weight = draw(layer, word)
    assert weight.dtype == np.float32
    np.testing.assert_array_equal(weight, expect_exact(word, layer, weight.shape))


def test_numbers_are_the_same_on_every_machine() -> None:
    values = ["he_normal", "truncated_normal", "glorot_uniform"]
    found = {value: sha256(draw(LAYERS[0], value).tobytes()).hexdigest()[:16] for value in values}
    assert found == {
        "he_normal": "ddb31fdb28614d6e",
        "truncated_normal": "cf7882218687064c",
        "glorot_uniform": "0b4bae72ae8ad4e5",
    }


def test_an_array_depends_on_its_name_and_the_seed_alone() -> None:
    conv = {"conv": {"out_channels": 8, "kernel_size": 3, "initializer": "he_normal"}}
    sizes = {"channels": 3, "height": 8, "width": 8}
    short = initialise_weights(build(sizes, [conv, conv]), 3)
    long = initialise_weights(build(sizes, [conv, conv, "relu", conv]), 3)
    assert (short["1.weight"] == long["1.weight"]).all()
    assert (long["1.weight"] != long["3.weight"]).any()
    other = initialise_weights(build(sizes, [conv, conv]), 4)
    assert (short["0.weight"] != other["0.weight"]).any()


def test_what_a_spec_leaves_open_is_drawn_as_ever() -> None:
    open_conv = {"conv": {"out_channels": 8, "kernel_size": 3, "bias_initializer": "ones"}}
    graph = build({"channels": 3, "height": 8, "width": 8}, [open_conv, "batch_norm"])
    found, drawn = initialise_weights(graph, 5), draw_weights(graph, 5)
    assert list(found) == list(drawn)
    assert {name for name in drawn if (found[name] != drawn[name]).any()} == {"0.bias"}
    assert (found["0.bias"] == 1).all()


def test_the_reader_knows_the_fields_that_hold_mappings() -> None:
    assert FIELDS == MAPPING_FIELDS
