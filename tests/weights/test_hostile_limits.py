"""Files that would take all memory, or years: refused within 1 GB and 10 seconds.

Measured in a process of its own, which the system ends where it takes more.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("numpy")
pytest.importorskip("safetensors")
pytest.importorskip("h5py")

from tests.weights.hostile import keras_files, safetensors_files
from tests.weights.hostile.running import make_folder

PROBE = """
import contextlib, io, json, os, resource, sys, time
from cnnspec.cli.main import run

def call(name):
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        code = run(["weights", "inspect", name])
    return code, errors.getvalue()

for name in sys.argv[1].split():
    assert call(name)[0] == 0, name
with open("/proc/self/status") as file:
    size = next(int(line.split()[1]) for line in file if line.startswith("VmSize")) * 1024
resource.setrlimit(resource.RLIMIT_AS, (size + 2**30,) * 2)
found = {}
for name in sys.argv[2:]:
    began = time.process_time()
    code, errors = call(name)
    found[name] = code, errors, time.process_time() - began
print(json.dumps(found))
"""


def list_members(count: int) -> bytes:
    """An archive of nothing but a list of members, each with a name of two bytes."""
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *[0] * 9, 2, *[0] * 6)
    size = count * (len(entry) + 2)
    listed = b"".join(entry + number.to_bytes(2, "little") for number in range(65536))
    listed = (listed * (count // 65536 + 1))[:size]
    return listed + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0, 0, size, 0, 0)


def write_many_arrays(path: Path) -> None:
    arrays = ((f"a{number}", "F32", [0], [0, 0]) for number in range(120_000))
    safetensors_files.tell(*arrays, numbers=b"")(path)


PLAIN: dict[str, Callable[[Path], object]] = {
    "header.safetensors": safetensors_files.put(b"{}", b"", 99_000_000),
    "arrays.safetensors": write_many_arrays,
    "members.keras": lambda path: path.write_bytes(list_members(800_000)),
    "bomb.keras": keras_files.KERAS["bomb"],
    "tree.weights.h5": keras_files.HDF5["tree of links"],
    "zeros.weights.h5": keras_files.HDF5["terabyte of zeros"],
}


def probe(folder: Path, warm: str, cases: dict[str, Callable[[Path], object]]) -> None:
    for name, make in cases.items():
        make(folder / name)
    done = subprocess.run(
        [sys.executable, "-c", PROBE, warm, *cases], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for name, (code, errors, seconds) in json.loads(done.stdout).items():
        assert code == 1, (name, errors)
        assert "error[invalid-weights]" in errors, (name, errors)
        assert name in errors
        assert "crashes" not in errors, name
        assert seconds < 10, name


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux
@pytest.mark.slow
def test_files_of_no_framework(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    keras_files.make_sound(folder / "sound.weights.h5")
    probe(folder, "sound.safetensors sound.weights.h5", PLAIN)


@linux
@pytest.mark.torch
@pytest.mark.slow
def test_pytorch_files(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from tests.weights.hostile.torch_files import CASES, pack

    folder = make_folder(tmp_path)
    torch.save({"w": torch.ones(2)}, folder / "sound.pt")
    named = {
        "bytes.pt": CASES["bytearray of 100 GB"],
        "old_bytes.pt": CASES["bytearray of 100 GB in an old file"],
        "key.pt": CASES["key without end"],
        "old.pt": CASES["old, of 256 GB"],
        "wide.pt": CASES["expanded to a petabyte"],
        "members.pt": lambda path: path.write_bytes(b"PK\x03\x04" + list_members(800_000)),
        "steps.pt": lambda path: pack(path, b"\x80\x02" + b"N" * 60_000_000 + b"."),
    }
    probe(folder, "sound.pt", named)


@linux
@pytest.mark.onnx
@pytest.mark.slow
def test_onnx_files(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from tests.weights.hostile.onnx_files import VERSIONS, frame, wrap

    def graph(data: bytes) -> Callable[[Path], object]:
        return lambda path: path.write_bytes(VERSIONS.SerializeToString() + frame(7, data))

    folder = make_folder(tmp_path)
    (folder / "sound.onnx").write_bytes(wrap().SerializeToString())
    named = {
        "nodes.onnx": graph(frame(1, b"") * 20_000_000),
        "entries.onnx": graph(frame(5, frame(13, b"") * 5_000_000)),
        "words.onnx": graph(frame(5, frame(6, b"") * 5_000_000)),
    }
    probe(folder, "sound.onnx", named)
