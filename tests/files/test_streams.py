"""Streams that are closed, full, or of an encoding that lacks letters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnnspec.resources import read_schema
from tests.files.commands import ENVIRONMENT, SPEC, fill

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="streams are other there")

CNNSPEC = f"'{sys.executable}' -m cnnspec"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = fill(tmp_path / "folder")
    (folder / "bad.yaml").write_text(SPEC.replace("flatten", "flaten"))
    return folder


def call(folder: Path, line: str, **settings: str) -> tuple[int, str]:
    """The exit code of a line for bash, and what reached its error stream."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("cnnspec", CNNSPEC, 1)],
        cwd=folder, env=ENVIRONMENT | settings, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize(
    ("line", "code", "errors"),
    [
        ("cnnspec summary net.yaml > /dev/full", 2, "standard output: No space left on device"),
        ("cnnspec check net.yaml --help > /dev/full", 2, "standard output: No space left"),
        ("cnnspec schema > /dev/full", 2, "standard output: No space left on device"),
        ("PYTHONUNBUFFERED=1 cnnspec schema > /dev/full", 2, "standard output: No space left"),
        ("cnnspec summary net.yaml >&-", 2, "standard output: Bad file descriptor"),
        ("cnnspec check - <&-", 2, "cannot read standard input: Bad file descriptor"),
        ("cnnspec check bad.yaml 2>/dev/full", 1, ""),
        ("cnnspec compile nothing --target torch 2>/dev/full", 2, ""),
        ("cnnspec compile nothing --target torch 2>&-", 2, ""),
        ("cnnspec schema | head -1", 141, ""),
        ("cnnspec compile nothing --target torch 2>&1 | true", 2, ""),
    ],
)
def test_a_stream_that_cannot_be_used_is_an_error_and_no_traceback(
    folder: Path, line: str, code: int, errors: str
) -> None:
    found, said = call(folder, line)
    assert found == code, said
    assert (errors in said) if errors else not said
    assert said.count("\n") <= 1


def test_what_is_printed_never_goes_into_a_file_that_took_a_closed_stream(folder: Path) -> None:
    # What was to be said of it was not, so that this is an error.
    assert call(folder, "cnnspec schema -o new.json <&- >&- 2>&-")[0] == 2
    assert (folder / "new.json").read_bytes() == read_schema()


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("cnnspec check netz_ö.yaml", 0),
        ("cnnspec check fehler_ö.yaml", 1),
        ("cnnspec compile netz_ö.yaml --target torch -o größe.py", 0),
        ("cnnspec compile netz_ö.yaml --target keras -o -", 0),
        ("cnnspec compile 'größe.yaml' --target torch", 2),
    ],
)
def test_an_encoding_without_letters_of_the_text_is_no_error(
    folder: Path, line: str, code: int
) -> None:
    text = SPEC.replace("A net", "Ein Netz für „Größen“ → 数")
    (folder / "netz_ö.yaml").write_text(text, encoding="utf-8")
    (folder / "fehler_ö.yaml").write_text(text.replace("flatten", "größe"), encoding="utf-8")
    found, said = call(folder, line, **ASCII)
    assert found == code, said
    assert "internal error" not in said
    assert "Traceback" not in said
    if "-o größe.py" in line:
        assert "für „Größen“" in (folder / "größe.py").read_text(encoding="utf-8")


def test_a_diff_is_a_patch_in_any_encoding(folder: Path) -> None:
    text = SPEC.replace("A net", "Größe").replace("  - flatten\n", "  - flatten # → flach\n")
    (folder / "net.yaml").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "cnnspec", "check", "net.yaml", "--fix", "--diff"],
        cwd=folder, env=ENVIRONMENT | ASCII, capture_output=True, check=True,
    )  # fmt: skip
    assert "# → flach".encode() in done.stdout
    assert os.linesep.encode() in done.stdout
