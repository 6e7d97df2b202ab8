"""Generated PyTorch modules: they equal the flat graph, and are what PyTorch's tools expect."""

from __future__ import annotations

import copy
import io
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")

from cnnspec.graph.ir import Graph
from cnnspec.naming import class_name
from tests.flat import (
    call,
    compile_source,
    draw_arrays,
    draw_inputs,
    join_outputs,
    list_graph_weights,
    list_module_weights,
    load_arrays,
    make_model,
    measure_gap,
    rename_weight,
    run_flat,
    run_source,
)
from tests.frameworks import torch
from tests.networks import FEW, NETS, Net, list_cases, list_own_nets
from tests.ruff_format import RUFF, needs_ruff

pytestmark = pytest.mark.torch

every_net = pytest.mark.parametrize("net", NETS, ids=lambda net: net.id)
few_nets = pytest.mark.parametrize("net", list_cases(FEW))
RULES = "E,F,I,N,B,UP,SIM,D1"


def build(net: Net) -> Graph:
    return net.build()


def generate(net: Net) -> str:
    return compile_source(build(net))


def make(net: Net, **arguments: Any) -> Any:
    """The generated model with drawn arrays, in double precision."""
    model = getattr(run_source(generate(net)), class_name(net.spec.name))(**arguments)
    return load_arrays(model, draw_arrays(build(net), torch.float64)).eval()


def write_sources(folder: Path) -> list[Path]:
    """All sources as files; one that cannot be generated is another test's finding."""
    paths = []
    for number, net in enumerate(NETS):
        path = folder / f"net{number}_{net.id.replace(':', '_')}.py"
        path.write_text(generate(net))
        paths.append(path)
    return paths


@every_net
def test_module_equals_flat_graph(net: Net) -> None:
    graph = build(net)
    arrays, inputs = draw_arrays(graph, torch.float64), draw_inputs(graph, torch.float64)
    output = make(net)(*inputs)
    shapes = (
        {name: output[name].shape for name in output}
        if isinstance(output, dict)
        else {"output": output.shape}
    )
    assert {name: tuple(shape[1:]) for name, shape in shapes.items()} == {
        name: value.known.dims for name, value in graph.outputs.items()
    }
    assert isinstance(output, torch.Tensor) == graph.is_plain
    output = join_outputs(output)
    assert measure_gap(output, run_flat(graph, inputs, arrays)) <= 1e-10


@every_net
def test_arrays_are_the_graphs(net: Net) -> None:
    graph, model = build(net), make_model(build(net))
    assert list_module_weights(model) == list_graph_weights(graph)
    trainable = {rename_weight(name) for name, weight in graph.list_weights() if weight.trainable}
    assert {name for name, _ in model.named_parameters()} == trainable


def silence(model: Any) -> Any:
    """The model without its dropout, which no other program draws alike."""
    for module in model.modules():
        if isinstance(module, torch.nn.modules.dropout._DropoutNd):
            module.p = 0.0
    return model


@few_nets
def test_training_step_equals_flat_graph(net: Net) -> None:
    """An activation in place that hurts breaks the backward pass, or changes these numbers."""
    graph = build(net)
    arrays, inputs = draw_arrays(graph, torch.float64), draw_inputs(graph, torch.float64, batch=3)
    model = silence(make(net)).train()
    output = call(model, inputs)
    for name, weight in graph.list_weights():
        arrays[name].requires_grad_(weight.trainable)
    wanted = run_flat(graph, inputs, arrays, training=True)
    assert measure_gap(output, wanted) <= 1e-9
    probe = torch.randn(
        wanted.shape, generator=torch.Generator().manual_seed(2), dtype=wanted.dtype
    )
    (output * probe).sum().backward()
    (wanted * probe).sum().backward()
    own = dict(model.named_parameters())
    scale = max(float(a.grad.abs().max()) for a in arrays.values() if a.grad is not None)
    for name, array in arrays.items():
        if array.requires_grad:
            gap = (own[rename_weight(name)].grad - array.grad).abs().max().item()
            # A bias before a norm has no gradient but rounding; PyTorch's own backward passes
            # of hard_sigmoid and hard_swish hold 1/6 in single precision.
            assert gap <= 1e-7 * max(float(array.grad.abs().max()), 1e-2 * scale), name


