"""Bugs, missing packages, interrupts and closed pipes: an exit code, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cnnspec
from cnnspec.cli import summary as summary_command
from cnnspec.cli.main import run
from tests.command_folder import make_folder


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_folder(tmp_path, monkeypatch)


def start(*arguments: str, **options: object) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(Path(cnnspec.__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-m", "cnnspec", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        **options,  # type: ignore[call-overload]
    )


def test_a_bug_is_one_line_unless_debugging(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(options: object) -> int:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(summary_command, "run", fail)
    monkeypatch.delenv("CNNSPEC_DEBUG", raising=False)
    assert run(["summary", "good.yaml"]) == 70
    assert capsys.readouterr().err == (
        "cnnspec: error: internal error (ZeroDivisionError: oops); please report it with the spec. "
        "CNNSPEC_DEBUG=1 shows the traceback\n"
    )
    monkeypatch.setenv("CNNSPEC_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run(["summary", "good.yaml"])


def test_a_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(options: object) -> int:
        raise ModuleNotFoundError("No module named 'onnx'", name="onnx")

    monkeypatch.setattr(summary_command, "run", fail)
    assert run(["summary", "good.yaml"]) == 2
    assert "this needs the package 'onnx', which is not installed" in capsys.readouterr().err


def test_an_interrupt_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(summary_command, "run", fail)
    assert run(["summary", "good.yaml"]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes are other there")
def test_a_closed_pipe_is_silent() -> None:
    process = start("summary", "good.yaml", "--format", "json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert (process.wait(30), process.stderr.read()) == (141, b"")
