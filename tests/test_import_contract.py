"""Imports point one way, as pyproject.toml says; a second test proves that the first can fail."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import cnnspec

pytest.importorskip("importlinter")

ROOT = Path(cnnspec.__file__).parents[1]
CONFIG = Path(__file__).parents[1] / "pyproject.toml"
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports({options}))"


def lint(config: Path) -> subprocess.CompletedProcess[str]:
    """Hold the package against the contracts of a file, in a process of its own."""
    options = f"config_filename={str(config)!r}, no_cache=True"
    return subprocess.run(
        [sys.executable, "-c", LINT.format(options=options)],
        cwd=config.parent,
        env=os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )


def test_imports_keep_the_contract() -> None:
    result = lint(CONFIG)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_contract_the_wrong_way_round_is_broken(tmp_path: Path) -> None:
    turned = tmp_path / "contract.toml"
    turned.write_text(
        '[tool.importlinter]\nroot_package = "cnnspec"\n'
        '[[tool.importlinter.contracts]]\nname = "Turned"\ntype = "layers"\n'
        'layers = ["cnnspec.ops", "cnnspec.graph"]\n'
    )
    result = lint(turned)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "Turned BROKEN" in result.stdout
    assert "cnnspec.graph.ir -> cnnspec.ops.base" in result.stdout


def test_every_part_has_a_place_in_the_contract() -> None:
    contracts = tomllib.loads(CONFIG.read_text())["tool"]["importlinter"]["contracts"]
    listed = {name for layer in contracts[0]["layers"] for name in layer.replace("|", " ").split()}
    parts = {path.stem for path in (ROOT / "cnnspec").glob("*.py")} - {"__init__"}
    parts |= {path.parent.name for path in (ROOT / "cnnspec").glob("*/__init__.py")}
    assert listed == parts