@few_nets
def test_inputs_are_left_alone(net: Net) -> None:
    inputs = draw_inputs(build(net), torch.float64)
    before = [x.clone() for x in inputs]
    make(net)(*inputs)
    assert all(torch.equal(x, y) for x, y in zip(inputs, before, strict=True))


@few_nets
def test_copies_and_layouts_give_the_same_numbers(net: Net) -> None:
    model, inputs = make(net), draw_inputs(build(net), torch.float64)
    with torch.no_grad():
        output = call(model, inputs)
        assert torch.equal(call(copy.deepcopy(model), inputs), output)
        ranks = {x.dim() for x in inputs}
        layout = torch.channels_last_3d if 5 in ranks else torch.channels_last
        moved = [x.contiguous(memory_format=layout) if x.dim() in (4, 5) else x for x in inputs]
        copied = copy.deepcopy(model).to(memory_format=layout)
        assert measure_gap(call(copied, moved), output) <= 1e-12


@few_nets
def test_state_survives_pickling(net: Net) -> None:
    model, inputs = make(net), draw_inputs(build(net), torch.float64)
    stream = io.BytesIO()
    torch.save(model.state_dict(), stream)
    stream.seek(0)
    fresh = getattr(run_source(generate(net)), class_name(net.spec.name))().double().eval()
    fresh.load_state_dict(torch.load(stream, weights_only=True), strict=True)
    assert torch.equal(call(fresh, inputs), call(model, inputs))


def test_whole_module_survives_pickling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = next(net for net in NETS if net.id == "squeeze_excite")
    (tmp_path / "generated_senet.py").write_text(generate(net))
    monkeypatch.syspath_prepend(str(tmp_path))
    import importlib

    module = importlib.import_module("generated_senet")
    model = module.SENet().eval()
    again = pickle.loads(pickle.dumps(model))
    x = torch.randn(2, 3, 16, 12)
    assert torch.equal(again(x), model(x))


@pytest.mark.parametrize("net", list_cases(FEW, deep=False))
@pytest.mark.slow
def test_module_exports(net: Net) -> None:
    graph = build(net)
    model = load_arrays(make_model(graph), draw_arrays(graph, torch.float32))
    inputs = draw_inputs(graph, torch.float32)
    program = torch.export.export(model, tuple(inputs))
    assert measure_gap(call(program.module(), inputs), call(model, inputs)) <= 1e-6


@pytest.mark.parametrize("name", ["squeeze_excite", "unet", "uneven"])
def test_small_module_exports(name: str) -> None:
    test_module_exports(next(net for net in NETS if net.id == name))


GOES_BACK = """
cnnspec: 1
name: goes_back
input: {channels: 3, height: 8, width: 8}
layers:
  stage:
    a: {conv: {out_channels: 4, kernel_size: 3, padding: 1}}
    b: tanh
    c: {conv: {out_channels: 4, kernel_size: 1}, from: a}
  pool: global_avg_pool
"""


def test_stage_that_goes_back_is_no_chain() -> None:
    test_module_equals_flat_graph(Net("goes_back", GOES_BACK))


def test_results_that_nothing_uses_are_not_computed() -> None:
    source = generate(Net("goes_back", GOES_BACK))
    assert "self.b = nn.Tanh()" in source
    assert "self.b(" not in source


