"""Models without weights of their own: they point into a file, or take them as inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("safetensors")

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import load_file, save_file

import cnnspec
from cnnspec.backends.onnx.emit import compile_onnx
from cnnspec.backends.onnx.pack import OuterFile, Weights
from cnnspec.cli.main import run
from cnnspec.graph.ir import Graph
from cnnspec.weights.draw import draw_weights
from cnnspec.weights.external import find_places
from tests.graphs import side_by_side_graph
from tests.networks import NETS
from tests.onnx.runtime import Arrays, run_model
from tests.op_cases import CASES

pytestmark = pytest.mark.onnx

SPEC = """\
cnnspec: 1
name: net
input: {channels: 3, height: 6, width: 6}
layers:
  - conv: {out_channels: 4, kernel_size: 3}
  - batch_norm
  - prelu: {per_channel: true}
  - flatten
  - linear: 5
"""
CHOSEN = ("lenet5", "resnet:18", "unet", "tokens", "squeeze_excite", "volume_3d")
GRAPHS = {net.id: net.build() for net in NETS if net.id in CHOSEN} | {
    "every op with weights": side_by_side_graph(
        [case for case in CASES if case.build().list_weights(case.inputs)]
    )
}
COMPILE = ("compile", "net.yaml", "--target", "onnx")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a spec, and weights for it beside some other array's file."""
    (tmp_path / "net.yaml").write_text(SPEC)
    weights = draw_weights(cnnspec.load(tmp_path / "net.yaml").graph, 3)
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, graph: Graph, weights: Weights) -> Path:
    compiled = compile_onnx(graph, weights, file_name=path.name)
    (name,) = compiled.contents
    with (path.parent / name).open("wb") as file:
        file.writelines(compiled.contents[name])
    return path


def draw_inputs(graph: Graph) -> Arrays:
    random = np.random.default_rng(7)
    return {
        value.name: random.normal(size=(2, *value.known.dims)).astype(np.float32)
        for value in graph.inputs
    }


def assert_same(found: Arrays, expected: Arrays) -> None:
    assert list(found) == list(expected)
    assert all(np.array_equal(found[name], array) for name, array in expected.items())


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=list(GRAPHS))
def test_weights_compute_the_same_from_wherever_they_come(graph: Graph, tmp_path: Path) -> None:
    weights = draw_weights(graph, 3)
    counters = {"num_batches_tracked": np.array(7)}
    norms = [node.path for node in graph.nodes if node.op.op == "batch_norm"]
    extra = {f"{path}.{name}": array for path in norms for name, array in counters.items()}
    path = tmp_path / "model.safetensors"
    save_file({**dict(reversed(weights.items())), **extra}, path)
    inside = write(tmp_path / "inside.onnx", graph, weights)
    outside = write(
        tmp_path / "outside.onnx", graph, OuterFile(path.name, find_places(path, graph))
    )
    without = write(tmp_path / "without.onnx", graph, None)
    inputs = draw_inputs(graph)
    for model in (inside, outside, without):
        onnx.checker.check_model(str(model), full_check=True)
        data = model.read_bytes()
        assert onnx.load_from_string(data).SerializeToString(deterministic=True) == data
    for optimise in (True, False):
        expected = run_model(inside, inputs, optimise=optimise)
        assert_same(run_model(outside, inputs, optimise=optimise), expected)
    # Kernels for arrays that come late are others, which round in another order.
    found = run_model(without, {**inputs, **load_weights(path)}, optimise=True)
    for name, array in expected.items():
        assert np.abs(found[name] - array).max() <= 1e-5 * np.abs(array).max()


def load_weights(path: Path) -> Arrays:
    loaded = load_file(path)
    return {name: array for name, array in loaded.items() if array.dtype == np.float32}


def test_every_weight_points_outside_and_only_weights_do(folder: Path) -> None:
    assert run([*COMPILE, "--external", "model.safetensors"]) == 0
    model = onnx.load("net.onnx", load_external_data=False)
    outside = {t.name for t in model.graph.initializer if t.data_location == t.EXTERNAL}
    assert outside == set(load_file("model.safetensors"))
    assert (folder / "net.onnx").stat().st_size < 4000
    loaded = {t.name: numpy_helper.to_array(t) for t in onnx.load("net.onnx").graph.initializer}
    for name, array in load_file("model.safetensors").items():
        assert np.array_equal(loaded[name], array)


def test_weights_below_the_model_are_found_also_through_links(folder: Path) -> None:
    Path("model.safetensors").rename("below/model.safetensors")
    (folder / "link.safetensors").symlink_to(folder / "below" / "model.safetensors")
    inputs = draw_inputs(cnnspec.load("net.yaml").graph)
    assert run([*COMPILE, "--weights", "link.safetensors", "-o", "inside.onnx"]) == 0
    expected = run_model(folder / "inside.onnx", inputs, optimise=True)
    for weights in ("below/model.safetensors", "link.safetensors"):
        assert run([*COMPILE, "--external", weights]) == 0
        onnx.checker.check_model("net.onnx", full_check=True)
        assert_same(run_model(folder / "net.onnx", inputs, optimise=True), expected)


