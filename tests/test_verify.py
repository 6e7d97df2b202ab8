"""The proof: every network computes the same on PyTorch, Keras and ONNX Runtime."""

from __future__ import annotations

import pytest

pytest.importorskip("numpy")

import numpy as np

from cnnspec.graph.build import build_graph
from cnnspec.resources import read_zoo
from cnnspec.spec.read import read_spec

# In one process, where TensorFlow is loaded once.
from cnnspec.verify import on_onnx, on_torch
from cnnspec.verify.compare import judge
from cnnspec.verify.measure import draw_task
from cnnspec.verify.run import verify
from cnnspec.verify.show import format_text
from tests.networks import FEW

pytestmark = [pytest.mark.torch, pytest.mark.keras, pytest.mark.onnx]


# tests/keras/test_generated_keras.py proves all networks, made narrow.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "variant"),
    [("resnet", "50"), pytest.param("vgg", "16", marks=pytest.mark.exhaustive)],
)
def test_a_full_size_network_agrees_everywhere(name: str, variant: str) -> None:
    graph = build_graph(read_spec(read_zoo(name), f"{name}.yaml"), variant)
    report = verify(graph, ("torch", "keras", "onnx", "onnx:unoptimised"))
    assert report.passed, format_text(report)


def test_a_wrong_number_anywhere_fails_the_proof() -> None:
    graph = next(net for net in FEW if net.id == "lenet5").build()
    task = draw_task(graph, seed=0, train=True, trace=True)
    reference = on_torch.run_torch(task, on_torch.REFERENCE)
    sound = on_torch.run_torch(task)
    assert judge(graph, sound, reference, task.weights).passed

    off = on_torch.run_torch(task)
    off.outputs = tuple(
        {name: array + 1e-4 * np.abs(array).max() for name, array in batch.items()}
        for batch in off.outputs
    )
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
    off.outputs = tuple(
        {name: array * np.nan for name, array in batch.items()} for batch in off.outputs
    )
    assert "infinities or NaN" in judge(graph, off, reference, task.weights).problems[0]


def test_one_number_near_zero_is_held_against_those_of_other_batches() -> None:
    text = "cnnspec: 1\nname: net\ninput: {features: 8}\nlayers: [linear: 1]\n"
    graph = build_graph(read_spec(text, "net.yaml"))
    task = draw_task(graph, seed=0)
    reference, found = on_torch.run_torch(task, on_torch.REFERENCE), on_torch.run_torch(task)
    for measured, by in ((reference, 0.0), (found, 1e-7)):
        measured.outputs[0]["output"] = np.full((1, 1), 1e-6 + by)
    assert judge(graph, found, reference, task.weights).passed


def test_a_network_without_weights_takes_a_training_step() -> None:
    text = (
        "cnnspec: 1\nname: net\ninput: {channels: 2, height: 6, width: 6}\nlayers: [max_pool: 2]\n"
    )
    graph = build_graph(read_spec(text, "net.yaml"))
    report = verify(graph, ("torch", "keras", "keras:torch", "onnx"), train=True)
    assert report.passed, format_text(report)


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


def test_a_trace_of_one_layer_shows_no_other() -> None:
    text = "cnnspec: 1\nname: net\ninput: {channels: 2, height: 6, width: 6}\nlayers: [relu]\n"
    graph = build_graph(read_spec(text, "net.yaml"))
    report = verify(graph, ("torch", "onnx"), trace=True)
    assert report.passed, format_text(report)


def test_a_step_that_pytorch_cannot_take_in_double_is_taken_in_single() -> None:
    text = (
        "cnnspec: 1\nname: net\ninput: {channels: 4, height: 9, width: 9}\n"
        "layers: [conv: {out_channels: 1, kernel_size: 4}]\n"
    )
    graph = build_graph(read_spec(text, "net.yaml"))
    report = verify(graph, ("keras:torch",), train=True)
    assert report.passed, format_text(report)
    assert "for want of double" in report.verdicts[0].notes[0]


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
