"""Random networks of fixed seeds on the backends, and those that were found wrong once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numpy")

from cnnspec.verify.measure import Measured, Task
from cnnspec.verify.settings import TENSORFLOW_SETTINGS
from tests.fuzz.coverage import Coverage
from tests.fuzz.known import explain
from tests.fuzz.run import Session, build

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
PLAIN = ("torch", "onnx")


def use_keras() -> None:
    """Load Keras here, where it stays for all networks of this process."""
    for name, value in TENSORFLOW_SETTINGS.items():
        os.environ.setdefault(name, value)
    pytest.importorskip("keras")


@pytest.mark.torch
@pytest.mark.onnx
@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 5))
def test_pytorch_and_onnx_agree_on_random_networks(number: int, tmp_path: Path) -> None:
    session = Session(PLAIN, tmp_path)
    assert session.run_batch(number) is None
    assert session.networks >= 20


@pytest.mark.keras
@pytest.mark.slow
@pytest.mark.parametrize("number", range(11, 13))
def test_keras_agrees_on_random_networks(number: int, tmp_path: Path) -> None:
    use_keras()
    session = Session(("keras",), tmp_path)
    assert session.run_batch(number) is None
    assert session.networks >= 20


@pytest.mark.torch
@pytest.mark.onnx
@pytest.mark.parametrize("path", CASES, ids=lambda path: str(path.stem))
def test_pytorch_and_onnx_agree_on_networks_that_were_wrong(path: Path) -> None:
    from tests.fuzz.hold import hold

    assert hold(build(path.read_text()), PLAIN).problems == []


@pytest.mark.keras
@pytest.mark.slow
@pytest.mark.parametrize("path", CASES, ids=lambda path: str(path.stem))
def test_keras_agrees_on_networks_that_were_wrong(path: Path) -> None:
    use_keras()
    from tests.fuzz.hold import hold

    assert hold(build(path.read_text()), ("keras",)).problems == []


@pytest.mark.keras
@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--networks", "40", "--seed", "11"), " networks on keras:torch: 0 failures,"),
        (("--replay", *map(str, CASES)), "one_channel_enlarged.yaml: passed\n"),
    ],
    ids=["random", "wrong once"],
)
def test_keras_on_pytorch_agrees(asked: tuple[str, ...], said: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("keras")
    options = ("--targets", "keras:torch", "--keep", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *asked, *options],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    # What Keras refuses is no failure.
    assert said in done.stdout


def test_a_known_fault_explains_only_what_it_can_be() -> None:
    graph = build(
        "cnnspec: 1\nname: net\ninput: {channels: 2, height: 4, width: 4}\n"
        "layers: [conv: {out_channels: 2}, instance_norm: {affine: true},"
        " residual: [conv: {out_channels: 2}], flatten,"
        " linear: 2]\n"
        "defaults: {conv: {kernel_size: 1}}\n"
    )
    weights = [name for name, _ in graph.list_weights()]
    explained = [name for name in weights if explain(graph, f"torch: gradient {name} is 1 off")]
    assert len(weights) == 8
    assert explained == weights[:4]
    assert not explain(graph, f"keras: gradient {weights[0]} is 1 off")
    assert not explain(graph, f"torch: output {weights[0]} is 1 off")


@pytest.mark.torch
def test_what_a_wrong_backend_gets_wrong_is_made_small_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnnspec.verify.run import RUNNERS

    def run_wrongly(task: Task, target: str) -> Measured:
        found = RUNNERS["torch"](task, target)
        if any(node.op.op == "identity" for node in task.graph.nodes):
            found.outputs = tuple({n: a * 1.01 for n, a in one.items()} for one in found.outputs)
        return found

    monkeypatch.setitem(RUNNERS, "wrong", run_wrongly)
    session = Session(("wrong",), tmp_path)
    told = session.run_batch(5)
    path = tmp_path / "seed_5.yaml"
    assert told is not None
    assert told.startswith(f"{path}: wrong: output")
    assert f"--replay {path.name}" in path.read_text()
    graph = build(path.read_text())
    assert "identity" in [node.op.op for node in graph.nodes]
    assert len(graph.nodes) <= 4


def test_a_table_of_classes_adds_up(tmp_path: Path) -> None:
    path, use = tmp_path / "table.tsv", ("relu", "input", "image")
    for _ in range(2):
        coverage = Coverage(("torch",), path)
        coverage.add("torch", frozenset({use}))
        coverage.write()
    assert "relu\tinput\timage\t2\n" in path.read_text()
    assert (use, 2) in coverage.list_rare()
