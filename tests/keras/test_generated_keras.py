"""Generated Keras models: their layers, their files, and that they compute what the others do."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

pytest.importorskip("onnxruntime")

from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.keras.paths import name_layer
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph, Node
from cnnspec.graph.serving import find_training_only
from cnnspec.graph.sharing import find_uses
from cnnspec.graph.walk import walk_items
from cnnspec.naming import module_name, variable_name
from cnnspec.ops.pool import GlobalAvgPool, GlobalMaxPool
from cnnspec.ops.shapes import Kind
from cnnspec.spec.read import read_spec
from cnnspec.verify.compare import choose_tolerance, find_parting, judge
from cnnspec.verify.measure import Array, draw_task, import_source
from cnnspec.verify.on_keras import list_layers
from cnnspec.verify.on_torch import REFERENCE
from cnnspec.verify.run import measure, verify
from tests.frameworks import keras
from tests.networks import FEW, NETS, Net, list_cases
from tests.random_specs import write_random_spec
from tests.ruff_format import RUFF, needs_ruff

pytestmark = [pytest.mark.keras, pytest.mark.torch, pytest.mark.onnx]

Layers = dict[str, Array]
TARGETS = ("torch", "keras", "onnx", "onnx:unoptimised")
few_nets = pytest.mark.parametrize("net", list_cases(FEW))
# Of a family of several only one: its layers are of the same kinds.
ONE_EACH = [net for net in FEW if ":" not in net.id or net.id in ("resnet:50", "efficientnet:b0")]
SAVED = [
    net for net in NETS if net.id in ("squeeze_excite", "two_inputs", "uneven", "lenet5", "parts")
]


@cache
def build(net: Net) -> Graph:
    return net.build()


@cache
def generate(net: Net) -> bytes:
    (source,) = compile_keras(build(net), "cnnspec compile").files.values()
    return source


def make_model(net: Net) -> Any:
    """The generated model; its module stays behind, as that of a user would."""
    namespace: dict[str, Any] = {"__name__": f"generated_{net.id}"}
    exec(compile(generate(net), f"{net.id}.py", "exec"), namespace)
    name = variable_name(module_name(net.spec.name))
    return namespace.get(f"{name}_model", namespace.get(name))()


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    keras.utils.clear_session()


def is_chain(graph: Graph) -> bool:
    """Whether each op takes the result of the one before it, outside of blocks."""
    before = (graph.inputs[-1], *(node.output for node in graph.nodes))
    return len(graph.inputs) == 1 and all(
        node.inputs == (value,) and not node.origin.calls
        for node, value in zip(graph.nodes, before, strict=False)
    )


def list_sized(graph: Graph) -> list[Node]:
    """The ops whose result a layer of their own has, and no other op."""
    shared = find_uses(graph)
    return [node for node in graph.nodes if node.op.op != "identity" and node.home not in shared]


def find_last(layers: dict[str, Any], node: Node) -> Any:
    """The layer that ends an op: some cut the result of the layer with the op's name."""
    name = name_layer(node.path)
    ends = [layers[f"{name}_{end}"] for end in ("crop", "stride") if f"{name}_{end}" in layers]
    return (ends or [layers[name]])[0]


def to_keras(node: Node) -> tuple[int, ...]:
    """The sizes of an op's result in Keras's order."""
    shape = node.shape
    return (*shape.sizes, shape.channels) if shape.kind is Kind.MAP else shape.dims


def has_shape(layer: Any, node: Node, *, is_open: bool) -> bool:
    """Whether a layer's result has the sizes of an op's, where these are not open."""
    _, *found = layer.output.shape
    wanted = to_keras(node)
    if is_open:
        wanted = tuple(size and own for size, own in zip(found, wanted, strict=True))
    return tuple(found) == wanted


@few_nets
def test_layers_are_the_graphs(net: Net) -> None:
    graph, model = build(net), make_model(net)
    # A loop needs statements; the model's function is the last.
    listed = is_chain(graph) and b"    for " not in generate(net).rpartition(b"\ndef ")[2]
    assert isinstance(model, keras.Sequential) == listed
    names = [layer.name for layer in model.layers]
    assert len(names) == len(set(names))
    layers = {layer.name: layer for layer in model.layers}
    for node in list_sized(graph):
        layer, last = layers[name_layer(node.path)], find_last(layers, node)
        assert has_shape(last, node, is_open=bool(graph.open_sizes)), node.path
        assert layer.count_params() == sum(prod(weight.shape) for weight in node.weights)
    every = dict(list_layers(model))
    for node in find_uses(graph):
        counted = sum(prod(weight.shape) for weight in node.weights)
        assert every[name_layer(node.path)].count_params() == counted
    # What is not an op's own layer helps one: its name begins with that op's.
    own = tuple(name_layer(node.path) for node in graph.nodes)
    inputs = {str(tensor.name) for tensor in model.inputs}
    helpers = set(names) - set(own) - inputs - {layer for layer in names if "input_layer" in layer}
    shared = tuple(name_layer(item.path) for item in walk_items(graph.body) if item.step.shared)
    assert all(name.startswith((*own, *shared)) for name in helpers), helpers
    models = {name for name in helpers if hasattr(layers[name], "layers")}
    assert not any(layers[name].weights for name in helpers - models)


