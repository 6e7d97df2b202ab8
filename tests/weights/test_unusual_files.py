"""What is no file, is called as another format, or holds what is no number: nothing is silent."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("safetensors")
pytest.importorskip("h5py")

import numpy as np

from cnnspec.cli.main import run
from cnnspec.network import load
from cnnspec.weights.draw import draw_weights
from cnnspec.weights.formats import hdf5_apart
from cnnspec.weights.formats.table import open_arrays
from tests.weights.files import write
from tests.weights.hostile import keras_files
from tests.weights.hostile.running import compile_with, list_commands, make_folder, snapshot

SUFFIXES = (".safetensors", ".weights.h5", ".keras")
FRAMEWORKS = (".pt", ".pth", ".onnx")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(make_folder(tmp_path))
    return Path.cwd()


@pytest.mark.parametrize("suffix", [*SUFFIXES, *FRAMEWORKS])
def test_folders_pipes_and_devices_are_no_files(suffix: str, folder: Path, capsys: Any) -> None:
    (folder / f"folder{suffix}").mkdir()
    os.mkfifo(folder / f"pipe{suffix}")
    (folder / f"zero{suffix}").symlink_to("/dev/zero")
    (folder / f"loop{suffix}").symlink_to(f"loop{suffix}")
    before = snapshot(folder)
    for name in ("folder", "pipe", "zero", "loop", "absent"):
        for command in [*list_commands(name + suffix), compile_with(name + suffix)]:
            assert run(command) == 2, command
            printed = capsys.readouterr()
            assert (
                f"there is no file {'of weights ' if 'compile' in command else ''}" in printed.err
            )
            assert name in printed.err
            assert not printed.out
    assert snapshot(folder) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_must_not_be_read(suffix: str, folder: Path, capsys: Any) -> None:
    path = folder / f"net{suffix}"
    path.write_bytes(b"weights")
    path.chmod(0)
    assert run(["weights", "inspect", path.name]) == 2
    assert "Permission denied" in capsys.readouterr().err


@pytest.mark.torch
@pytest.mark.onnx
def test_the_content_of_one_format_under_the_name_of_another(folder: Path, capsys: Any) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from cnnspec.backends.onnx.emit import compile_onnx

    graph = load("tiny.yaml").graph
    arrays = draw_weights(graph, 0)
    model = compile_onnx(graph, arrays, file_name="net.onnx").files["net.onnx"]
    (folder / "net.onnx").write_bytes(model)
    for suffix in (".safetensors", ".pt", ".weights.h5"):
        write(folder / f"net{suffix}", graph, arrays)
    keras_files.KERAS_SOUND(folder / "net.keras")
    for held in (*SUFFIXES, ".pt", ".onnx"):
        for said in (*SUFFIXES, ".pt", ".onnx"):
            (folder / f"other{said}").write_bytes((folder / f"net{held}").read_bytes())
            assert run(["weights", "inspect", f"other{said}"]) == (held != said), (held, said)
            assert ("error[invalid-weights]" in capsys.readouterr().err) == (held != said)


def spoil(folder: Path) -> None:
    graph = load("tiny.yaml").graph
    arrays = draw_weights(graph, 0)
    arrays["fc.bias"][1] = np.nan
    arrays["conv1.weight"].reshape(-1)[[0, 3, 5]] = np.nan, np.inf, -np.inf
    write(folder / "odd.safetensors", graph, arrays)


SAID = (
    "note: 2 of 8 arrays hold numbers that are not finite, which are kept as they are: "
    "conv1.weight (1 NaN and 2 infinite of 54), fc.bias (1 NaN of 2)\n"
)


def test_numbers_that_are_not_finite_are_kept_and_named(folder: Path, capsys: Any) -> None:
    spoil(folder)
    spec = ["--spec", "tiny.yaml"]
    assert run(["weights", "convert", "odd.safetensors", "odd.weights.h5", *spec]) == 0
    assert capsys.readouterr().err == SAID
    assert run(["weights", "diff", "odd.safetensors", "odd.weights.h5", *spec]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("the same: 8 arrays\n", SAID)
    assert run(["weights", "diff", "odd.safetensors", "sound.safetensors"]) == 1
    assert "inf" in capsys.readouterr().out
    assert run(["weights", "convert", "sound.safetensors", "new.weights.h5", *spec]) == 0
    assert not capsys.readouterr().err


@pytest.mark.onnx
def test_a_model_with_numbers_that_are_not_finite_says_so(folder: Path, capsys: Any) -> None:
    pytest.importorskip("onnx")
    spoil(folder)
    assert run(compile_with("odd.safetensors")) == 0
    assert SAID in capsys.readouterr().err


def test_nothing_is_filled_with_what_is_no_number(folder: Path, capsys: Any) -> None:
    rules = folder / "rules.yaml"
    for number in (".nan", ".inf", "-.inf", "1e39", "1" * 400, "true", "x"):
        rules.write_text(f"rules: []\nfill:\n  - fc\\.bias: {number}\n")
        command = ["weights", "inspect", "sound.safetensors", "--spec", "tiny.yaml"]
        assert run([*command, "--rename", str(rules)]) == 1, number
        assert "error[" in capsys.readouterr().err


def test_a_library_that_is_never_done_is_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    keras_files.make_busy(folder / "busy.weights.h5")
    keras_files.make_sound(folder / "net.weights.h5")
    with monkeypatch.context() as patch:
        patch.setattr(hdf5_apart, "_SECONDS", 0.5)
        assert run(["weights", "inspect", "busy.weights.h5"]) == 1
    assert "HDF5's library crashes on it, or is not through" in capsys.readouterr().err
    assert run(["weights", "inspect", "net.weights.h5"]) == 0


def test_modules_beside_the_weights_are_not_imported(folder: Path) -> None:
    """Not in the process that reads HDF5 either, which Python would start in this folder."""
    keras_files.make_sound(folder / "net.weights.h5")
    for name in ("h5py", "numpy", "json", "cnnspec"):
        (folder / f"{name}.py").write_text("open('canary', 'w')")
    start = folder.parent / "start.py"
    start.write_text("import sys\nfrom cnnspec.cli.main import run\nsys.exit(run(sys.argv[1:]))")
    root = str(Path(hdf5_apart.__file__).parents[3])
    done = subprocess.run(
        [sys.executable, str(start), "weights", "inspect", "net.weights.h5"],
        env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "conv1/0" in done.stdout
    assert not (folder / "canary").exists()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_no_library_opens_what_lies_outside(folder: Path) -> None:
    """The system's own list of opened files, of C libraries and of all processes."""
    for case in ("external link", "external link up", "outside", "virtual", "soft link"):
        keras_files.HDF5[case](folder / "bad.weights.h5")
        command = [sys.executable, "-m", "cnnspec", "weights", "inspect", "bad.weights.h5"]
        watched = ["strace", "-f", "-e", "trace=open,openat,openat2", "-o", "trace.txt", *command]
        root = str(Path(hdf5_apart.__file__).parents[3])
        done = subprocess.run(
            watched, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True
        )
        assert done.returncode == 1, done.stderr
        trace = (folder / "trace.txt").read_text()
        assert "bad.weights.h5" in trace
        assert "secret" not in trace, case
        (folder / "bad.weights.h5").unlink()