SUM = """
cnnspec: 1
name: sum
input: {channels: 4, height: 8, width: 8}
layers:
  stem: {conv: {out_channels: 4, kernel_size: 1}}
  part:
    - residual:
        body:
          c1: {conv: {out_channels: 4, kernel_size: 3, padding: 1}}
          r1: relu
          c2: {conv: {out_channels: 4, kernel_size: 3, padding: 1}}
          last: LAST
        SHORTCUT
    - relu
  pool: global_avg_pool
"""


@pytest.mark.parametrize("shortcut", ["", "shortcut: [{conv: {out_channels: 4, kernel_size: 1}}]"])
@pytest.mark.parametrize(
    ("last", "in_place"),
    [("batch_norm", True), ("sigmoid", False), ("{dropout: 0.5}", False), ("identity", False)],
)
def test_only_what_the_backward_pass_does_not_read_is_overwritten(
    last: str, in_place: bool, shortcut: str
) -> None:
    net = Net(f"sum_{last}_{shortcut}", SUM.replace("LAST", last).replace("SHORTCUT", shortcut))
    assert ("out += " in generate(net)) == in_place
    test_training_step_equals_flat_graph(net)
    test_inputs_are_left_alone(net)


EVEN_KERNELS = """
cnnspec: 1
name: even_kernels
input: {channels: 3, height: 9, width: 8}
layers:
  - conv: {out_channels: 4, kernel_size: 4, padding: same}
  - depthwise_conv: {kernel_size: [3, 2], padding: same, dilation: 3}
  - conv: {out_channels: 4, kernel_size: 2, padding: same, dilation: 2}
  - global_avg_pool
"""


def test_even_kernels_are_padded_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        test_module_equals_flat_graph(Net("even_kernels", EVEN_KERNELS))
    # A dilated kernel of two may be as wide as one of three.
    assert generate(Net("even_kernels", EVEN_KERNELS)).count('padding="same"') == 1


CLASSES = [net for net in FEW if "classes" in net.spec.params]


@pytest.mark.parametrize("net", CLASSES, ids=lambda net: net.id)
def test_argument_equals_recompiled_spec(net: Net) -> None:
    """The generated model built with another value is the model of the spec with that value."""
    graph = net.build(classes=13)
    arrays, inputs = draw_arrays(graph, torch.float64), draw_inputs(graph, torch.float64)
    model = getattr(run_source(generate(net)), class_name(net.spec.name))(classes=13)
    output = load_arrays(model, arrays).eval()(*inputs)
    if isinstance(output, dict):
        for name, given in output.items():
            assert given.shape[1:] == graph.outputs[name].known.dims
        output = join_outputs(output)
    else:
        assert output.shape[1] == 13
    assert measure_gap(output, run_flat(graph, inputs, arrays)) <= 1e-10


@needs_ruff
def test_sources_are_clean(tmp_path: Path) -> None:
    write_sources(tmp_path)
    common = ["--isolated", "--line-length", "88"]
    for command in (
        ["check", "--select", RULES, "--output-format", "concise"],
        ["format", "--diff"],
    ):
        done = subprocess.run(
            [str(RUFF), *command, *common, "--no-cache", "."],
            cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_sources_have_sound_types(tmp_path: Path, mypy_cache: str) -> None:
    pytest.importorskip("mypy")
    write_sources(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, mypy_cache, "."],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


PRINT_SOURCES = """
import hashlib
from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.torch.emit import compile_torch
from cnnspec.diagnostics import SpecError
from tests.networks import list_own_nets
for net in list_own_nets():
    for compile_net in (compile_torch, compile_keras):
        try:
            (data,) = compile_net(net.build(), "cnnspec compile").files.values()
        except SpecError as error:
            data = str(error).encode()
        print(net.id, compile_net.__name__, hashlib.sha256(data).hexdigest())
"""


def test_sources_are_the_same_in_every_process() -> None:
    outputs = []
    for seed in ("1", "77"):
        root = Path(__file__).parents[2]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", PRINT_SOURCES],
            cwd=root, env=environment, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    assert outputs[0].count("\n") == 2 * len(list_own_nets())
