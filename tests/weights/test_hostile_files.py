"""Files that are damaged or meant to harm: one clear finding, nothing run, nothing left behind."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("safetensors")
pytest.importorskip("h5py")

import h5py
import numpy as np

from tests.networks import NETS
from tests.weights.files import call, draw_bits, write

LENET = next(net for net in NETS if net.id == "lenet5").build()


class Bomb:
    """What a pickle would run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("bomb",)


def write_sound(folder: Path, name: str) -> Path:
    return write(folder / name, LENET, draw_bits(LENET))


def lie_in_header(path: Path, **fields: Any) -> None:
    text = json.dumps({"conv1.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})
    header = json.loads(text)
    header["conv1.weight"].update(fields)
    data = json.dumps(header).encode()
    path.write_bytes(len(data).to_bytes(8, "little") + data + b"1234")


def make_safetensors(path: Path, kind: str) -> None:
    if kind == "huge":
        lie_in_header(path, shape=[2**40], data_offsets=[0, 2**42])
    elif kind == "shape":
        lie_in_header(path, shape=[3])
    elif kind == "negative":
        lie_in_header(path, shape=[-1])
    elif kind == "type":
        lie_in_header(path, dtype="F31")
    elif kind == "tiny":
        lie_in_header(path, dtype="F8_E4M3", shape=[4])
    elif kind == "header":
        path.write_bytes((2**40).to_bytes(8, "little") + b"{}")
    else:
        path.write_bytes(b"not at all")


def make_hdf5(path: Path, kind: str) -> None:
    secret = path.with_name("secret.h5")
    with h5py.File(secret, "w") as file:
        file["numbers"] = np.ones(6, np.float32)
    sound = write_sound(path.parent, "net.weights.h5")
    if kind == "cut":
        path.write_bytes(sound.read_bytes()[:3000])
        return
    if kind == "other":
        with h5py.File(path, "w") as file:
            file["conv1"] = np.ones(6, np.float32)
        return
    path.write_bytes(sound.read_bytes())
    with h5py.File(path, "r+") as file:
        group = file["layers/conv2d/vars"]
        del group["1"]
        make = {
            "soft": lambda: group.__setitem__("1", h5py.SoftLink("/layers/dense/vars/1")),
            "external": lambda: group.__setitem__("1", h5py.ExternalLink("secret.h5", "numbers")),
            "huge": lambda: group.create_dataset("1", (2**40,), np.float32),
            "packed": lambda: group.create_dataset("1", data=np.ones(6, "f4"), compression="gzip"),
            "twice": lambda: file["layers/conv2d_1/vars"].attrs.__setitem__("name", "conv1"),
            "text": lambda: group.create_dataset("1", data="text"),
            "cycle": lambda: group.__setitem__("1", file["layers"]),
            "outside": lambda: group.create_dataset(
                "1", (6,), np.float32, external=[(str(secret), 0, 24)]
            ),
            "virtual": lambda: _add_virtual(group, secret),
        }[kind]
        make()


def _add_virtual(group: Any, secret: Path) -> None:
    layout = h5py.VirtualLayout((6,), np.float32)
    layout[:] = h5py.VirtualSource(str(secret), "numbers", (6,))
    group.create_virtual_dataset("1", layout)


METHODS = {
    "deflated": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA
}  # fmt: skip


def make_keras(path: Path, kind: str) -> None:
    if kind == "bomb":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("model.weights.h5", bytes(50_000_000))
    elif kind == "empty":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", "{}")
    elif kind in METHODS:
        with zipfile.ZipFile(path, "w", METHODS[kind]) as archive:
            archive.writestr("model.weights.h5", bytes(range(256)) * 99)
        data = bytearray(path.read_bytes())
        # The packed numbers begin behind a header of 30 bytes and the name.
        begin = 30 + len("model.weights.h5")
        data[begin : begin + 40] = b"\xff" * 40
        path.write_bytes(data)
    else:
        path.write_bytes(b"PK\x03\x04 and no more")


def make_torch(path: Path, kind: str) -> None:
    torch = pytest.importorskip("torch")
    if kind == "bomb":
        torch.save({"conv1.weight": Bomb()}, path)
    elif kind == "pickle":
        path.write_bytes(pickle.dumps(Bomb()))
    elif kind == "wide":
        torch.save({"conv1.weight": torch.zeros(1).expand(2**40)}, path)
    elif kind == "checkpoint":
        torch.save({"epoch": 3, "state_dict": {}}, path)
    elif kind == "complex":
        torch.save({"conv1.weight": torch.ones(2, dtype=torch.complex64)}, path)
    elif kind == "sparse":
        torch.save({"conv1.weight": torch.eye(3).to_sparse()}, path)
    elif kind == "cut":
        path.write_bytes(write_sound(path.parent, "net.pt").read_bytes()[:5000])
    elif kind == "packed":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("net/data.pkl", bytes(50_000_000))
    else:
        path.write_bytes(b"not at all")


def make_onnx(path: Path, kind: str) -> None:
    onnx = pytest.importorskip("onnx")
    from cnnspec.backends.onnx.emit import compile_onnx

    if kind == "bytes":
        path.write_bytes(b"\x0a\xff\xff\xff\xff not at all")
        return
    compiled = compile_onnx(LENET, draw_bits(LENET), external=True, file_name=path.name)
    for name, data in compiled.files.items():
        path.with_name(name).write_bytes(data)
    model = onnx.load_model(path, load_external_data=False)
    tensor = model.graph.initializer[0]
    (data,) = path.parent.glob(f"{path.name}.*.data")
    places = {
        "above": "../secret.data",
        "through": "folder/../../secret.data",
        "absolute": str(data.resolve()),
        "link": "link.data",
        "linked": "linked/secret.data",
        "absent": "absent.data",
        "nowhere": "",
    }
    path.parent.with_name("secret.data").write_bytes(data.read_bytes())
    path.with_name("link.data").symlink_to(data)
    path.with_name("linked").symlink_to(path.parent.parent)
    for entry in tensor.external_data:
        if entry.key == "location" and kind in places:
            entry.value = places[kind]
        if entry.key == "offset" and kind in ("offset", "sign"):
            entry.value = "99999999" if kind == "offset" else "-4"
        if entry.key == "length" and kind == "length":
            entry.value = "8"
    if kind == "huge":
        tensor.dims[0] = 2**40
    elif kind == "negative":
        tensor.dims[0] = -1
    elif kind == "twice":
        model.graph.initializer.append(tensor)
    elif kind == "inside":
        tensor.data_location = onnx.TensorProto.DEFAULT
        tensor.raw_data = b"1234"
    path.write_bytes(model.SerializeToString())


ONNX = (
    "bytes above through absolute link linked absent nowhere offset sign length huge negative "
    "inside twice"
)
HDF5 = "cut other soft external huge packed twice text cycle outside virtual"
KINDS: dict[str, tuple[Callable[[Path, str], None], str]] = {
    ".safetensors": (make_safetensors, "huge shape negative type tiny header bytes"),
    ".weights.h5": (make_hdf5, HDF5),
    ".keras": (make_keras, "bomb empty bytes deflated bzip2 lzma"),
    ".pt": (make_torch, "bomb pickle wide checkpoint complex sparse cut packed bytes"),
    ".onnx": (make_onnx, ONNX),
}
MARKS = {".pt": [pytest.mark.torch], ".onnx": [pytest.mark.onnx]}
HOSTILE = [
    pytest.param(suffix, kind, id=f"{suffix[1:]}-{kind}", marks=MARKS.get(suffix, []))
    for suffix, (_, kinds) in KINDS.items()
    for kind in kinds.split()
]


@pytest.mark.parametrize("command", ["convert", "inspect"])
@pytest.mark.parametrize(("suffix", "kind"), HOSTILE)
def test_hostile_files_are_refused(
    suffix: str, kind: str, command: str, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    path = Path("bad" + suffix)
    KINDS[suffix][0](path.resolve(), kind)
    before = sorted(folder.rglob("*"))
    more = ["out.safetensors", "--spec", "lenet5"] if command == "convert" else []
    code, printed, errors = call(capsys, command, path, *more)
    assert code == 1, errors
    assert not printed
    assert "error[invalid-weights]" in errors
    assert str(path) in errors or f"{path}.data" in errors
    assert sorted(folder.rglob("*")) == before


def test_an_error_while_writing_leaves_the_old_file(tmp_path: Path, capsys: Any) -> None:
    source = write_sound(tmp_path, "net.safetensors")
    target = tmp_path / "out.safetensors"
    target.write_text("old")
    data = bytearray(source.read_bytes())
    source.write_bytes(data[:-1])
    code, _, _ = call(capsys, "convert", source, target, "--spec", "lenet5", "--force")
    assert code == 1
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.safetensors", target.name]
