"""Weights: drawn the same everywhere, and read from files with every fault named."""

from __future__ import annotations

import os
from collections.abc import Callable
from hashlib import sha256
from itertools import product
from pathlib import Path

import pytest

pytest.importorskip("numpy")
pytest.importorskip("safetensors")

import numpy as np
import safetensors.numpy

from cnnspec.backends.content import FilePart
from cnnspec.diagnostics import SpecError
from cnnspec.graph.ir import Graph
from cnnspec.ops.activation import Prelu, Relu
from cnnspec.ops.conv import Conv, ConvTranspose
from cnnspec.ops.linear import Linear
from cnnspec.ops.norm import BatchNorm
from cnnspec.ops.pool import GlobalAvgPool
from cnnspec.weights.draw import draw_weights
from cnnspec.weights.external import find_places
from cnnspec.weights.figures import Census
from cnnspec.weights.read import gather_weights
from tests.graphs import chain_graph
from tests.op_cases import fmap
from tests.weights.files import read_weights

pytestmark = pytest.mark.onnx


def make_network(*more: Conv) -> Graph:
    return chain_graph(
        fmap(3, 6, 5),
        Conv(out_channels=16, kernel_size=3),
        BatchNorm(),
        Prelu(per_channel=True),
        ConvTranspose(out_channels=8, kernel_size=2, stride=2),
        *more,
    )


def test_weights_have_the_networks_names_and_shapes_in_order() -> None:
    graph = make_network()
    weights = draw_weights(graph, 0)
    assert [(name, array.shape) for name, array in weights.items()] == [
        (name, weight.shape) for name, weight in graph.list_weights()
    ]
    assert {array.dtype for array in weights.values()} == {np.dtype(np.float32)}


def test_the_same_seed_gives_the_same_bytes_on_every_machine() -> None:
    weights = draw_weights(make_network(), 5)
    digest = sha256(b"".join(array.tobytes() for array in weights.values())).hexdigest()
    assert digest == "98e86b9f24e2ebcef52b0b740ca37d9d4f8aef74f87c4f2faf9af768603d526a"


def test_seeds_and_names_make_arrays_differ() -> None:
    first, second = draw_weights(make_network(), 0), draw_weights(make_network(), 1)
    assert all(not np.array_equal(first[name], second[name]) for name in first)
    twins = draw_weights(chain_graph(fmap(4, 9, 9), *[Conv(out_channels=4, kernel_size=3)] * 2), 0)
    assert not np.allclose(twins["body.0.weight"], twins["body.1.weight"])


def test_a_longer_network_keeps_the_weights_of_its_beginning() -> None:
    short = draw_weights(make_network(), 0)
    long = draw_weights(make_network(Conv(out_channels=2, kernel_size=1)), 0)
    assert all(np.array_equal(array, long[name]) for name, array in short.items())


def test_statistics_and_scales_stay_away_from_zero() -> None:
    weights = draw_weights(make_network(), 0)
    for name in ("body.1.weight", "body.1.running_var"):
        assert weights[name].min() >= 0.5
        assert weights[name].max() <= 1.5
    for name in ("body.0.bias", "body.1.bias", "body.1.running_mean"):
        assert np.abs(weights[name]).min() > 0
        assert np.abs(weights[name]).max() <= 0.25


def test_kernels_are_bells_scaled_by_their_fan_in() -> None:
    graph = chain_graph(
        fmap(64, 6, 6),
        Conv(out_channels=64, kernel_size=3),
        Relu(),
        GlobalAvgPool(),
        Linear(out_features=500),
    )
    weights = draw_weights(graph, 0)
    kernel, matrix = weights["body.0.weight"], weights["body.3.weight"]
    assert kernel.std() == pytest.approx(1 / np.sqrt(64 * 9), rel=0.02)
    # After a ReLU half of the power is left: He's rule.
    assert matrix.std() == pytest.approx(np.sqrt(2 / 64), rel=0.02)
    assert abs(kernel.mean()) < 0.02 * kernel.std()
    assert np.abs(kernel).max() > 2.5 * kernel.std()