def test_no_rule_makes_names_without_end(folder: Path, capsys: Any) -> None:
    rules = folder / "rules.yaml"
    rules.write_text('rules:\n  - "(.*)": ' + r"\1" * 240 + "\n")
    command = ["weights", "inspect", "sound.safetensors", "--spec", "tiny.yaml"]
    assert run([*command, "--rename", str(rules)]) == 1
    errors = capsys.readouterr().err
    assert "characters; the limit is 1000" in errors
    assert errors.count("error[invalid-rule]") == 1


@pytest.mark.torch
def test_what_a_state_dict_may_be(folder: Path, capsys: Any) -> None:
    """Tensors in every form that PyTorch itself saves are no attack."""
    torch = pytest.importorskip("torch")
    whole = torch.arange(24, dtype=torch.float32)
    state = OrderedDict(
        shared=whole[:12].view(3, 4),
        again=whole[12:].view(3, 4),
        turned=whole.view(4, 6).T[1:, ::2],
        single=torch.tensor(3),
        none=torch.empty(0, 5),
        half=whole.half(),
        coarse=whole.bfloat16(),
        double=whole.double(),
        whole=whole.to(torch.int16),
        signs=whole > 3,
        learnt=torch.nn.Parameter(whole),
    )
    state["tied"] = state["shared"]
    wanted = {name: tensor.detach().to(torch.float64).numpy() for name, tensor in state.items()}
    state._metadata = OrderedDict({"": {"version": 1}})  # type: ignore[attr-defined]
    for number, held in enumerate((state, dict(state))):
        for new in (True, False):
            path = folder / f"{number}{new}.pt"
            torch.save(held, path, _use_new_zipfile_serialization=new)
            with open_arrays(path) as file:
                for name, array in wanted.items():
                    assert np.array_equal(file.read(name), array), (name, new)
    torch.save(state, folder / "late.pt", pickle_protocol=4)
    assert run(["weights", "inspect", "late.pt"]) == 1
    assert "pickle_protocol" in capsys.readouterr().err
