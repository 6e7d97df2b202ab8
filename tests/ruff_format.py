"""Asks `ruff format` whether it would leave statements as they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BESIDE = shutil.which("ruff", path=str(Path(sys.executable).parent))
RUFF = BESIDE or shutil.which("ruff")
needs_ruff = pytest.mark.skipif(RUFF is None, reason="needs ruff")

INDENTS = (0, 4, 8, 16)


def run_ruff(source: str) -> str:
    command = [str(RUFF), "format", "--isolated", "--line-length", "88", "-"]
    environment = {**os.environ, "PYTHONUTF8": "1"}
    done = subprocess.run(
        command, input=source, capture_output=True, encoding="utf-8", env=environment
    )
    assert done.returncode == 0, f"{done.stderr}\n{source}"
    return done.stdout


def place(lines: list[str], indent: int, number: int) -> str:
    """One statement at its indent, behind a marker; headers get a body."""
    frame = [" " * level + "if True:" for level in range(0, indent, 4)]
    body = [" " * (indent + 4) + "pass"] if lines[-1].endswith(":") else []
    if lines[-1].lstrip().startswith(("elif", "#")):
        body = [*body, " " * indent + "pass"]
    return "\n".join([f"MARK_{number}", *frame, *lines, *body])


def assert_unchanged(statements: list[tuple[list[str], int]]) -> None:
    chunks = [place(lines, indent, number) for number, (lines, indent) in enumerate(statements)]
    source = "\n".join(chunks) + "\n"
    found = run_ruff(source).split("MARK_")[1:]
    wanted = source.split("MARK_")[1:]
    for ours, theirs in zip(wanted, found, strict=True):
        kept = [line for line in theirs.split("\n") if line]
        assert kept == [line for line in ours.split("\n") if line]