def write_arrays(folder: Path, data: bytes) -> Path:
    path = folder / "net.safetensors"
    path.write_bytes(data)
    return path


def test_arrays_are_loaded_bit_for_bit_in_the_order_of_the_graph(tmp_path: Path) -> None:
    graph = make_network()
    weights = draw_weights(graph, 0)
    reverse = dict(reversed(weights.items()))
    loaded = read_weights(write_arrays(tmp_path, safetensors.numpy.save(reverse)), graph)
    assert list(loaded) == list(weights)
    assert all(np.array_equal(loaded[name], array) for name, array in weights.items())


@pytest.mark.parametrize("read", [read_weights, find_places])
def test_every_array_that_does_not_fit_is_named(tmp_path: Path, read: Callable) -> None:
    graph = make_network()
    weights = dict(draw_weights(graph, 0))
    weights["body.0.wieght"] = weights.pop("body.0.weight")
    weights["other"] = np.zeros(3, np.float32)
    weights["body.1.weight"] = weights["body.1.weight"][:5]
    weights["body.1.bias"] = weights["body.1.bias"].astype(np.int32)
    weights["body.1.num_batches_tracked"] = np.array([7])
    with pytest.raises(SpecError) as caught:
        read(write_arrays(tmp_path, safetensors.numpy.save(weights)), graph)
    found = {d.rule + ": " + d.message: d.help for d in caught.value.diagnostics}
    assert found == {
        "missing-array: the weights lack body.0.weight (16x3x3x3)": (
            "the file has body.0.wieght: rename it if that is the same array",
        ),
        "unknown-array: the network has no body.0.wieght, which the weights have": (
            "did you mean body.0.weight?",
        ),
        "unknown-array: the network has no other, which the weights have": (),
        "wrong-shape: body.1.weight must be 16, but the weights have 5": (),
        "wrong-dtype: body.1.bias must be F32 (float32), but the weights have I32": (
            "convert the arrays to float32",
        ),
    }


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    graph = make_network()
    data = safetensors.numpy.save(dict(draw_weights(graph, 0)))
    huge = (2**62).to_bytes(8, "little")
    # The library skips what it does not know, even a number that Python does not read.
    entry = b'{"a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4], "note": 1%s}}' % (
        b"0" * 5000
    )
    odd = len(entry).to_bytes(8, "little") + entry + bytes(4)
    damages = (b"", b"PK\x03\x04", data[:50], data[:-1], data + b"x", huge + data[8:], odd)
    for damaged, read in product(damages, (read_weights, find_places)):
        with pytest.raises(SpecError) as caught:
            read(write_arrays(tmp_path, damaged), graph)
        assert [diagnostic.rule for diagnostic in caught.value.diagnostics] == ["invalid-weights"]


def test_a_header_is_read_without_the_numbers_behind_it(tmp_path: Path) -> None:
    graph = make_network()
    path = write_arrays(tmp_path, safetensors.numpy.save(dict(draw_weights(graph, 0))))
    before = find_places(path, graph)
    data = path.read_bytes()
    os.truncate(path, 8 + int.from_bytes(data[:8], "little"))
    os.truncate(path, len(data))
    assert find_places(path, graph) == before
    assert list(before) == [name for name, _ in graph.list_weights()]
    for name, array in draw_weights(graph, 0).items():
        start, size = before[name]
        assert data[start : start + size] == array.tobytes()


def test_a_file_that_changes_while_it_is_copied_into_a_model_is_refused(tmp_path: Path) -> None:
    graph = make_network()
    weights = draw_weights(graph, 0)
    path = write_arrays(tmp_path, safetensors.numpy.save(dict(weights)))
    part = gather_weights(path, graph, Census())["body.0.weight"]
    assert isinstance(part, FilePart)
    assert b"".join(part.read()) == weights["body.0.weight"].tobytes()
    with path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(SpecError, match="changed while it was read"):
        list(part.read())
    path.unlink()
    with pytest.raises(SpecError, match="cannot be read: No such file"):
        list(part.read())
