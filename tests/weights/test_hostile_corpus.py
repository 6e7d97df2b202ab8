"""Files that are meant to harm, through every command that reads them: one finding and no more.

Nothing in them is run, nothing outside of their folder is opened, nothing is left behind, and no
old output is touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("safetensors")
pytest.importorskip("h5py")


from cnnspec.cli.main import run
from tests.weights.hostile import keras_files, safetensors_files
from tests.weights.hostile.running import (
    compile_with,
    make_folder,
    require_refusals,
    snapshot,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(make_folder(tmp_path))
    return Path.cwd()


@pytest.mark.parametrize("case", safetensors_files.CASES)
def test_safetensors_files(case: str, folder: Path, capsys: Any) -> None:
    safetensors_files.CASES[case](folder / "bad.safetensors")
    require_refusals(folder, "bad.safetensors", capsys)


@pytest.mark.parametrize("case", keras_files.HDF5)
def test_hdf5_files(case: str, folder: Path, capsys: Any) -> None:
    keras_files.HDF5[case](folder / "bad.weights.h5")
    require_refusals(folder, "bad.weights.h5", capsys)


@pytest.mark.parametrize("case", keras_files.KERAS)
def test_keras_files(case: str, folder: Path, capsys: Any) -> None:
    keras_files.KERAS[case](folder / "bad.keras")
    require_refusals(folder, "bad.keras", capsys)


@pytest.mark.torch
@pytest.mark.onnx
def test_torch_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from tests.weights.hostile.torch_files import CASES

    for case, make in CASES.items():
        (tmp_path / case).mkdir()
        monkeypatch.chdir(make_folder(tmp_path / case))
        make(Path("bad.pt").absolute())
        require_refusals(Path.cwd(), "bad.pt", capsys, compile_with("bad.pt"))


@pytest.mark.onnx
def test_onnx_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    pytest.importorskip("onnx")
    from tests.weights.hostile.onnx_files import CASES

    for case, make in CASES.items():
        (tmp_path / case).mkdir()
        monkeypatch.chdir(make_folder(tmp_path / case))
        make(Path("bad.onnx").absolute())
        require_refusals(Path.cwd(), "bad.onnx", capsys, compile_with("bad.onnx"))


@pytest.mark.onnx
def test_no_model_gets_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    pytest.importorskip("onnx")
    cases = {
        "bad.safetensors": safetensors_files.CASES,
        "bad.weights.h5": keras_files.HDF5,
        "bad.keras": keras_files.KERAS,
    }
    for name, made in cases.items():
        for case, make in made.items():
            root = tmp_path / f"{name} {case}"
            root.mkdir()
            monkeypatch.chdir(make_folder(root))
            make(Path(name).absolute())
            before = snapshot(root)
            for option in ("--weights", "--external"):
                command = [part.replace("--weights", option) for part in compile_with(name)]
                # A model can point into safetensors files alone.
                wanted = 1 if option == "--weights" or name == "bad.safetensors" else 2
                assert run(command) == wanted, (name, case)
                printed = capsys.readouterr()
                assert name in printed.err, (name, case)
                assert not printed.out
                assert snapshot(root) == before
