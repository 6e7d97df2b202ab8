"""Checking a spec loads nothing heavy, in a fresh interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import cnnspec

HEAVY = (
    "torch",
    "tensorflow",
    "keras",
    "jax",
    "onnx",
    "onnxruntime",
    "safetensors",
    "h5py",
    "re2",
    "numpy",
    "jinja2",
    "rich",
)

SPEC = """\
cnnspec: 1
name: net
input: {channels: 3, height: 8, width: 8}
layers:
  - conv: {out_channels: 4, kernel_size: 3, padding: same}
  - flatten
  - linear: 10
"""

# One process for all commands: what is loaded stays, so that a line holds what came until then.
PROBE = """
import sys
{extra}
from cnnspec.cli.main import run
for arguments in {commands!r}:
    code = run(arguments)
    print("\\nLOADED", code, *(name for name in {heavy!r} if name in sys.modules))
"""
LIGHT = [
    ("--version",),
    ("--help",),
    ("compile", "--help"),
    ("zoo", "--help"),
    ("rules",),
    ("explain", "kind-mismatch"),
    ("check", "net.yaml"),
    ("check", "net.yaml", "--format", "sarif"),
    ("check", "net.yaml", "--format", "junit"),
    ("summary", "net.yaml"),
    # Source is laid out without jinja.
    ("compile", "net.yaml", "--target", "torch"),
    ("compile", "net.yaml", "--target", "keras"),
]


def list_loaded(folder: Path, *commands: tuple[str, ...], extra: str = "") -> list[str]:
    """For each command its exit code and the heavy packages that are loaded by then."""
    (folder / "net.yaml").write_text(SPEC)
    result = subprocess.run(
        [sys.executable, "-c", PROBE.format(extra=extra, commands=commands, heavy=HEAVY)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(cnnspec.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = result.stdout.splitlines()
    return [line.removeprefix("LOADED ") for line in lines if line.startswith("LOADED ")]


def test_light_commands_load_nothing_heavy(tmp_path: Path) -> None:
    found = list_loaded(tmp_path, *LIGHT)
    assert dict(zip(LIGHT, found, strict=True)) == dict.fromkeys(LIGHT, "0")


@pytest.mark.parametrize("package", ["numpy", "jinja2"])
def test_the_probe_sees_what_is_loaded(tmp_path: Path, package: str) -> None:
    pytest.importorskip(package)
    command = ("check", "net.yaml")
    assert list_loaded(tmp_path, command, extra=f"import {package}") == [f"0 {package}"]


def test_importing_the_package_loads_none_of_its_parts() -> None:
    probe = "import sys, cnnspec; print(*(n for n in sys.modules if n.startswith('cnnspec.')))"
    result = subprocess.run(
        [sys.executable, "-c", probe],
        env=os.environ | {"PYTHONPATH": str(Path(cnnspec.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout == "\n"


def test_a_check_loads_only_what_it_needs(tmp_path: Path) -> None:
    """What a check imports is most of its time, so each package and part is chosen."""
    (tmp_path / "net.yaml").write_text(SPEC)
    probe = (
        "import sys; from cnnspec.cli.main import run; run(['check', 'net.yaml']); "
        "print(*sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {probe}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(result.stdout.splitlines()[-1].split())
    started = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    packages = {name.partition(".")[0] for name in loaded - set(started.stdout.split())}
    packages -= {*sys.stdlib_module_names, "cython_runtime"}
    assert {name for name in packages if not name.startswith("_")} == {
        "cnnspec", "yaml", "pydantic_core", "typing_extensions"
    }  # fmt: skip
    assert not loaded & {"asyncio", "difflib", "hashlib", "importlib.metadata", "json", "tempfile"}
    parts = {name for name in loaded if name.startswith("cnnspec.")}
    unused = ("backends", "weights", "verify", "rendering", "signing", "graph.explain",
              "graph.trials", "graph.trail", "graph.remedies", "report.summary")  # fmt: skip
    assert not parts & {f"cnnspec.{part}" for part in unused}
