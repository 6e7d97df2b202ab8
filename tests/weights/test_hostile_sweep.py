"""Sound files that are cut off or damaged anywhere: an answer or a finding, and never a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("safetensors")
pytest.importorskip("h5py")

from cnnspec.cli.main import run
from cnnspec.network import load
from cnnspec.weights.draw import draw_weights
from tests.weights.files import write
from tests.weights.hostile.running import SPEC

# The library of HDF5 gets 10 seconds of the processor, which others may use as well.
SECONDS = 300.0
PATTERNS = (b"\xff" * 4, b"\xff\xff\xff\x7f", bytes(4), b"\xff" * 8, bytes(7) + b"\x01", bytes(16))
MARKS = {".pt": [pytest.mark.torch], ".onnx": [pytest.mark.onnx], ".old.pt": [pytest.mark.torch]}
SUFFIXES = [
    pytest.param(suffix, id=suffix[1:], marks=MARKS.get(suffix, []))
    for suffix in (".safetensors", ".pt", ".old.pt", ".weights.h5", ".keras", ".onnx")
]


def make_sound(folder: Path, suffix: str) -> bytes:
    """A sound file of weights, without the help of Keras."""
    (folder / "tiny.yaml").write_text(SPEC)
    graph = load(folder / "tiny.yaml").graph
    path = folder / f"net{suffix}"
    arrays = draw_weights(graph, 0)
    if suffix == ".onnx":
        pytest.importorskip("onnx")
        from cnnspec.backends.onnx.emit import compile_onnx

        return compile_onnx(graph, arrays, file_name=path.name).files[path.name]
    if suffix == ".keras":
        from tests.weights.hostile.keras_files import KERAS_SOUND

        KERAS_SOUND(path)
    elif suffix == ".old.pt":
        torch = pytest.importorskip("torch")
        state = {name: torch.from_numpy(array) for name, array in arrays.items()}
        torch.save(state, path, _use_new_zipfile_serialization=False)
    else:
        if suffix == ".pt":
            pytest.importorskip("torch")
        write(path, graph, arrays)
    return path.read_bytes()


def cut(data: bytes, source: Random) -> bytes:
    return data[: source.randrange(len(data))]


def damage(data: bytes, source: Random) -> bytes:
    """Some bits, numbers or stretches that are others."""
    changed = bytearray(data)
    for _ in range(source.choice((1, 1, 2, 4))):
        place = source.randrange(len(changed))
        kind = source.randrange(4)
        if kind == 0:
            changed[place] ^= 1 << source.randrange(8)
        elif kind == 1:
            pattern = source.choice(PATTERNS)
            changed[place : place + len(pattern)] = pattern
        elif kind == 2:
            other = source.randrange(len(changed))
            changed[place : place + 16] = changed[other : other + 16]
        else:
            del changed[place : place + source.randrange(1, 9)]
    return bytes(changed)


def sweep(
    folder: Path, suffix: str, change: Callable[[bytes, Random], bytes], count: int, capsys: Any
) -> None:
    sound = make_sound(folder, suffix)
    path = folder / f"bad{suffix}"
    path.write_bytes(sound)
    assert run(["weights", "inspect", str(path)]) == 0
    whole = capsys.readouterr().out
    source = Random(f"{suffix} {change.__name__}")
    for number in range(count):
        path.write_bytes(change(sound, source))
        began = monotonic()
        code = run(["weights", "inspect", str(path)])
        printed = capsys.readouterr()
        said = f"{change.__name__} {number}: {printed.err}"
        assert code in (0, 1), said
        assert monotonic() - began < SECONDS, said
        assert bool(code) == ("error[invalid-weights]" in printed.err), said
        if change is cut:
            assert code == 1 or printed.out == whole, said


@pytest.mark.parametrize("change", [cut, damage])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_some_damaged_files(
    suffix: str, change: Callable[[bytes, Random], bytes], tmp_path: Path, capsys: Any
) -> None:
    sweep(tmp_path, suffix, change, 16, capsys)


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("change", [cut, damage])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_many_damaged_files(
    suffix: str, change: Callable[[bytes, Random], bytes], tmp_path: Path, capsys: Any
) -> None:
    sweep(tmp_path, suffix, change, 1_000, capsys)
