"""What a model file holds beside the ops: names, origin, and weights in a second file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")

import numpy as np
import onnx
from onnx import numpy_helper

from cnnspec.backends.base import Compiled
from cnnspec.backends.onnx import emit
from cnnspec.backends.onnx.emit import compile_onnx
from cnnspec.cli.main import run
from cnnspec.diagnostics import SpecError
from cnnspec.graph.ir import Graph
from cnnspec.ops.activation import Prelu, Relu
from cnnspec.ops.conv import Conv
from cnnspec.ops.norm import BatchNorm, GroupNorm
from cnnspec.weights.draw import draw_weights
from tests.graphs import chain_graph
from tests.onnx.runtime import run_model
from tests.op_cases import fmap

pytestmark = pytest.mark.onnx

# The second file's name, which says what is in it.
DATA = "net.onnx.b292e76c51f2af8b.data"


def make_network() -> Graph:
    return chain_graph(
        fmap(3, 6, 5),
        Conv(out_channels=4, kernel_size=3),
        BatchNorm(),
        Prelu(per_channel=True),
        Conv(out_channels=8, kernel_size=2, padding="same"),
        GroupNorm(num_groups=2),
        Relu(),
    )


def compile_network(**options: bool) -> Compiled:
    graph = make_network()
    return compile_onnx(graph, draw_weights(graph, 1), file_name="net.onnx", **options)


def read_model(compiled: Compiled) -> onnx.ModelProto:
    return onnx.load_from_string(compiled.files["net.onnx"])


def test_weights_keep_their_names_and_numbers() -> None:
    graph = make_network()
    weights = draw_weights(graph, 1)
    held = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in read_model(compile_network()).graph.initializer
    }
    for name, weight in graph.list_weights():
        assert held[name].shape == weight.shape
        assert np.array_equal(held[name], weights[name])


def test_layers_are_named_by_their_paths_with_slashes() -> None:
    names = [node.name for node in read_model(compile_network()).graph.node]
    assert names[:3] == ["body/0", "body/1", "body/2/weight_map"]
    assert len(set(names)) == len(names)


def test_inputs_and_outputs_have_a_free_batch() -> None:
    graph = read_model(compile_network()).graph
    shapes = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert shapes == {"input": ["batch", 3, 6, 5], "output": ["batch", 8, 4, 3]}


def test_the_file_says_where_it_comes_from() -> None:
    model = read_model(compile_network())
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert facts.pop("cnnspec.version") == model.producer_version
    assert facts == {
        "cnnspec.spec": "cnnspec: 1\n",
        "cnnspec.fingerprint": "68e51443f919f118",
        "cnnspec.variant": "",
    }
    assert model.producer_name == "cnnspec"
    assert model.doc_string == "A small network"
    assert model.ir_version == 8
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 18)]


def test_the_same_network_gives_the_same_bytes() -> None:
    assert compile_network().files == compile_network().files


def test_momentum_is_written_as_the_share_of_the_old_statistics() -> None:
    graph = chain_graph(fmap(3, 6, 5), BatchNorm(momentum=0.25))
    compiled = compile_onnx(graph, draw_weights(graph, 0), file_name="net.onnx")
    (node,) = read_model(compiled).graph.node
    attributes = {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
    assert attributes["momentum"] == 0.75


def test_external_weights_compute_the_same(tmp_path: Path) -> None:
    compiled = compile_network(external=True)
    assert list(compiled.files) == ["net.onnx", DATA]
    assert DATA in compiled.notes[0]
    for name, data in compiled.files.items():
        (tmp_path / name).write_bytes(data)
    onnx.checker.check_model(str(tmp_path / "net.onnx"), full_check=True)
    inputs = {"input": np.random.default_rng(0).normal(size=(2, 3, 6, 5)).astype(np.float32)}
    inline = run_model(compile_network().files["net.onnx"], inputs, optimise=True)
    outside = run_model(tmp_path / "net.onnx", inputs, optimise=True)
    assert np.array_equal(inline["output"], outside["output"])
    for tensor in read_model(compiled).graph.initializer:
        is_weight = tensor.name.startswith("body.")
        assert (tensor.data_location == onnx.TensorProto.EXTERNAL) == is_weight


def test_weights_move_out_where_one_file_cannot_hold_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emit, "INLINE_LIMIT", 100)
    assert list(compile_network().files) == ["net.onnx", DATA]
    with pytest.raises(SpecError) as caught:
        compile_network(external=False)
    assert [diagnostic.rule for diagnostic in caught.value.diagnostics] == ["invalid-option"]


@pytest.mark.parametrize(
    "spoilt", [None, np.zeros((4, 3, 3, 3)), np.zeros((3, 4, 3, 3), np.float32)]
)
def test_weights_that_are_not_the_networks_are_refused(spoilt: np.ndarray | None) -> None:
    graph = make_network()
    weights: dict[str, np.ndarray] = dict(draw_weights(graph, 1))
    del weights["body.0.weight"]
    if spoilt is not None:
        weights["body.0.weight"] = spoilt
    with pytest.raises(
        ValueError, match=r"body\.0\.weight must be float32 of shape \(4, 3, 3, 3\)"
    ):
        compile_onnx(graph, weights, file_name="net.onnx")


def test_a_model_never_points_into_the_numbers_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(emit, "INLINE_LIMIT", 100)
    monkeypatch.chdir(tmp_path)
    command = ["compile", "lenet5", "--target", "onnx"]
    assert run(command) == 0
    old_model = Path("lenet5.onnx").read_bytes()
    (old_data,) = tmp_path.glob("*.data")
    old_weights = old_data.read_bytes()
    # The machine stops between the two files: the old model is there, with its own numbers.
    real_replace = os.replace

    def replace(source: Path, target: Path) -> None:
        assert Path("lenet5.onnx").read_bytes() == old_model
        assert old_data.read_bytes() == old_weights
        real_replace(source, target)

    monkeypatch.setattr(os, "replace", replace)
    assert run([*command, "--seed", "1"]) == 0
    assert f"note: {old_data.name} belongs to an earlier lenet5.onnx" in capsys.readouterr().err
    assert old_data.read_bytes() == old_weights
    model = onnx.load_model("lenet5.onnx", load_external_data=False)
    places = {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    (new_data,) = places
    assert {new_data, old_data.name} == {path.name for path in tmp_path.glob("*.data")}


def test_a_data_file_is_ours_as_long_as_it_is_what_its_name_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(emit, "INLINE_LIMIT", 100)
    monkeypatch.chdir(tmp_path)
    command = ["compile", "lenet5", "--target", "onnx"]
    assert run(command) == 0
    (data,) = tmp_path.glob("*.data")
    whole = data.read_bytes()
    # As a kill leaves it, before the model has its place.
    Path("lenet5.onnx").unlink()
    assert run(command) == 0
    Path("lenet5.onnx").unlink()
    data.write_bytes(whole[:-1])
    assert run(command) == 2
    assert "was changed since" in capsys.readouterr().err
    assert data.read_bytes() == whole[:-1]
    assert run([*command, "--force"]) == 0
    assert data.read_bytes() == whole
