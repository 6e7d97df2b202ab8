"""A folder to call commands in: a good and a bad spec, and a zoo of one family."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec import resources, sources

GOOD = """\
cnnspec: 1
name: net
summary: A net
input: {channels: 3, height: 8, width: 8}
params: {classes: 10, widths: [4, 8]}
variants: {small: {}, big: {widths: [8, 16]}}
layers:
  - for: {width: $widths}
    layers:
      - conv: {out_channels: $width, kernel_size: 3, padding: same}
      - relu
  - flatten
  - linear: $classes
"""
FAMILY = (
    GOOD.replace("name: net", "name: family")
    .replace("summary: A net\n", "summary: A net\nyear: 2015\ntask: classification\n")
    .replace(
        "params: {classes: 10, widths: [4, 8]}",
        "params:\n  classes: 10\n  widths: [4, 8] # channels of both",
    )
)
BAD = GOOD.replace("flatten", "flaten")


def make_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder as the commands find it."""
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "family.yaml").write_text(FAMILY)
    real = resources.find_folder

    def find_folder(name: str) -> Path:
        return tmp_path / "zoo" if name == "specs" else real(name)

    monkeypatch.setattr(resources, "find_folder", find_folder)
    monkeypatch.setattr(sources, "find_folder", find_folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path
