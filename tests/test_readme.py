"""The README shows what the tool does today. REGENERATE=1 fills its regions in again."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cnnspec
from cnnspec.cli.main import run
from reference.zoo import write_families
from tests.documents import ROOT, UPDATE, fill_regions, read_fences

README = ROOT / "README.md"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """What belongs into a region, by the words that it begins with."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> str:
        run(arguments)
        return capsys.readouterr().out

    def write_region(words: str) -> str:
        match words.split():
            case ["check", name]:
                (spec,) = (f for f in read_fences(README) if f.is_spec and f.file == f"{name}.yaml")
                Path(spec.file).write_text(spec.text, encoding="utf-8")
                return f"```text\n{call('check', spec.file)}```\n"
            case ["spec", name]:
                text = (ROOT / "specs" / f"{name}.yaml").read_text(encoding="utf-8")
                return f"```yaml\n{text}```\n"
            case ["torch" | "keras" as target, name, definition]:
                (source,) = cnnspec.load(name).compile(target).files.values()
                return f"```python\n{cut_definition(source.decode(), definition)}\n```\n"
            case ["zoo"]:
                return write_families("docs/reference/zoo")
        raise AssertionError(f"no such region: {words}")

    return write_region


def cut_definition(source: str, name: str) -> str:
    """One class or function of a file."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return ast.get_source_segment(source, node) or ""
    raise AssertionError(f"there is no {name}")


@pytest.mark.slow
def test_regions_are_up_to_date(write) -> None:  # type: ignore[no-untyped-def]
    text, wanted = fill_regions(README, write)
    if UPDATE:
        README.write_text(wanted, encoding="utf-8")
    else:
        assert text == wanted, "make docs fills them in again"
    assert wanted.count("<!-- begin: ") == 5


def test_python_runs(tmp_path: Path) -> None:
    (example,) = (fence for fence in read_fences(README) if fence.language == "python" and
                  fence.text.startswith("import cnnspec"))  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-c", example.text],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(cnnspec.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("23528522\nresnet_50.py ")


def test_ci_runs_the_commands_of_the_readme() -> None:
    (setup,) = (
        fence.text.strip() for fence in read_fences(README)
        if fence.language == "sh" and "[test]" in fence.text
    )  # fmt: skip
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in setup.split(" && "):
        assert f"run {command}" in script
