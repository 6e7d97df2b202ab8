"""Generated models of networks with open sizes take every valid size, in every backend."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("numpy")

import numpy as np

from cnnspec import load
from cnnspec.diagnostics import SpecError
from cnnspec.graph.ir import Graph
from cnnspec.graph.valid_sizes import put_size
from cnnspec.graph.variations import find_variations, list_other_inputs
from cnnspec.network import Network
from cnnspec.sources import Source
from cnnspec.verify.measure import draw_task, import_source
from tests.test_sizes import FOLDER, NAMES

# ONNX has no adaptive pooling, and ONNX Runtime no way to know the last bin.
WITHOUT_ONNX = ("alexnet", "vgg")


@cache
def build(name: str) -> Graph:
    return load(FOLDER / f"{name}.yaml").graph


def read(input: str, *steps: str) -> Network:
    head = f"cnnspec: 1\nname: net\ninput: {input}\nlayers:\n"
    text = head + "".join(f"  - {step}\n" for step in steps)
    return Network(Source("net.yaml", text.encode(), Path()))


@pytest.mark.torch
@pytest.mark.parametrize("name", NAMES)
def test_torch_takes_the_valid_sizes_and_no_others(name: str) -> None:
    import torch

    from cnnspec.backends.torch.emit import compile_torch
    from cnnspec.naming import class_name

    graph = build(name)
    (source,) = compile_torch(graph, "cnnspec").files.values()
    shapes = tuple(value.known for value in graph.inputs)
    with import_source(source, "open") as module, torch.no_grad():
        model = getattr(module, class_name(graph.spec.name))().eval()
        for axis in find_variations(graph).valid.axes:
            for size in range(1, 100 if name != "reads" else 60):
                inputs = put_size(shapes, axis.size, size)
                tensors = [torch.zeros(1, *shape.dims) for shape in inputs]
                try:
                    model(*tensors)
                    works = True
                except (RuntimeError, ValueError):
                    works = False
                if size in axis.usable:
                    assert works, size
                # Code does not enforce what is only declared, nor what expressions decide.
                elif not axis.size.is_range and name not in ("reads", "hanging"):
                    assert not works, size


@pytest.mark.torch
@pytest.mark.onnx
@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITHOUT_ONNX])
def test_torch_and_onnx_agree_at_several_sizes(name: str) -> None:
    from cnnspec.verify.run import verify

    graph = build(name)
    assert len(draw_task(graph, 0).batches) >= 3
    report = verify(graph, ("torch", "onnx", "onnx:unoptimised"), train=True)
    assert report.passed, [verdict.problems for verdict in report.verdicts]


@pytest.mark.torch
@pytest.mark.keras
@pytest.mark.parametrize("name", NAMES)
def test_keras_agrees_at_several_sizes(name: str) -> None:
    from cnnspec.verify.run import verify

    report = verify(build(name), ("keras",), train=True)
    assert report.passed, [verdict.problems for verdict in report.verdicts]


@pytest.mark.parametrize("name", NAMES)
def test_other_inputs_are_valid_and_not_the_nominal_one(name: str) -> None:
    graph = build(name)
    nominal = tuple(value.known for value in graph.inputs)
    found = list_other_inputs(graph)
    assert found
    assert nominal not in found


@pytest.mark.onnx
def test_onnx_names_its_open_dims() -> None:
    import onnx

    from cnnspec.backends.onnx.emit import compile_onnx
    from cnnspec.weights.draw import draw_weights

    graph = build("unet")
    files = compile_onnx(graph, draw_weights(graph, 0), file_name="net.onnx").files
    model = onnx.load_from_string(files["net.onnx"])
    onnx.checker.check_model(model, full_check=True)
    (value,) = model.graph.input
    dims = [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
    assert dims == ["batch", 3, "H", "W"]
    named = {info.name: info for info in model.graph.value_info}
    inner = named["bottom"].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in inner] == ["batch", 4, "H/16", "W/16"]


@pytest.mark.onnx
@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        (["adaptive_avg_pool: 3"], "its bins depend on a size of the input that is open"),
        (["avg_pool: {kernel_size: 3, stride: 2, padding: same}"], "runtimes do not agree"),
        (["avg_pool: {kernel_size: 3, stride: 2, padding: 1, ceil_mode: true}"], "last window"),
        (
            ["conv: {out_channels: 2, kernel_size: 3, stride: 2, dilation: 2, padding: same}"],
            "padding of dilated windows",
        ),
        (["conv: {out_channels: 4, kernel_size: 1}", "group_norm: 2"], "depends on a size"),
    ],
)
def test_onnx_refuses_what_it_cannot_compute_at_run_time(steps: list[str], reason: str) -> None:
    network = read("{channels: 3, height: H, width: 20}", *steps)
    with pytest.raises(SpecError) as caught:
        network.compile("onnx")
    (finding,) = caught.value.diagnostics
    assert finding.rule == "backend-unsupported"
    assert reason in finding.message


@pytest.mark.parametrize("target", ["torch", "keras"])
def test_a_norm_over_everything_has_no_open_sizes(target: str) -> None:
    step = "layer_norm: {axes: all, affine: false}"
    network = read("{channels: 3, height: H, width: 20}", step)
    if target == "keras":
        assert network.compile(target).files
        return
    with pytest.raises(SpecError, match="depends on a size of the input that is open"):
        network.compile(target)


def test_a_norm_over_everything_with_a_scale_is_refused_in_keras() -> None:
    steps = ("layer_norm: {axes: all}", "to_tokens", "position_embedding")
    network = read("{channels: 3, length: {default: 9}}", *steps)
    with pytest.raises(SpecError, match="its scale has the map's sizes"):
        network.compile("keras")


def test_tokens_of_one_valid_size_are_counted_in_keras() -> None:
    steps = ("to_tokens", "position_embedding")
    files = read("{channels: 3, length: {default: 9}}", *steps).compile("keras").files
    assert b"layers.Reshape((9, 3)" in next(iter(files.values()))


def test_averages_with_padding_from_open_sizes_are_refused_in_keras() -> None:
    step = "avg_pool: {kernel_size: 3, stride: 2, padding: same}"
    with pytest.raises(SpecError, match="depends on a size of the input that is open"):
        read("{channels: 3, height: H, width: 20}", step).compile("keras")


def test_padding_that_is_the_same_for_all_declared_sizes_is_written_in_numbers() -> None:
    step = "conv: {out_channels: 4, kernel_size: 3, stride: 2, padding: same}"

    def write(height: str) -> str:
        files = read(f"{{channels: 3, height: {height}, width: 20}}", step).compile("torch").files
        return next(iter(files.values())).decode()

    assert "SamePaddedConv2d(" in write("H")
    assert "sides=(0, 1, 0, 1)" in write("{multiple_of: 2, default: 20}")


@pytest.mark.parametrize("target", ["torch", "keras"])
def test_the_head_of_a_file_says_the_valid_sizes(target: str) -> None:
    network = load(FOLDER / "unet.yaml")
    text = next(iter(network.compile(target).files.values())).decode()
    assert "    Input: 3 x H x W\n    H: multiples of 16\n    W: multiples of 16\n" in text
    assert "sample of 3 x 64 x 64: " in text
    if target == "keras":
        assert "keras.Input((None, None, 3))" in text


def test_batches_for_layers_and_training_have_the_nominal_size() -> None:
    graph = build("digits")
    first, *_, last = draw_task(graph, 0).batches
    assert first[0].shape == (1, 1, 28, 28)
    assert last[0].shape == (3, 1, 28, 28)
    assert np.isfinite(first[0]).all()
