"""Runs every command that reads a file of weights, and sees what it opened, wrote and left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from cnnspec.cli.main import run
from cnnspec.network import load
from cnnspec.weights.draw import draw_weights
from tests.weights.files import write

SPEC = """\
cnnspec: 1
name: tiny
input: {channels: 2, height: 4, width: 4}
layers:
  conv1: {conv: {out_channels: 3, kernel_size: 3}}
  norm1: batch_norm
  flatten: flatten
  fc: {linear: 2}
"""
# Numbers of files outside, which must not come in.
SECRET = np.full(64, 12345.678, np.float32)
CANARY = "canary"
SECONDS = 10.0

_opened: list[str] = []
_watching = False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event == "open":
        _opened.append(str(arguments[0]))


sys.addaudithook(_watch)


@contextmanager
def watch_opens() -> Iterator[list[str]]:
    """The files that Python opens in a block."""
    global _watching
    _opened.clear()
    _watching = True
    try:
        yield _opened
    finally:
        _watching = False


def make_folder(root: Path) -> Path:
    """A folder with a network and a sound file, beside a secret; what is made stays in it."""
    folder = root / "folder"
    folder.mkdir()
    (root / "secret.bin").write_bytes(SECRET.tobytes())
    (folder / "tiny.yaml").write_text(SPEC)
    graph = load(folder / "tiny.yaml").graph
    write(folder / "sound.safetensors", graph, draw_weights(graph, 0))
    (folder / "out.weights.h5").write_bytes(b"old")
    return folder


def list_commands(name: str) -> list[list[str]]:
    """Every command that reads a file, but for the one that needs a framework to write."""
    spec = ["--spec", "tiny.yaml"]
    return [
        ["weights", "inspect", name],
        ["weights", "convert", name, "out.weights.h5", *spec, "--force"],
        ["weights", "diff", "sound.safetensors", name, *spec],
    ]


def compile_with(name: str) -> list[str]:
    """The command that puts the weights of a file into a model."""
    return ["compile", "tiny.yaml", "--target", "onnx", "--weights", name, "-o", "out.onnx"]


def snapshot(root: Path) -> dict[str, object]:
    """Every file below a folder and what is in it."""
    return {
        str(path): path.read_bytes() if path.is_file() and path.stat().st_size < 2**20 else None
        for path in sorted(root.rglob("*"))
    }


def require_refusals(folder: Path, name: str, capsys: Any, *more: list[str]) -> None:
    """Every command ends with a finding that names the file, and does nothing else."""
    before = snapshot(folder.parent)
    for command in [*list_commands(name), *more]:
        began = monotonic()
        with watch_opens() as opened:
            code = run(command)
        printed = capsys.readouterr()
        said = f"{folder.parent.name}: {' '.join(command)}\n{printed.err}"
        assert code == 1, said
        assert not printed.out, said
        assert "error[" in printed.err, said
        assert name in printed.err, said
        assert "\x1b" not in printed.err, said
        assert "Traceback" not in printed.err, said
        assert monotonic() - began < SECONDS, said
        assert not [path for path in opened if "secret" in path or path.startswith("/dev/z")], said
        assert snapshot(folder.parent) == before, said
