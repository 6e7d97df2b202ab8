"""PyTorch state dicts in ``.pt`` and ``.pth`` files."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np

from cnnspec.graph.ir import Graph
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

# Names and shapes alone take some hundred bytes for each array.
_MOST_PICKLE = 64 * 2**20


@contextmanager
def open_torch(path: Path) -> Iterator[ArrayFile]:
    """Open a state dict; nothing but tensors is unpickled, and they are mapped, not read."""
    import torch

    # What PyTorch raises about damage depends on where it is.
    errors = (
        UnpicklingError, RuntimeError, EOFError, ValueError, TypeError, KeyError, IndexError,
        AttributeError, AssertionError, OSError, zipfile.BadZipFile, MemoryError,
    )  # fmt: skip
    with blame_file(path, "PyTorch file of tensors alone", *errors):
        is_archive = zipfile.is_zipfile(path)
        if is_archive:
            _check_archive(path)
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


def _check_archive(path: Path) -> None:
    """Raise SpecError for an archive that is larger inside than outside."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED:
                raise refuse(f"{path} is compressed, which torch.save never does")
            if member.filename.endswith(".pkl") and member.file_size > _MOST_PICKLE:
                raise refuse(
                    f"{path} has a pickle of {member.file_size} bytes, which holds no numbers"
                )


def _find_tensors(path: Path, found: object) -> Mapping[str, Any]:
    import torch

    if isinstance(found, Mapping) and all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in found.items()
    ):
        for name, tensor in found.items():
            dense = tensor.layout == torch.strided and not tensor.is_quantized
            if not dense or tensor.device.type != "cpu":
                raise refuse(f"{path} has {name} in another form than plain numbers")
            if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
                raise refuse(f"{path} has more numbers in {name} than it holds")
        return {name: tensor.detach() for name, tensor in found.items()}
    held = ", ".join(map(str, list(found)[:5])) if isinstance(found, Mapping) else "something else"
    raise refuse(
        f"{path} is no state dict, which has a tensor for each name: it holds {held[:200]}",
        "save the state dict alone: torch.save(model.state_dict(), path)",
    )


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
    torch.save(state, path)


FORMAT = Format(open_torch, list_state_slots, write_torch)
