"""Numbers go through files of every format and back without a bit changed."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("numpy")
pytest.importorskip("safetensors")
pytest.importorskip("h5py")

import numpy as np
import safetensors.numpy

from cnnspec.graph.ir import Graph
from cnnspec.graph.trained import drop_training
from tests.networks import FEW, Net
from tests.op_cases import OpCase
from tests.weights.files import FORMS, build_case, draw_bits, read_weights, require_equal, write

nets = pytest.mark.parametrize("net", FEW, ids=lambda net: net.id)
cases = pytest.mark.parametrize("case", FORMS, ids=lambda case: case.id)
# The formats that need no framework, and one that does.
SUFFIXES = [
    ".safetensors",
    ".weights.h5",
    pytest.param(".pt", marks=pytest.mark.torch),
]
suffixes = pytest.mark.parametrize("suffix", SUFFIXES)


def require_round_trip(folder: Path, graph: Graph, suffix: str) -> None:
    if suffix == ".pt":
        pytest.importorskip("torch")
    arrays = draw_bits(graph)
    first = write(folder / f"first{suffix}", graph, arrays)
    require_equal(first, graph, arrays)
    canonical = write(folder / "net.safetensors", graph, read_weights(first, graph))
    second = write(folder / f"second{suffix}", graph, read_weights(canonical, graph))
    require_equal(second, graph, arrays)


@pytest.mark.slow
@nets
@suffixes
def test_networks_come_back_bit_for_bit(net: Net, suffix: str, tmp_path: Path) -> None:
    require_round_trip(tmp_path, net.build(), suffix)


@cases
@suffixes
def test_every_op_comes_back_bit_for_bit(case: OpCase, suffix: str, tmp_path: Path) -> None:
    require_round_trip(tmp_path, build_case(case), suffix)


@pytest.mark.onnx
@pytest.mark.parametrize("external", [False, True])
@nets
def test_models_give_back_the_weights_they_were_made_with(
    net: Net, external: bool, tmp_path: Path
) -> None:
    pytest.importorskip("onnx")
    from cnnspec.backends.onnx.emit import compile_onnx

    graph = net.build()
    arrays = draw_bits(graph)
    compiled = compile_onnx(graph, arrays, external=external, file_name="net.onnx")
    for name, data in compiled.files.items():
        (tmp_path / name).write_bytes(data)
    trained = drop_training(graph)
    kept = {name: arrays[name] for name, _ in trained.list_weights()}
    require_equal(tmp_path / "net.onnx", trained, kept)


@nets
def test_other_tools_read_what_is_written(net: Net, tmp_path: Path) -> None:
    graph = net.build()
    arrays = draw_bits(graph)
    path = write(tmp_path / "net.safetensors", graph, arrays)
    found = safetensors.numpy.load_file(path)
    assert {name: array.tobytes() for name, array in found.items()} == {
        name: array.tobytes() for name, array in arrays.items()
    }
    with safetensors.safe_open(path, "np") as file:
        assert file.metadata()["cnnspec.fingerprint"] == graph.spec.fingerprint


def test_arrays_that_lie_in_another_order_are_written_right(tmp_path: Path) -> None:
    graph = next(net for net in FEW if net.id == "lenet5").build()
    arrays = {name: np.asfortranarray(array) for name, array in draw_bits(graph).items()}
    path = write(tmp_path / "net.safetensors", graph, arrays)
    require_equal(path, graph, {name: array.copy("C") for name, array in arrays.items()})
