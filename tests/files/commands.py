"""Commands that write, and what stands in the folder before: files that they may write again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cnnspec
from cnnspec.signing import sign_text

SPEC = """\
cnnspec: 1
name: net
summary: A net
input: {channels: 3, height: 8, width: 8}
layers:
  - conv: {out_channels: 8, kernel_size: 3, padding: same}
  - batch_norm
  - relu
  - relu
  - flatten
  - linear: 10
"""
# Our own output of another day, which nobody has changed.
OURS = sign_text('"""A model."""\n# cnnspec: digest\nx = 1\n')
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(cnnspec.__file__).parents[1])}

# The command, and the files that it writes.
WRITING = {
    "torch": (("compile", "net.yaml", "--target", "torch", "-o", "out.py"), ["out.py"]),
    "keras": (("compile", "net.yaml", "--target", "keras", "-o", "new.py"), ["new.py"]),
    "fix": (("check", "net.yaml", "--fix"), ["net.yaml"]),
    "init": (("init", "-o", "start.yaml", "--force"), ["cnnspec.schema.json", "start.yaml"]),
    "schema": (("schema", "-o", "new.json"), ["new.json"]),
}


def fill(folder: Path) -> Path:
    """A folder with a spec that can be mended, and what may be written again."""
    folder.mkdir(exist_ok=True)
    (folder / "net.yaml").write_text(SPEC)
    (folder / "out.py").write_text(OURS)
    (folder / "start.yaml").write_text("old\n")
    return folder


def start(*arguments: str | Path, folder: Path, **options: object) -> subprocess.Popen[bytes]:
    """The command line in a process of its own."""
    given: dict[str, object] = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "env": ENVIRONMENT,
    }
    command = [sys.executable, "-m", "cnnspec", *map(str, arguments)]
    return subprocess.Popen(command, cwd=folder, **(given | options))  # type: ignore[call-overload,no-any-return]


def read(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
