"""Two processes that write one file leave one of the two files, whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnnspec.cli.main import run
from tests.files.commands import ENVIRONMENT, SPEC, fill
from tests.files.cut_short import describe

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not copied there")

Row = tuple[list[int], dict[str, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = fill(tmp_path / "folder")
    monkeypatch.chdir(folder)
    (folder / "other.yaml").write_text(SPEC.replace("linear: 10", "linear: 3"))
    for name in ("out.py", "start.yaml"):
        (folder / name).unlink()
    return folder


def contend(folder: Path, rounds: int, *commands: tuple[str, ...]) -> list[Row]:
    first, second = commands
    done = subprocess.run(
        [sys.executable, "-m", "tests.files.contend", folder, str(rounds), *first, "--", *second],
        env=ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def list_wholes(folder: Path, *commands: tuple[str, ...]) -> list[dict[str, str]]:
    """What the folder holds when each command has run alone."""
    wholes = []
    before = set(folder.iterdir())
    for command in commands:
        assert run(command) == 0
        wholes.append(describe(folder))
        for path in set(folder.iterdir()) - before:
            path.unlink()
    return wholes


@pytest.mark.parametrize(
    "rounds", [10, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.exhaustive])]
)
def test_our_own_output_of_either_stays(folder: Path, rounds: int) -> None:
    compile_to = ("--target", "torch", "-o", "new.py")
    commands = [("compile", f"{name}.yaml", *compile_to) for name in ("net", "other")]
    wholes = list_wholes(folder, *commands)
    rows = contend(folder, rounds, *commands)
    assert len(rows) == rounds
    for codes, files in rows:
        assert codes == [0, 0]
        assert files in wholes


@pytest.mark.parametrize("force", [False, True])
def test_of_weights_the_first_stay_unless_forced(folder: Path, force: bool) -> None:
    pytest.importorskip("numpy")
    options = ("--force",) if force else ()
    commands = [
        ("weights", "init", "net.yaml", "-o", "new.safetensors", "--seed", seed, *options)
        for seed in "12"
    ]
    wholes = list_wholes(folder, *commands)
    rows = contend(folder, 8, *commands)
    for codes, files in rows:
        assert sorted(codes) == ([0, 0] if force else [0, 2])
        assert files in (wholes if force else [wholes[codes.index(0)]])
