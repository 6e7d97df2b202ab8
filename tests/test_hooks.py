"""The hooks for pre-commit: by its own rules, and in a repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT

SHIPPED = ("cnnspec", "templates", "specs", "pyproject.toml", "README.md", "LICENSE")
MANIFEST = ".pre-commit-hooks.yaml"
FAULT = """\
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 16, kernel_size: 3, padding: 1}
  - batch_norm
  - relu
"""


def test_the_hooks_are_hooks() -> None:
    clientlib = pytest.importorskip("pre_commit.clientlib")
    hooks = clientlib.load_manifest(ROOT / MANIFEST)
    assert {hook["id"] for hook in hooks} == {"cnnspec-check", "cnnspec-fix"}
    assert all(hook["entry"].startswith("cnnspec check") for hook in hooks)


def start_repository(folder: Path) -> None:
    """Make a folder a repository of all that is in it."""
    author = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "-A"), (*author, "commit", "-q", "-m", "all")):
        subprocess.run(["git", *command], cwd=folder, check=True)


@pytest.mark.slow
def test_a_repository_can_run_the_hooks(tmp_path: Path) -> None:
    """Installs this tool as pre-commit does, from the index that pip is told of."""
    pytest.importorskip("pre_commit")
    tool, nets = tmp_path / "tool", tmp_path / "nets"
    tool.mkdir()
    for name in (*SHIPPED, MANIFEST):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tool / name)
    start_repository(tool)
    nets.mkdir()
    (nets / ".pre-commit-config.yaml").write_text(
        f"repos: [{{repo: {tool}, rev: {read_revision(tool)}, "
        "hooks: [{id: cnnspec-check}, {id: cnnspec-fix}]}]\n"
    )
    (nets / "good.yaml").write_bytes((ROOT / "specs" / "lenet5.yaml").read_bytes())
    (nets / "bad.yaml").write_bytes((ROOT / "tests" / "seeds" / "p3.yaml").read_bytes())
    (nets / "mended.yaml").write_text(FAULT)
    start_repository(nets)
    found = {file: run_hook(tool, nets, "cnnspec-check", file) for file in ("good", "bad")}
    assert found["good"].returncode == 0, found["good"].stdout
    assert found["bad"].returncode == 1
    assert "bad.yaml:11:15: error[kernel-exceeds-input]" in found["bad"].stdout
    mended = run_hook(tool, nets, "cnnspec-fix", "mended")
    assert "files were modified by this hook" in mended.stdout
    assert "padding: 1, bias: false}" in (nets / "mended.yaml").read_text()


def read_revision(repository: Path) -> str:
    command = ["git", "rev-parse", "HEAD"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def run_hook(tool: Path, folder: Path, hook: str, file: str) -> subprocess.CompletedProcess[str]:
    """Run a hook on one file of a repository; the first run installs the tool for all."""
    environment = os.environ | {"PRE_COMMIT_HOME": str(tool.parent / "cache")}
    # The tool is to be the one that was installed.
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", hook, "--files", f"{file}.yaml"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
