"""PyTorch files: pickles that run things, point elsewhere, or never end."""

from __future__ import annotations

import io
import os
import pickle
import struct
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch._utils import _rebuild_tensor_v2

from tests.weights.hostile.running import CANARY

MAGIC = 0x1950A86A20F9469CFC6C
SYSTEM = {"protocol_version": 1001, "little_endian": True}


class Call:
    """What a pickle would call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.parts = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.parts


class Storage:
    """What a pickle says of a storage."""

    def __init__(self, count: Any = 4, key: Any = "0", kind: str = "FloatStorage") -> None:
        self.count, self.key, self.kind = count, key, kind


def dump(value: object, *, old: bool = False) -> bytes:
    """A pickle as torch.save writes it."""

    class Pickler(pickle._Pickler):
        def persistent_id(self, value: object) -> object:
            if not isinstance(value, Storage):
                return None
            kind = getattr(torch, value.kind)
            return ("storage", kind, value.key, "cpu", value.count, *([None] if old else []))

    buffer = io.BytesIO()
    Pickler(buffer, 2).dump(value)
    return buffer.getvalue()


def view(storage: Storage, offset: Any, shape: Any, strides: Any, *more: Any) -> Call:
    hooks: OrderedDict[str, object] = OrderedDict()
    return Call(_rebuild_tensor_v2, storage, offset, shape, strides, False, hooks, *more)


def pack(path: Path, data: bytes, storages: Mapping[str, bytes] | None = None) -> None:
    """An archive as torch.save writes it."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", data)
        archive.writestr("net/byteorder", "little")
        for key, numbers in (storages or {"0": bytes(16)}).items():
            archive.writestr(f"net/data/{key}", numbers)
        archive.writestr("net/version", "3\n")


def hold(value: object) -> Callable[[Path], None]:
    """An archive with one array made from something."""
    return lambda path: pack(path, dump({"w": value}))


