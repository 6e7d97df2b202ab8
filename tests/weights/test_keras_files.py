"""Keras's files: the order of layers that they are written in, and models that load them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("h5py")

import h5py
import numpy as np

from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.keras.paths import name_layer
from cnnspec.backends.keras.rehearsal import place_layers
from cnnspec.backends.keras.weights import KERAS_WEIGHTS, layer_weights
from cnnspec.diagnostics import SpecError
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.naming import module_name, variable_name
from cnnspec.spec.read import read_spec
from tests.frameworks import keras
from tests.networks import FEW, Net
from tests.op_cases import OpCase
from tests.random_specs import write_random_spec
from tests.weights.files import (
    FORMS,
    build_case,
    call,
    draw_bits,
    require_equal,
    write,
)

pytestmark = pytest.mark.keras

# Of a family of several only one: its layers are of the same kinds.
ONE_EACH = [net for net in FEW if ":" not in net.id or net.id in ("resnet:50", "vit:b_16")]


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    keras.utils.clear_session()


def make_model(graph: Graph) -> Any:
    (source,) = compile_keras(graph, "cnnspec compile").files.values()
    namespace: dict[str, Any] = {"__name__": f"made_{graph.name}"}
    exec(compile(source, "made.py", "exec"), namespace)
    name = variable_name(module_name(graph.spec.name))
    return namespace.get(f"{name}_model", namespace.get(name))()


def list_layers(model: Any) -> list[Any]:
    """The layers, those of models inside of the model behind these."""
    found = []
    for layer in model.layers:
        found += [layer, *(list_layers(layer) if hasattr(layer, "layers") else [])]
    return found


def require_order(graph: Graph, model: Any) -> None:
    layers = list_layers(model)
    wanted = [layer.name for layer in layers if not isinstance(layer, keras.layers.InputLayer)]
    assert [placement.name for placement in place_layers(graph)] == wanted


def require_loaded(graph: Graph, folder: Path) -> None:
    """The generated model takes our file, and we take the model's."""
    arrays = draw_bits(graph)
    model = make_model(graph)
    require_order(graph, model)
    model.load_weights(write(folder / "net.weights.h5", graph, arrays))
    layers = {layer.name: layer for layer in list_layers(model)}
    for node in graph.nodes:
        for weight in node.weights:
            variables = layer_weights(layers[name_layer(node.path)])
            placed = KERAS_WEIGHTS[type(node.op)][weight.name]
            for key, wanted in placed.part(arrays[node.name_weight(weight)], node).items():
                value = keras.ops.convert_to_numpy(variables[key])
                assert value.shape == wanted.shape
                assert value.tobytes() == np.ascontiguousarray(wanted).tobytes()
    model.save_weights(folder / "own.weights.h5")
    require_equal(folder / "own.weights.h5", graph, arrays)
    model.save(folder / "own.keras")
    require_equal(folder / "own.keras", graph, arrays)


def test_the_order_of_layers_is_keras_own_in_random_networks() -> None:
    compared = 0
    for seed in range(30):
        graph = build_graph(read_spec(write_random_spec(seed), "random.yaml"), "", {})
        try:
            model = make_model(graph)
        except SpecError:
            # Some have ops whose results nothing uses, which Keras would drop.
            continue
        require_order(graph, model)
        keras.utils.clear_session()
        compared += 1
    assert compared > 15


@pytest.mark.parametrize("net", ONE_EACH, ids=lambda net: net.id)
def test_generated_models_have_the_order_and_load_what_is_written(net: Net, tmp_path: Path) -> None:
    require_loaded(net.build(), tmp_path)


@pytest.mark.parametrize("case", FORMS, ids=lambda case: case.id)
def test_every_op_loads_what_is_written(case: OpCase, tmp_path: Path) -> None:
    require_loaded(build_case(case), tmp_path)


def test_files_without_the_names_of_layers_are_read_by_their_order(tmp_path: Path) -> None:
    graph = next(net for net in FEW if net.id == "squeeze_excite").build()
    arrays = draw_bits(graph)
    path = write(tmp_path / "net.weights.h5", graph, arrays)
    with h5py.File(path, "r+") as file:
        for group in file["layers"].values():
            del group["vars"].attrs["name"]
    require_equal(path, graph, arrays)


def test_models_are_written_with_keras(tmp_path: Path, capsys: Any) -> None:
    net = next(net for net in FEW if net.id == "squeeze_excite")
    (tmp_path / "net.yaml").write_text(net.text)
    graph = net.build()
    arrays = draw_bits(graph)
    source = write(tmp_path / "net.safetensors", graph, arrays)
    command = ("convert", source, tmp_path / "net.keras", "--spec", tmp_path / "net.yaml")
    code, printed, said = call(capsys, *command)
    assert (code, printed) == (0, f"wrote {tmp_path / 'net.keras'}\n")
    # Of all bits that a number can have some stand for none.
    assert said.startswith("note: 13 of 58 arrays hold numbers that are not finite")
    require_equal(tmp_path / "net.keras", graph, arrays)
    model = keras.saving.load_model(tmp_path / "net.keras")
    assert model.count_params() == make_model(graph).count_params()