def test_weights_out_of_the_runtimes_reach_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "below" / "link.safetensors").symlink_to(folder / "model.safetensors")
    for weights in ("model.safetensors", "below/link.safetensors"):
        assert run([*COMPILE, "--external", weights, "-o", "below/"]) == 2
        shown = capsys.readouterr().err
        assert f"the weights lie in '{folder}', outside of the model's folder" in shown
        assert f"write the model there, with -o '{folder / 'net.onnx'}'" in shown
        assert not (folder / "below" / "net.onnx").exists()


def test_a_file_with_other_arrays_is_refused_with_all_its_faults(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = load_file("model.safetensors")
    weights["0.weight"] = weights["0.weight"].astype(np.float16)
    weights["1.bias"] = weights["1.bias"][:3]
    weights["head"] = weights.pop("4.bias")
    save_file(weights, "model.safetensors")
    assert run([*COMPILE, "--external", "model.safetensors"]) == 1
    shown = capsys.readouterr().err
    for rule in ("wrong-dtype", "wrong-shape", "missing-array", "unknown-array"):
        assert f"error[{rule}]" in shown
    assert "convert the arrays to float32" in shown
    assert not (folder / "net.onnx").exists()


def test_check_tells_when_the_weights_have_moved_in_their_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*COMPILE, "--external", "model.safetensors"]
    assert run(command) == 0
    assert run([*command, "--check"]) == 0
    save_file(load_file("model.safetensors"), "model.safetensors", {"note": "x" * 99})
    assert run([*command, "--check"]) == 1
    assert "net.onnx is not what the spec gives today" in capsys.readouterr().out


def test_a_model_without_weights_says_that_it_takes_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*COMPILE, "--no-weights"]) == 0
    assert "net.onnx takes its weights as inputs" in capsys.readouterr().err
    model = onnx.load("net.onnx").graph
    names = [value.name for value in model.input]
    assert names == ["input", *draw_weights(cnnspec.load("net.yaml").graph, 0)]
    shapes = [[d.dim_value for d in v.type.tensor_type.shape.dim] for v in model.input[1:]]
    assert shapes[0] == [4, 3, 3, 3]
    assert not {t.name for t in model.initializer} & set(names)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--external", "model.safetensors", "--weights", "model.safetensors"],
         "--weights and --external exclude each other"),
        (["--external", "model.safetensors", "--seed", "0"],
         "--seed and --external exclude each other"),
        (["--external", "model.safetensors", "--no-weights"],
         "--external and --no-weights exclude each other"),
        (["--no-weights", "--seed", "0"], "--seed and --no-weights exclude each other"),
        (["--no-weights", "--weights", "x"], "--weights and --no-weights exclude each other"),
        (["--external", "model.safetensors", "-o", "-"], "--external needs to know"),
        (["--external", "absent"], "there is no file of weights 'absent'"),
        (["--external", "below"], "there is no file of weights 'below'"),
        (["--external", "model.safetensors", "--force", "-o", "model.safetensors"],
         "'model.safetensors' is the file of weights itself"),
        (["--weights", "model.safetensors", "--force", "-o", "model.safetensors"],
         "'model.safetensors' is the file of weights itself"),
    ],
    ids=str,
)  # fmt: skip
def test_contradictions_are_wrong_usage(
    folder: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "model.safetensors").read_bytes()
    assert run([*COMPILE, *options]) == 2
    assert message in capsys.readouterr().err
    assert (folder / "model.safetensors").read_bytes() == before
    assert not (folder / "net.onnx").exists()


@pytest.mark.parametrize("option", [["--external", "model.safetensors"], ["--no-weights"]])
@pytest.mark.parametrize("target", ["torch", "keras"])
def test_source_text_has_no_weights_to_place(
    folder: Path, option: list[str], target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compile", "net.yaml", "--target", target, *option]) == 2
    assert f"{option[0]} goes with --target onnx" in capsys.readouterr().err


def test_python_refuses_weights_from_two_places(folder: Path) -> None:
    network = cnnspec.load("net.yaml")
    with pytest.raises(ValueError, match="exclude each other"):
        network.compile("onnx", external="model.safetensors", no_weights=True)
    path = folder / "below" / "net.onnx"
    with pytest.raises(cnnspec.SpecError, match="outside of the model's folder"):
        network.compile("onnx", external="model.safetensors", file_name=str(path))


def test_a_model_may_have_any_name(folder: Path) -> None:
    assert run([*COMPILE, "-o", "net.py"]) == 0
    onnx.checker.check_model(str(folder / "net.py"))
    assert run([*COMPILE, "-o", "net.py", "--check"]) == 0
    assert not list(folder.glob(".*"))
