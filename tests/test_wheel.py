"""The wheel holds all that the tool needs: it works from an empty folder, without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SUFFIXES = (".jinja", ".py", ".yaml")

pytestmark = pytest.mark.slow


def call(*arguments: str, folder: Path, site: Path | None = None) -> str:
    """Run Python in a folder, with the installed wheel before everything else."""
    environment = os.environ | ({"PYTHONPATH": str(site)} if site else {})
    result = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, f"{arguments}: {result.stdout}{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout and installed into a folder of its own."""
    pytest.importorskip("hatchling")
    pytest.importorskip("pip")
    folder = tmp_path_factory.mktemp("wheel")
    call("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist"), folder=ROOT)
    (wheel,) = (folder / "dist").glob("*.whl")
    installed = folder / "site"
    offline = ("--no-deps", "--no-index", "--no-build-isolation", "--quiet")
    call("-m", "pip", "install", *offline, "--target", str(installed), str(wheel), folder=folder)
    return installed


def test_the_wheel_holds_every_data_file(site: Path) -> None:
    found = {
        str(path.relative_to(site / "cnnspec"))
        for path in (site / "cnnspec").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    wanted = {str(p.relative_to(ROOT / "cnnspec")) for p in (ROOT / "cnnspec").rglob("*.py")}
    wanted |= {f"blocks/{path.name}" for path in (ROOT / "cnnspec" / "blocks").glob("*.yaml")}
    wanted |= {f"specs/{path.name}" for path in (ROOT / "specs").glob("*.yaml")}
    templates = (path for path in (ROOT / "templates").rglob("*") if path.suffix in SUFFIXES)
    wanted |= {str(path.relative_to(ROOT)) for path in templates}
    assert wanted | {"py.typed", "schema/cnnspec.schema.json"} <= found


def test_the_installed_tool_works_in_an_empty_folder(site: Path, tmp_path: Path) -> None:
    where = call("-c", "import cnnspec; print(cnnspec.__file__)", folder=tmp_path, site=site)
    assert Path(where.strip()).is_relative_to(site)

    def cnnspec(*arguments: str) -> str:
        return call("-m", "cnnspec", *arguments, folder=tmp_path, site=site)

    assert cnnspec("compile", "lenet5", "--target", "torch") == "wrote lenet5.py\n"
    assert cnnspec("compile", "lenet5", "--target", "keras") == "wrote lenet5_keras.py\n"
    assert "class LeNet5(" in (tmp_path / "lenet5.py").read_text()
    assert "import keras" in (tmp_path / "lenet5_keras.py").read_text()
    assert cnnspec("check", "lenet5", "resnet") == "no problems in 2 files\n"
    assert "resnet:152" in cnnspec("zoo")
    assert "44,426" in cnnspec("summary", "lenet5")
    cnnspec("init")
    cnnspec("init", "resnet")
    assert cnnspec("check", "model.yaml", "resnet.yaml") == "no problems in 2 files\n"
    names = {path.name for path in tmp_path.iterdir()}
    specs = {"model.yaml", "resnet.yaml", "cnnspec.schema.json"}
    assert names == specs | {"lenet5.py", "lenet5_keras.py"}
