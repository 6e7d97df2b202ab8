"""The definitions that generated PyTorch files may begin with, at every rank of map."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnnspec.backends.torch.emit import read_support
from tests.ruff_format import RUFF, needs_ruff

SUPPORT = Path(__file__).parents[2] / "templates" / "torch" / "support"
IMPORTS = (
    "import torch\nimport torch.nn.functional as F  # noqa: N812\nfrom torch import Tensor, nn\n"
)


def write_files(folder: Path) -> None:
    """Each definition in a file of its own, for each rank that it serves."""
    functions = [path.stem for path in SUPPORT.glob("*.py") if path.stem.islower()]
    for path in SUPPORT.glob("*.py"):
        ranks = ("1d", "2d", "3d") if path.stem.endswith("2d") else ("",)
        for rank in ranks:
            text = read_support(path.stem.removesuffix("2d") + rank)
            # What calls another of the definitions stands behind it.
            called = [n for n in functions if f"{n}(" in text and n != path.stem]
            text = "\n\n\n".join([*map(read_support, called), text])
            words = [
                ("import torch\n", "torch."), ("import torch.nn", "F."), ("from torch", "Tensor"),
                ("from torch", "nn."),
            ]  # fmt: skip
            lines = [
                line
                for line in IMPORTS.splitlines(keepends=True)
                if any(line.startswith(start) and word in text for start, word in words)
            ]
            lines = [line if "Tensor" in text else line.replace("Tensor, ", "") for line in lines]
            lines = [line if "nn." in text else line.replace(", nn", "") for line in lines]
            if "Callable[" in text:
                lines = ["from collections.abc import Callable\n", "\n", *lines]
            head = '"""A definition."""\n' + "".join(["\n", *lines] if lines else lines)
            (folder / f"{path.stem}_{rank or 'any'}.py".lower()).write_text(f"{head}\n\n{text}\n")


@needs_ruff
def test_definitions_are_clean(tmp_path: Path) -> None:
    write_files(tmp_path)
    rules = ["check", "--select", "E,F,I,N,B,UP,SIM,D1", "--output-format", "concise"]
    for command in (rules, ["format", "--diff"]):
        done = subprocess.run(
            [str(RUFF), *command, "--isolated", "--line-length", "88", "--no-cache", "."],
            cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.torch
def test_definitions_have_sound_types(tmp_path: Path, mypy_cache: str) -> None:
    pytest.importorskip("mypy")
    pytest.importorskip("torch")
    write_files(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, mypy_cache, "."],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
