"""What a conversion keeps in memory at once: one array where it can, never several copies of all.

Measured in a process of its own, as the memory that is not a file's (RssAnon of Linux).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numpy")
pytest.importorskip("safetensors")
pytest.importorskip("h5py")

from cnnspec.network import load
from cnnspec.weights.draw import draw_weights
from tests.weights.files import write

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.slow,
]

# 12 arrays of 9 MiB and their biases: 108 MiB, of which one array is a small part.
SPEC = """\
cnnspec: 1
name: even
input: {channels: 512, height: 3, width: 3}
layers:
  - repeat: 12
    layers: [{conv: {out_channels: 512, kernel_size: 3, padding: 1}}]
"""
LARGEST = 512 * 512 * 9 * 4
WHOLE = 12 * LARGEST

# A first conversion, of the same network, leaves the imports and buffers behind that any has.
PROBE = """
import contextlib, io, json, sys, threading, time
from cnnspec.cli.main import run

def read():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("RssAnon")) * 1024

def watch():
    while not done.is_set():
        peaks.append(read())
        time.sleep(0.0005)

small, source, target = sys.argv[1:]
with contextlib.redirect_stdout(io.StringIO()):
    run(["weights", "convert", small, "warm" + target, "--spec", "small.yaml"])
    before, peaks, done = read(), [], threading.Event()
    watcher = threading.Thread(target=watch)
    watcher.start()
    code = run(["weights", "convert", source, target, "--spec", "even.yaml"])
    done.set()
    watcher.join()
print(json.dumps([code, max(peaks) - before]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    (folder / "even.yaml").write_text(SPEC)
    (folder / "small.yaml").write_text(SPEC.replace("512", "2"))
    return folder


def measure(folder: Path, source: str, target: str) -> int:
    """The bytes that a conversion took beyond what was there before it."""
    for name in ("even", "small"):
        path = folder / f"{name}{source}"
        if path.exists():
            continue
        graph = load(folder / f"{name}.yaml").graph
        arrays = draw_weights(graph, 0)
        if source != ".onnx":
            write(path, graph, arrays)
            continue
        from cnnspec.backends.onnx.emit import compile_onnx

        path.write_bytes(compile_onnx(graph, arrays, file_name=path.name).files[path.name])
    done = subprocess.run(
        [sys.executable, "-c", PROBE, f"small{source}", f"even{source}", f"out{target}"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, peak = json.loads(done.stdout)
    for path in folder.glob("*out*"):
        path.unlink()
    assert code == 0, done.stderr
    return int(peak)


def test_safetensors_go_through_array_by_array(folder: Path) -> None:
    assert measure(folder, ".safetensors", ".safetensors") <= 1.5 * LARGEST


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (".safetensors", ".weights.h5"),
        (".weights.h5", ".safetensors"),
        pytest.param(".safetensors", ".pt", marks=pytest.mark.torch),
        pytest.param(".pt", ".safetensors", marks=pytest.mark.torch),
        pytest.param(".onnx", ".safetensors", marks=pytest.mark.onnx),
    ],
)
def test_no_conversion_takes_more_than_two_and_a_half_times_the_weights(
    folder: Path, source: str, target: str
) -> None:
    if ".pt" in (source, target):
        pytest.importorskip("torch")
    if source == ".onnx":
        pytest.importorskip("onnx")
    assert measure(folder, source, target) <= 2.5 * WHOLE


@pytest.mark.torch
def test_the_probe_sees_arrays_that_are_kept(folder: Path) -> None:
    """All arrays at once are seen, or the figures above would say nothing."""
    pytest.importorskip("torch")
    assert measure(folder, ".safetensors", ".pt") >= 0.9 * WHOLE
