"""Writing a model takes little more memory than its weights."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("safetensors")

from safetensors.numpy import save_file

import cnnspec
from cnnspec.weights.draw import draw_weights

pytestmark = [
    pytest.mark.onnx,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's own count"),
]

SPEC = """\
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - flatten
  - linear: 3072
  - linear: 4096
"""
# The peak since the process has become this program; getrusage includes its parent's.
PROBE = """
import sys
from cnnspec.cli.main import run
assert run(sys.argv[1:]) == 0
with open("/proc/self/status") as status:
    print(*(line.split()[1] for line in status if line.startswith("VmHWM:")))
"""


def measure_peak(folder: Path, *options: str) -> int:
    """The bytes that a compilation has had in memory at most."""
    result = subprocess.run(
        [sys.executable, "-c", PROBE, "compile", "net.yaml", "--target", "onnx", *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(cnnspec.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    return 1024 * int(result.stdout.split()[-1])


def test_arrays_are_in_memory_once(tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    weights = draw_weights(cnnspec.load(tmp_path / "net.yaml").graph, 0)
    save_file(weights, tmp_path / "model.safetensors")
    size = sum(array.nbytes for array in weights.values())
    assert size > 80_000_000
    base = measure_peak(tmp_path, "--no-weights")
    for options in (("--seed", "0"), ("--weights", "model.safetensors")):
        assert measure_peak(tmp_path, *options) - base < 1.5 * size
    assert measure_peak(tmp_path, "--external", "model.safetensors") - base < 0.1 * size
