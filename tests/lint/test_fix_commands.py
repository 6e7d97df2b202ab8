"""Fixes at the command line: what is written, what is shown, and what is left alone."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cnnspec.cli.main import run
from cnnspec.lint import engine
from cnnspec.lint.rules import bias_before_norm
from tests.command_folder import make_folder
from tests.lint.test_fixes import BIASED, UNBIASED

BROKEN = BIASED.replace("batch_norm", "batchnorm")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(engine, "RULES", (bias_before_norm.RULE,))
    (tmp_path / "biased.yaml").write_text(BIASED)
    (tmp_path / "broken.yaml").write_text(BROKEN)
    return make_folder(tmp_path, monkeypatch)


def feed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))


def test_a_finding_shows_the_lines_that_its_fix_changes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["check", "biased.yaml"]) == 0
    assert capsys.readouterr().out == (
        "biased.yaml:5:5: hint[bias-before-norm]: the bias of conv 0 is cancelled by the "
        "batch_norm behind it\n"
        "  |\n"
        "5 |   - conv: {out_channels: 4, kernel_size: 3} # odd\n"
        "  |     ^^^^\n"
        "  = note: its 4 numbers are stored, and change nothing\n"
        "  = help: write bias: false (--fix)\n"
        "5 -   - conv: {out_channels: 4, kernel_size: 3} # odd\n"
        "5 +   - conv: {out_channels: 4, kernel_size: 3, bias: false} # odd\n"
        "\n"
        "biased.yaml:8:5: hint[bias-before-norm]: the bias of conv 3 is cancelled by the "
        "batch_norm behind it\n"
        "  |\n"
        "8 |   - conv:\n"
        "  |     ^^^^\n"
        "  = note: its 4 numbers are stored, and change nothing\n"
        "  = help: write bias: false (--fix)\n"
        "11 +       bias: false\n"
        "\n"
        "2 hints in 1 file; 2 can be fixed with --fix\n"
    )


def test_fixes_are_data_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "biased.yaml", "--format", "json"]) == 0
    first, _ = json.loads(capsys.readouterr().out)
    place = {"line": 5, "column": 43}
    assert first["fix"] == {
        "message": "write bias: false",
        "applicability": "safe",
        "edits": [{"location": place, "end_location": place, "content": ", bias: false"}],
    }


def test_fix_writes_the_files_and_shows_what_is_left(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--fix", "biased.yaml", "good.yaml", "broken.yaml"]) == 1
    assert (folder / "biased.yaml").read_text() == UNBIASED
    assert (folder / "broken.yaml").read_text() == BROKEN
    assert capsys.readouterr().out.endswith("\nfixed 2 findings; 2 errors in 3 files\n")
    assert run(["check", "--fix", "biased.yaml"]) == 0
    assert capsys.readouterr().out == "no problems in 1 file\n"


def test_fix_keeps_the_bytes_of_line_ends_and_a_link(folder: Path) -> None:
    target = folder / "target.yaml"
    target.write_bytes(b"\xef\xbb\xbf" + BIASED.replace("\n", "\r\n").encode())
    (folder / "link.yaml").symlink_to(target)
    assert run(["check", "--fix", "link.yaml"]) == 0
    assert target.read_bytes() == b"\xef\xbb\xbf" + UNBIASED.replace("\n", "\r\n").encode()
    assert (folder / "link.yaml").is_symlink()


def test_diff_shows_the_change_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--diff", "biased.yaml", "broken.yaml"]) == 1
    shown, findings = capsys.readouterr()
    assert shown.startswith("--- biased.yaml\n+++ biased.yaml\n@@ -2,10 +2,11 @@\n")
    assert "-  - conv: {out_channels: 4, kernel_size: 3} # odd\n" in shown
    assert "+  - conv: {out_channels: 4, kernel_size: 3, bias: false} # odd\n" in shown
    assert findings.endswith("\nwould fix 2 findings; 2 errors in 2 files\n")
    assert (folder / "biased.yaml").read_text() == BIASED


def test_the_fixed_text_of_standard_input_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, BIASED)
    assert run(["check", "--fix", "-"]) == 0
    assert capsys.readouterr() == (UNBIASED, "fixed 2 findings; no problems in 1 file\n")
    feed(monkeypatch, BROKEN)
    assert run(["check", "--fix", "-"]) == 1
    assert capsys.readouterr().out == BROKEN


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--fix", "family"], "specs/family.yaml is part of cnnspec: copy it, and fix the copy"),
        (["--fix", "good.yaml:big"], "good.yaml is fixed in all variants: leave out ':big'"),
        (["--unsafe-fixes", "good.yaml", "--set", "classes=3"], "leave out --set"),
        (["--fix", "-", "good.yaml"], "give '-' alone"),
    ],
)
def test_what_cannot_be_written_is_a_wrong_use(
    arguments: list[str], reason: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    feed(monkeypatch, BIASED)
    assert run(["check", *arguments]) == 2
    assert reason in capsys.readouterr().err


def test_a_zoo_spec_can_be_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--diff", "family"]) == 0
    assert capsys.readouterr() == ("", "no problems in 1 file\n")


def test_a_file_that_cannot_be_written_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    assert run(["check", "--fix", "biased.yaml", "good.yaml"]) == 2
    shown, error = capsys.readouterr()
    assert error == "cnnspec: error: cannot write 'biased.yaml': No space left on device\n"
    assert shown == "no problems in 1 file\n"
    assert (folder / "biased.yaml").read_text() == BIASED
    assert sorted(path.suffix for path in folder.iterdir()).count(".tmp") == 0
