"""Names in files of weights and in rules are texts of anybody's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("numpy")
pytest.importorskip("safetensors")
pytest.importorskip("re2")

from cnnspec.cli.main import run
from cnnspec.diagnostics import SpecError
from cnnspec.report.findings import format_text
from cnnspec.weights.rules import read_rules
from tests.attacks import outputs
from tests.attacks.places import SMALL, spell
from tests.attacks.texts import HOSTILE


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec, two files whose arrays have hostile names, and one with names that are refused."""
    import numpy
    from safetensors.numpy import save_file

    monkeypatch.chdir(tmp_path)
    texts = [text for text in HOSTILE if "\ud800" not in text and "\udcff" not in text]
    every = {text: numpy.zeros(2, numpy.float32) for text in texts}
    save_file(every, "every.safetensors")
    first = {text: array for text, array in every.items() if text and text.isprintable()}
    save_file(first, "first.safetensors", metadata={"\x1b[31m": "##[error]x"})
    save_file({f"{text}2": array for text, array in first.items()}, "second.safetensors")
    Path("net.yaml").write_text(SMALL.replace("TEXT", "text"))
    return tmp_path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    before = sorted(Path().iterdir())
    assert run(["weights", *arguments]) in (0, 1, 2)
    shown = capsys.readouterr()
    outputs.assert_plain(shown.out + shown.err)
    assert sorted(Path().iterdir()) == before
    return shown.out


def test_names_of_arrays_steer_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert "# #[add-mask]x" in call(capsys, "inspect", "first.safetensors")
    assert call(capsys, "inspect", "every.safetensors") == ""
    assert json.loads(call(capsys, "inspect", "first.safetensors", "--format", "json"))
    assert call(capsys, "diff", "first.safetensors", "second.safetensors")
    call(capsys, "inspect", "first.safetensors", "--spec", "net.yaml")
    call(capsys, "convert", "first.safetensors", "out.safetensors", "--spec", "net.yaml")


def test_rules_are_texts() -> None:
    for text in HOSTILE:
        said = spell(text)
        for rules in (
            f"rules: [{{{said}: {said}}}]\nfill: [{{{said}: 1}}]\nflatten: {said}\n{said}: 1\n",
            f"rules: [{{'(?s)(.*)': {said}}}]\n",
        ):
            try:
                read_rules(rules.encode(errors="surrogatepass"), "rules.yaml").rename([text])
            except SpecError as error:
                outputs.assert_plain(format_text(error.diagnostics, {"rules.yaml": rules}))
