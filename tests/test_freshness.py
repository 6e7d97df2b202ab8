"""`compile --check`: generated files on disk against what their spec gives today."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec.cli.main import run

SPEC = """\
cnnspec: 1
name: net
input: {channels: 1, height: 8, width: 8}
params: {width: 4}
layers:
  - conv: {out_channels: $width, kernel_size: 3}
  - global_avg_pool
  - linear: 2
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*more: str) -> int:
    return run(["compile", "net.yaml", "--target", "torch", "--check", *more])


def test_a_missing_file_is_said_and_not_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check() == 1
    assert capsys.readouterr().out == "net.py is missing\n"
    assert not (folder / "net.py").exists()


def test_a_fresh_file_is_up_to_date_whatever_its_line_ends(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compile", "net.yaml", "--target", "torch"]) == 0
    path = folder / "net.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    capsys.readouterr()
    assert check() == 0
    assert capsys.readouterr().out == "net.py: up to date\n"


def test_a_changed_spec_makes_the_file_stale_and_shows_how(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compile", "net.yaml", "--target", "torch"]) == 0
    (folder / "net.yaml").write_text(SPEC.replace("kernel_size: 3", "kernel_size: 5"))
    capsys.readouterr()
    assert check() == 1
    shown = capsys.readouterr().out
    assert "--- net.py (on disk)\n+++ net.py (from the spec)\n" in shown
    assert "-            nn.Conv2d(1, width, kernel_size=3)," in shown
    assert "+            nn.Conv2d(1, width, kernel_size=5)," in shown


def test_a_hand_edit_is_recognised_and_never_overwritten_unasked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compile", "net.yaml", "--target", "torch"]) == 0
    path = folder / "net.py"
    edited = path.read_text().replace("width: int = 4", "width: int = 6")
    path.write_text(edited)
    capsys.readouterr()
    assert check() == 1
    assert "--- net.py (on disk, edited by hand)\n" in capsys.readouterr().out
    assert run(["compile", "net.yaml", "--target", "torch"]) == 2
    assert path.read_text() == edited
    assert run(["compile", "net.yaml", "--target", "torch", "--force"]) == 0
    assert check() == 0


def test_check_takes_nothing_that_writes(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--force") == 2
    assert check("-o", "-") == 2
    assert "--check writes nothing" in capsys.readouterr().err