def write_old(path: Path, value: object, storages: Mapping[str, bytes], system: Any = None) -> None:
    """A file as torch.save wrote it until 2020."""
    parts = [pickle.dumps(part, 2) for part in (MAGIC, 1001, system or SYSTEM)]
    parts += [dump(value, old=True), pickle.dumps(list(storages), 2)]
    parts += [struct.pack("<q", len(held) // 4) + held for held in storages.values()]
    path.write_bytes(b"".join(parts))


def hold_old(value: object, storages: Mapping[str, bytes]) -> Callable[[Path], None]:
    return lambda path: write_old(path, {"w": value}, storages)


def make_hash_bomb(path: Path) -> None:
    """A dict with a key of pairs of pairs, whose hash would take 2**60 steps."""
    data = io.BytesIO()
    data.write(b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01")
    for number in range(1, 60):
        data.write(bytes([ord("h"), number, 0x86, ord("q"), number + 1]))
    data.write(b"K\x01s.")
    pack(path, data.getvalue())


def make_two_faced(path: Path) -> None:
    """An archive in which Python finds other members than PyTorch does."""
    pack(path, dump({"w": view(Storage(), 0, (4,), (1,))}))
    path.write_bytes(b"PK\x03\x04" + bytes(60) + path.read_bytes())


def make_program(path: Path) -> None:
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), path)


def make_tar(path: Path) -> None:
    """What PyTorch wrote until 2017, with a link to a file outside where the numbers belong."""
    with tarfile.open(path, "w") as archive:
        for name in ("storages", "tensors"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "../secret.bin"
            archive.addfile(link)


def make_twice(path: Path) -> None:
    pack(path, dump({"w": view(Storage(), 0, (4,), (1,))}))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("net/data/0", bytes(16))


def make_parameter_with_state(path: Path) -> None:
    """A parameter whose attributes take the place of its methods."""
    make = torch._utils._rebuild_parameter_with_state
    inner = view(Storage(), 0, (4,), (1,))
    pack(path, dump({"w": Call(make, inner, False, OrderedDict(), {"detach": OrderedDict})}))


def make_shadowed_dict(path: Path) -> None:
    """A dict whose own method is replaced."""
    held = OrderedDict(w=view(Storage(), 0, (4,), (1,)))
    held.__dict__["items"] = OrderedDict
    pack(path, dump(held))


def save(value: object) -> Callable[[Path], None]:
    return lambda path: torch.save(value, path)


ONES = torch.ones(4)
CASES: dict[str, Callable[[Path], None]] = {
    "system": hold(Call(os.system, f"touch {CANARY}")),
    "mkdir in an old pickle": lambda path: path.write_bytes(pickle.dumps(Call(os.mkdir, CANARY))),
    "eval": hold(Call(eval, f"open('{CANARY}', 'w')")),
    "open in an old file": hold_old(Call(open, CANARY, "w"), {"0": bytes(16)}),
    "bytearray of 100 GB": hold(Call(bytearray, 10**11)),
    "bytearray of 100 GB in an old file": hold_old(Call(bytearray, 10**11), {}),
    "key without end": make_hash_bomb,
    "two faces": make_two_faced,
    "TorchScript": make_program,
    "tar": make_tar,
    "member twice": make_twice,
    "parameter with attributes": make_parameter_with_state,
    "dict with attributes": make_shadowed_dict,
    "past its storage": hold(view(Storage(), 0, (100,), (1,))),
    "offset past its storage": hold(view(Storage(), 2, (4,), (1,))),
    "offset below zero": hold(view(Storage(), -2, (4,), (1,))),
    "stride below zero": hold(view(Storage(), 0, (4,), (-1,))),
    "stride past its storage": hold(view(Storage(), 0, (4,), (2**50,))),
    "expanded to a petabyte": hold(view(Storage(), 0, (2**50,), (0,))),
    "shape below zero": hold(view(Storage(), 0, (-4,), (1,))),
    "shape of words": hold(view(Storage(), 0, ("4",), (1,))),
    "strides too few": hold(view(Storage(), 0, (2, 2), (1,))),
    "negated": hold(view(Storage(), 0, (4,), (1,), {"neg": True})),
    "storage past its member": hold(view(Storage(40), 0, (40,), (1,))),
    "storage of minus one": hold(view(Storage(-1), 0, (4,), (1,))),
    "storage of two sizes": lambda path: pack(
        path, dump({k: view(Storage(n), 0, (2,), (1,)) for k, n in (("v", 4), ("w", 2))})
    ),
    "storage that is not there": hold(view(Storage(key="../../../secret.bin"), 0, (4,), (1,))),
    "old, with no storages": hold_old(view(Storage(), 0, (4,), (1,)), {}),
    "old, cut off": hold_old(view(Storage(), 0, (4,), (1,)), {"0": bytes(8)}),
    "old, of 256 GB": hold_old(view(Storage(2**36), 0, (4,), (1,)), {"0": bytes(16)}),
    "old, past its storage": hold_old(view(Storage(), 0, (4,), (9,)), {"0": bytes(16)}),
    "old, with more storages": hold_old(
        view(Storage(), 0, (4,), (1,)), {"0": bytes(16), "1": bytes(16)}
    ),
    "other order of bytes": lambda path: write_old(path, {}, {}, {"little_endian": False}),
    "on no device": save({"w": torch.ones(4, device="meta")}),
    "quantised": hold(Call(torch._utils._rebuild_qtensor, Storage(kind="QInt8Storage"))),
    "float8": save({"w": ONES.to(torch.float8_e4m3fn)}),
    "sparse": save({"w": torch.eye(3).to_sparse()}),
    "whole model": save(torch.nn.Linear(2, 2)),
    "list": save([ONES]),
    "number": save(3),
    "numbers for names": save({1: ONES}),
    "nested": save({"model": {"w": ONES}}),
    "bytes in a name": save({b"w": ONES}),
    "escapes in a name": save({"\x1b[31mw": ONES}),
    "line in a name": save({"w\nerror: all is well": ONES}),
    "no name": save({"": ONES}),
    "long name": save({"w" * 5000: ONES}),
    "huge number for a name": save({10**300: ONES}),
}
