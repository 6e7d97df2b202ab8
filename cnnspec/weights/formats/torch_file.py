"""PyTorch state dicts in ``.pt`` and ``.pth`` files."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO

import numpy as np

from cnnspec.graph.ir import Graph
from cnnspec.weights.formats.archives import list_members
from cnnspec.weights.formats.base import (
    Array,
    ArrayFile,
    Entry,
    Format,
    blame_file,
    list_counters,
    list_state_slots,
    name_state,
    refuse,
    require_dtype,
)
from cnnspec.weights.formats.pickled import STATE_ALONE, Reader

# Names and shapes alone take some hundred bytes for each array.
_MOST_PICKLE = 64 * 2**20
_ZIP = b"PK\x03\x04"
# What stands before a member's numbers beside its name: 30 bytes, the last four of which are the
# lengths of the name and of what else there is.
_HEADER = 30
# What torch.save wrote until 2020 begins with these numbers, each in a pickle of its own.
_OLD_SIGNS = (0x1950A86A20F9469CFC6C, 1001)
# Until then PyTorch could be made to run code in spite of weights_only (CVE-2025-32434).
_FIRST_SAFE = (2, 6)


@contextmanager
def open_torch(path: Path) -> Iterator[ArrayFile]:
    """Open a state dict; nothing but tensors is unpickled, and they are mapped, not read."""
    import torch

    if tuple(map(int, torch.__version__.split(".")[:2])) < _FIRST_SAFE:
        raise refuse(
            f"{path} is not read with PyTorch {torch.__version__}, which a file can make run code",
            "install PyTorch 2.6 or later, or convert the file to safetensors",
        )
    # What PyTorch raises about damage depends on where it is.
    errors = (
        UnpicklingError, RuntimeError, EOFError, ValueError, TypeError, KeyError, IndexError,
        AttributeError, AssertionError, OSError, zipfile.BadZipFile, MemoryError,
    )  # fmt: skip
    with blame_file(path, "PyTorch file of tensors alone", *errors):
        with path.open("rb") as file:
            is_archive = file.read(len(_ZIP)) == _ZIP
            file.seek(0)
            (_check_archive if is_archive else _check_old)(path, file)
        with warnings.catch_warnings():
            # A file that is refused or read right needs no further word.
            warnings.simplefilter("ignore")
            found = torch.load(path, map_location="cpu", weights_only=True, mmap=is_archive)
        tensors = _find_tensors(path, found)
    entries = {
        name: Entry(tuple(tensor.shape), require_dtype(path, name, _spell_dtype(tensor.dtype)))
        for name, tensor in tensors.items()
    }

    def read(name: str) -> Array:
        tensor = tensors[name]
        plain = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        array: Array = plain.contiguous().numpy()
        return array

    yield ArrayFile(entries, read)


def _check_archive(path: Path, file: BinaryIO) -> None:
    """Raise SpecError for an archive that asks for more than the numbers in it."""
    members = list_members(path)
    if any(member.compress_type != zipfile.ZIP_STORED for member in members.values()):
        raise refuse(f"{path} is compressed, which torch.save never does")
    first = min(members.values(), key=lambda member: member.header_offset, default=None)
    # PyTorch finds the members from the file's start, and Python from its end.
    if first is None or first.header_offset:
        raise refuse(f"{path} does not begin with the first of its members")
    folder = first.filename.partition("/")[0]
    if f"{folder}/constants.pkl" in members:
        raise refuse(f"{path} is a program of TorchScript, which is not run", STATE_ALONE)
    pickle = members[f"{folder}/data.pkl"]
    if pickle.file_size > _MOST_PICKLE:
        raise refuse(f"{path} has a pickle of {pickle.file_size} bytes, which holds no numbers")
    reader = Reader(path)
    reader.check_views(reader.read(BytesIO(_read_member(file, pickle))))
    for storage in reader.storages.values():
        held = members[f"{folder}/data/{storage.key}"].file_size
        if held < storage.size:
            raise refuse(
                f"{path} says that storage {storage.key!r} has {storage.size} bytes, "
                f"but holds {held}"
            )


def _read_member(file: BinaryIO, member: zipfile.ZipInfo) -> bytes:
    """The bytes of a member, without a look at its checksum: PyTorch may be told to write none."""
    file.seek(member.header_offset)
    header = file.read(_HEADER)
    lengths = (int.from_bytes(header[start : start + 2], "little") for start in (26, 28))
    file.seek(sum(lengths), 1)
    return file.read(member.file_size)


def _check_old(path: Path, file: BinaryIO) -> None:
    """Raise SpecError for a file without an archive that asks for more than the numbers in it."""
    reader = Reader(path)
    if tuple(reader.read(file) for _ in _OLD_SIGNS) != _OLD_SIGNS:
        raise refuse(f"{path} does not begin as files of PyTorch do")
    system = reader.read(file)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise refuse(f"{path} was written on a machine with another order of bytes")
    reader.check_views(reader.read(file))
    keys = reader.read(file)
    if not isinstance(keys, list) or set(map(str, keys)) != reader.storages.keys():
        raise refuse(f"{path} lists other storages than its arrays have")
    for key in keys:
        storage = reader.storages[key]
        count = int.from_bytes(file.read(8), "little")
        start = file.tell()
        held = min(file.seek(0, 2) - start, count * storage.width)
        if held != storage.size:
            raise refuse(
                f"{path} says that storage {key!r} has {storage.size} bytes, but holds {held}"
            )
        file.seek(start + held)


def _find_tensors(path: Path, found: object) -> Mapping[str, Any]:
    import torch

    if not isinstance(found, dict) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in found.items()
    ):
        held = ", ".join(map(str, list(found)[:5])) if isinstance(found, dict) else "something else"
        raise refuse(
            f"{path} is no state dict, which has a tensor for each name: it holds {held[:200]}",
            STATE_ALONE,
        )
    for name, tensor in found.items():
        dense = tensor.layout == torch.strided and not tensor.is_quantized
        if not dense or tensor.device.type != "cpu":
            raise refuse(f"{path} has {name} in another form than plain numbers")
    return {name: tensor.detach() for name, tensor in found.items()}


def _spell_dtype(dtype: Any) -> str:
    import torch

    spellings = {
        torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
        torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
        torch.uint8: "U8", torch.bool: "BOOL",
    }  # fmt: skip
    return spellings.get(dtype, str(dtype))


def write_torch(path: Path, graph: Graph, arrays: Iterable[tuple[str, Array]]) -> None:
    """Write a state dict that ``load_state_dict`` takes with ``strict=True``."""
    import torch

    counters = {name.rpartition(".")[0]: name for name in list_counters(graph)}
    state = {}
    for name, array in arrays:
        state[name_state(name)] = torch.from_numpy(np.require(array, np.float32, ["C", "W"]))
        owner = name_state(name).rpartition(".")[0]
        if owner in counters and name.endswith(".running_var"):
            state[counters[owner]] = torch.tensor(0)
    try:
        # By a path, its name would stand in the file.
        with path.open("wb") as file:
            torch.save(state, file)
    except RuntimeError as error:
        # It says that the archive is short, where the disk has said why.
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise


FORMAT = Format(open_torch, list_state_slots, write_torch)
