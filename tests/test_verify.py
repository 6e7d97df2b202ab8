"""The proof: every network computes the same on PyTorch, Keras and ONNX Runtime."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest

from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.resources import read_zoo
from cnnspec.spec.read import read_spec
from tests.networks import FEW, Net

pytestmark = [pytest.mark.torch, pytest.mark.keras, pytest.mark.onnx]

# In one process, where TensorFlow is loaded once.
pytest.importorskip("keras")

from cnnspec.verify import on_keras, on_onnx, on_torch  # noqa: E402
from cnnspec.verify.compare import judge  # noqa: E402
from cnnspec.verify.measure import draw_task  # noqa: E402
from cnnspec.verify.run import verify  # noqa: E402
from cnnspec.verify.show import format_text  # noqa: E402

TARGETS = ("torch", "keras", "onnx", "onnx:unoptimised")


def prove(graph: Graph, *, train: bool) -> None:
    report = verify(graph, TARGETS, train=train, trace=train)
    assert report.passed, format_text(report)
    assert report.parting is None, format_text(report)


@pytest.mark.parametrize("net", FEW, ids=lambda net: net.id)
def test_a_network_agrees_everywhere_in_training_too(net: Net) -> None:
    prove(net.build(), train=True)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "variant"), [("vgg", "16"), ("resnet", "50")])
def test_a_full_size_network_agrees_everywhere(name: str, variant: str) -> None:
    spec = read_spec(read_zoo(name), f"{name}.yaml")
    prove(build_graph(spec, variant), train=False)


@pytest.mark.parametrize("name", ["resnet:50", "unet", "squeeze_excite", "tokens"])
def test_every_layer_has_the_shape_and_the_weights_that_were_predicted(name: str) -> None:
    net = next(net for net in FEW if net.id == name)
    graph = net.build()
    task = draw_task(graph, seed=1, trace=True)
    runs = (on_torch.run_torch, on_keras.run_keras, on_onnx.run_onnx)
    torch_run, keras_run, onnx_run = (run(task) for run in runs)
    shapes = {node.path: node.shape.dims for node in graph.nodes}
    for run in (keras_run, onnx_run):
        assert {path: array.shape[1:] for path, array in run.layers.items()} == {
            path: shapes[path] for path in run.layers
        }
    assert keras_run.layers.keys() == shapes.keys()
    owners = {node.path for node in graph.nodes if node.weights}
    # The network's output has a name of its own in ONNX.
    inner = {node.path for node in graph.nodes if node.output not in graph.outputs.values()}
    assert owners <= torch_run.layers.keys() and owners & inner <= onnx_run.layers.keys()
    for path in owners:
        assert torch_run.layers[path].shape[1:] == shapes[path]
    expected = sum(prod(w.shape) for _, w in graph.list_weights() if w.trainable)
    assert [run.parameters for run in (torch_run, keras_run, onnx_run)] == [expected] * 3


def test_a_wrong_number_anywhere_fails_the_proof() -> None:
    graph = next(net for net in FEW if net.id == "lenet5").build()
    task = draw_task(graph, seed=0, train=True, trace=True)
    reference = on_torch.run_torch(task, on_torch.REFERENCE)
    sound = on_torch.run_torch(task)
    assert judge(graph, sound, reference, task.weights).passed

    off = on_torch.run_torch(task)
    off.outputs = tuple(array + 1e-4 * np.abs(array).max() for array in off.outputs)
    assert judge(graph, off, reference, task.weights).problems == (
        "output differs by 1.0e-04 (tolerance 1e-05)",
    )
    off = on_torch.run_torch(task)
    off.gradients["fc2.weight"] = off.gradients["fc2.weight"] * (1 + 1e-6)
    (problem,) = judge(graph, off, reference, task.weights).problems
    assert problem == "gradient of fc2.weight differs by 1.0e-06 (tolerance 1e-07)"
    off = on_torch.run_torch(task)
    del off.gradients["fc1.bias"]
    assert judge(graph, off, reference, task.weights).problems == (
        "gradients are missing on one side: fc1.bias",
    )
    off = on_torch.run_torch(task)
    off.outputs = tuple(array * np.nan for array in off.outputs)
    assert "infinities or NaN" in judge(graph, off, reference, task.weights).problems[0]


def test_a_trace_names_the_first_layer_where_backends_part() -> None:
    from cnnspec.verify.compare import find_parting

    graph = next(net for net in FEW if net.id == "lenet5").build()
    task = draw_task(graph, seed=0, trace=True)
    first, second = on_torch.run_torch(task), on_onnx.run_onnx(task)
    for path in ("fc1", "fc2"):
        second.layers[path] = second.layers[path] * 1.01
    parting = find_parting(graph, [first, second], 1e-5)
    assert parting is not None
    assert parting[:3] == ("fc1", "torch", "onnx")


def test_a_missing_framework_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = next(net for net in FEW if net.id == "lenet5").build()
    monkeypatch.setattr(on_onnx, "is_missing", lambda module: module == "onnxruntime")
    report = verify(graph, ("torch", "onnx"))
    assert not report.passed
    assert "onnx: onnxruntime is not installed: pip install 'cnnspec[onnx]'" in format_text(report)


def test_keras_runs_on_another_backend_in_a_process_of_its_own() -> None:
    graph = next(net for net in FEW if net.id == "squeeze_excite").build()
    report = verify(graph, ("keras:torch",), train=True)
    assert report.passed, format_text(report)
    assert report.verdicts[0].version.endswith("on torch")
