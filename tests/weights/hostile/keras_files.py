"""HDF5 files and Keras archives that lead elsewhere, or never end."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from cnnspec.network import load
from cnnspec.weights.draw import draw_weights
from tests.weights.files import write

KERNEL = "layers/conv2d/vars/0"
SHAPE = (3, 3, 2, 3)
ONES = np.ones(SHAPE, np.float32)


def make_sound(path: Path) -> Path:
    graph = load(path.with_name("tiny.yaml")).graph
    return write(path, graph, draw_weights(graph, 0))


def change(harm: Callable[[h5py.File, Path], object]) -> Callable[[Path], None]:
    """A sound file without its first kernel, in whose place comes something else."""

    def make(path: Path) -> None:
        with h5py.File(make_sound(path), "r+") as file:
            del file[KERNEL]
            harm(file, path.parent.parent)

    return make


def place(**options: Any) -> Callable[[Path], None]:
    """A sound file with a kernel that HDF5 keeps in another way."""
    return change(lambda file, root: file.create_dataset(KERNEL, **options))


def link(target: Callable[[Path], Any]) -> Callable[[Path], None]:
    return change(lambda file, root: file.__setitem__(KERNEL, target(root)))


def spoil(at: int, data: bytes) -> Callable[[Path], None]:
    """A sound file with some wrong bytes."""

    def make(path: Path) -> None:
        content = bytearray(make_sound(path).read_bytes())
        content[at : at + len(data)] = data
        path.write_bytes(content)

    return make


def make_busy(path: Path) -> None:
    """A heap whose first object says that it has no size, which HDF5's library never gets over."""
    content = bytearray(make_sound(path).read_bytes())
    heap = content.index(b"GCOL")
    content[heap + 16 : heap + 32] = bytes(16)
    content[heap + 8 : heap + 16] = (4096).to_bytes(8, "little")
    path.write_bytes(content)


def add_virtual(file: h5py.File, root: Path) -> None:
    with h5py.File(root / "secret.h5", "w") as other:
        other["numbers"] = ONES
    layout = h5py.VirtualLayout(SHAPE, np.float32)
    layout[:] = h5py.VirtualSource(str(root / "secret.h5"), "numbers", SHAPE)
    file.create_virtual_dataset(KERNEL, layout)


def add_tree(file: h5py.File, root: Path) -> None:
    """Folders in which two names lead on to one each, 2**30 paths in all."""
    group = file["layers"]
    for _ in range(30):
        below = group.create_group("a")
        group["b"] = below
        group = below


def put_before(path: Path) -> None:
    """HDF5 looks for its signature at byte 512 too, and counts from there."""
    path.write_bytes(bytes(512) + make_sound(path).read_bytes())


HDF5: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: path.write_bytes(b""),
    "signature alone": lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n"),
    "text": lambda path: path.write_bytes(b"weights"),
    "bytes before it": put_before,
    "soft link": link(lambda root: h5py.SoftLink("/layers/dense/vars/0")),
    "soft link to itself": link(lambda root: h5py.SoftLink("/" + KERNEL)),
    "external link": link(lambda root: h5py.ExternalLink(str(root / "secret.h5"), "numbers")),
    "external link up": link(lambda root: h5py.ExternalLink("../secret.h5", "numbers")),
    "folder for an array": change(lambda file, root: file.__setitem__(KERNEL, file["layers"])),
    "tree of links": change(add_tree),
    "type for an array": change(lambda file, root: file.__setitem__(KERNEL, np.dtype("f4"))),
    "outside": change(
        lambda file, root: file.create_dataset(
            KERNEL, SHAPE, np.float32, external=[(str(root / "secret.bin"), 0, 216)]
        )
    ),
    "virtual": change(add_virtual),
    "terabyte that is not there": place(shape=(2**38,), dtype="f4"),
    "terabyte of zeros": place(shape=(2**38,), dtype="f4", chunks=(2**20,), compression="gzip"),
    "compressed": place(data=ONES, compression="gzip"),
    "shuffled": place(data=ONES, chunks=SHAPE, shuffle=True),
    "checked": place(data=ONES, chunks=SHAPE, fletcher32=True),
    "chunked": place(data=ONES, chunks=SHAPE),
    "compound": place(data=np.zeros(3, [("\x1b[31ma", "f4"), ("b", "i4")])),
    "words": place(data="text"),
    "words of all lengths": place(data=["a", "bb"], dtype=h5py.string_dtype()),
    "references": place(shape=(3,), dtype=h5py.ref_dtype),
    "complex": place(data=ONES.astype(np.complex64)),
    "highest byte first": place(data=ONES.astype(">f4")),
    "no numbers": place(data=h5py.Empty("f4")),
    "escapes in a name": change(
        lambda file, root: file["layers/conv2d/vars"].attrs.__setitem__("name", "\x1b[31mconv1")
    ),
}


def archive(content: Callable[[Path], bytes], name: str = "model.weights.h5", **more: Any) -> Any:
    """An archive with something for weights."""

    def make(path: Path) -> None:
        data = content(path)
        with zipfile.ZipFile(path, "w", **more) as packed:
            packed.writestr("config.json", '{"module": "builtins", "class_name": "Lambda"}')
            packed.writestr(name, data)

    return make


def _read_sound(path: Path) -> bytes:
    hidden = make_sound(path.with_name("tmp.weights.h5"))
    data = hidden.read_bytes()
    hidden.unlink()
    return data


def make_twice(path: Path) -> None:
    archive(_read_sound)(path)
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("model.weights.h5", b"other")


def make_encrypted(path: Path) -> None:
    archive(_read_sound)(path)
    content = bytearray(path.read_bytes())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.rindex(sign) + offset
        content[at] |= 1
    path.write_bytes(content)


KERAS: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: path.write_bytes(b""),
    "end alone": lambda path: path.write_bytes(b"PK\x05\x06" + bytes(18)),
    "bomb": archive(lambda path: bytes(30_000_000), compression=zipfile.ZIP_DEFLATED),
    "no HDF5": archive(lambda path: b"weights"),
    "no weights": archive(lambda path: b"", "model.weights.npz"),
    "weights above": archive(_read_sound, "../model.weights.h5"),
    "weights twice": make_twice,
    "encrypted": make_encrypted,
    "cut weights": archive(lambda path: _read_sound(path)[:9000]),
}

KERAS_SOUND = archive(_read_sound)