@few_nets
def test_every_target_computes_the_same(net: Net) -> None:
    graph, trace = build(net), net in ONE_EACH
    task = draw_task(graph, 0, train=True, trace=trace)
    results = {target: measure(task, target) for target in TARGETS}
    reference = measure(task, REFERENCE)
    for target, result in results.items():
        assert not judge(graph, result, reference, task.weights).problems, target
    if trace:
        others = [results[target] for target in ("torch", "onnx", "onnx:unoptimised")]
        assert find_parting(graph, [reference, *others], choose_tolerance(graph)) is None
        require_shapes(graph, *(results[target].layers for target in ("torch", "keras", "onnx")))


def require_shapes(graph: Graph, in_torch: Layers, in_keras: Layers, in_onnx: Layers) -> None:
    """Fail where a target gives the result of a layer another shape than the graph has."""
    results = set(graph.outputs.values())
    later = find_training_only(graph)
    for node in graph.nodes:
        if node.shares is not None or node in later:
            continue
        dims = node.shape.dims
        if node.path in in_keras:
            assert in_keras[node.path].shape[1:] == dims, node.path
        # The network's result has the name that callers know it by, and dropout is left out.
        if node.output not in results and not node.op.acts_in_training:
            assert in_onnx[node.path].shape[1:] == dims, node.path
        found = in_torch.get(node.path)
        if found is not None and isinstance(node.op, GlobalAvgPool | GlobalMaxPool):
            assert found[0].size == prod(dims)
        elif found is not None:
            assert found.shape[1:] == dims, node.path
    weighted = [node.path for node in graph.nodes if node.weights and node not in later]
    assert all(path in in_torch for path in weighted)
    assert all(node.path in in_keras for node in list_sized(graph) if node not in later)


@pytest.mark.parametrize("net", SAVED, ids=lambda net: net.id)
def test_saved_model_gives_the_same_numbers(net: Net, tmp_path: Path) -> None:
    model = make_model(net)
    source = np.random.default_rng(0)
    inputs = [source.standard_normal((2, *x.shape[1:])).astype("float32") for x in model.inputs]
    wanted = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    found = again(inputs if len(inputs) > 1 else inputs[0], training=False)
    assert np.array_equal(keras.ops.convert_to_numpy(found), keras.ops.convert_to_numpy(wanted))
    assert again.name == model.name == module_name(build(net).name)


@pytest.mark.parametrize("name", ["unet", "uneven"])
def test_mixed_precision_builds(name: str) -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = make_model(next(net for net in NETS if net.id == name))
    finally:
        keras.config.set_dtype_policy("float32")
    output = model(np.zeros((1, *model.inputs[0].shape[1:]), "float32"))
    assert keras.backend.standardize_dtype(output.dtype) == "float16"
    assert {v.dtype for v in model.trainable_variables} == {"float32"}


@pytest.mark.parametrize("net", SAVED, ids=lambda net: net.id)
def test_script_prints_a_summary(net: Net, capsys: pytest.CaptureFixture[str]) -> None:
    graph = build(net)
    exec(compile(generate(net), f"{net.id}.py", "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr().out
    parameters = sum(prod(weight.shape) for _, weight in graph.list_weights())
    assert f"{parameters:,}" in printed


@needs_ruff
def test_sources_are_clean(tmp_path: Path) -> None:
    for number, net in enumerate(NETS):
        (tmp_path / f"net{number}_{net.id.replace(':', '_')}.py").write_bytes(generate(net))
    rules = ["check", "--select", "E,F,I,N,B,UP,SIM,D1", "--output-format", "concise"]
    for command in (rules, ["format", "--diff"]):
        done = subprocess.run(
            [str(RUFF), *command, "--isolated", "--line-length", "88", "--no-cache", "."],
            cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


@cache
def list_live_seeds(count: int) -> list[int]:
    """The first seeds whose every op is used: Keras drops those that lead nowhere."""
    seeds: list[int] = []
    for seed in range(200):
        graph = build_graph(read_spec(write_random_spec(seed), "random.yaml"))
        outputs = set(graph.outputs.values())
        if all(node.output.readers or node.output in outputs for node in graph.nodes):
            seeds.append(seed)
        if len(seeds) == count:
            break
    return seeds


@pytest.mark.parametrize("turn", range(12))
def test_random_spec_computes_the_same(turn: int) -> None:
    seed = list_live_seeds(12)[turn]
    text = write_random_spec(seed)
    graph = build_graph(read_spec(text, f"seed{seed}.yaml"))
    report = verify(graph, ["torch", "keras", "onnx"], train=False)
    problems = {verdict.target: verdict.problems for verdict in report.verdicts if verdict.problems}
    assert not problems, text


def test_a_chain_holds_what_a_residual_without_its_shortcut_holds() -> None:
    text = (
        "cnnspec: 1\nname: net\ninput: {features: 4}\n"
        "layers: [relu, residual: {body: [linear: 3, tanh], shortcut_when: false}]\n"
    )
    (source,) = compile_keras(build_graph(read_spec(text, "net.yaml")), "test").files.values()
    assert b'name="body_0"' in source


def test_generated_module_is_found_by_its_function() -> None:
    net = next(net for net in NETS if net.id == "two_inputs")
    with import_source(generate(net), "keras_two_inputs") as module:
        model = module.two_inputs(classes=8)
    assert model.output_shape == (None, 8)
    assert [tensor.name for tensor in model.inputs] == ["image", "facts"]
