"""What all formats have in common: what a file offers, and how a network's arrays stand in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import field
from errno import EACCES, EDQUOT, EMFILE, ENOSPC, EPERM
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cnnspec.backends.content import FilePart
from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.graph.ir import Graph
from cnnspec.naming import state_path
from cnnspec.ops.norm import BatchNorm
from cnnspec.records import dataclass

# Errors of the disk and its permissions, which are no damage of the file that is read.
_NOT_ITS_FAULT = frozenset({EACCES, EPERM, ENOSPC, EDQUOT, EMFILE})

Array: TypeAlias = NDArray[Any]
Turn = Callable[[Array], Array]

# The types of numbers that a file may hold, as safetensors spells them; BF16 has none in NumPy.
DTYPES: Mapping[str, str] = MappingProxyType(
    {
        "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "BOOL": "|b1",
        "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
        "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1",
    }
)  # fmt: skip


# What networks are far from, and what keeps a listing in memory and in seconds.
MOST_ARRAYS = 100_000
LONGEST_NAME = 1_000
_MOST_AXES = 32
_LONGEST_AXIS = 2**48


@dataclass(frozen=True, slots=True)
class Entry:
    """What an array is like before it is read; `dtype` is spelt as in DTYPES."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """The bytes of its numbers."""
        return prod(self.shape) * np.dtype(DTYPES[self.dtype]).itemsize


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """An open file: what is in it, and a way to read one array at a time.

    `read` gives numbers as they are, but for bfloat16, which it widens to float32. `parts` are the
    arrays that lie in the file as float32 numbers.
    """

    entries: Mapping[str, Entry]
    read: Callable[[str], Array]
    metadata: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, FilePart] = field(default_factory=dict)


def keep(array: Array) -> Array:
    """An array that stands in a file as in the network."""
    return array


@dataclass(frozen=True, slots=True)
class Slot:
    """An array of the network as a format has it: its shape there, and how it is turned.

    `to_canonical` leads from the file's layout to PyTorch's. Where a format has the array in
    several shares, this is the one with the number `share` of the `shares` along its first axis.
    """

    name: str
    shape: tuple[int, ...]
    to_canonical: Turn = keep
    share: int = 0
    shares: int = 1


Opener = Callable[[Path], AbstractContextManager[ArrayFile]]
# The arrays of a network by their names in a file that holds these names.
Slots = Callable[[Graph, Collection[str]], Mapping[str, Slot]]
# The arrays come in the network's order, float32, in PyTorch's layout, and one at a time.
Writer = Callable[[Path, Graph, Iterable[tuple[str, Array]]], None]


@dataclass(frozen=True, slots=True)
class Format:
    """One format; `refusal` says why there is no writer."""

    open: Opener
    list_slots: Slots
    write: Writer | None = None
    refusal: str = ""


def refuse(message: str, *help: str) -> SpecError:
    """The error for a file that cannot be read."""
    return SpecError([Diagnostic("invalid-weights", message, help=help)])


@contextmanager
def blame_file(path: Path | str, what: str, *errors: type[Exception]) -> Iterator[None]:
    """Turn the errors that a library raises about a damaged file into a finding."""
    try:
        yield
    except errors as error:
        if isinstance(error, OSError) and error.errno in _NOT_ITS_FAULT:
            raise
        lines = str(error).strip().splitlines()
        reason = f": {lines[0][:200]}" if lines else ""
        raise refuse(
            f"{path} is not a sound {what}{reason}", "write the file again, or download it again"
        ) from error


def widen_bfloat16(numbers: Array) -> Array:
    """The float32 numbers of bfloat16 ones, given as their bits."""
    return (numbers.astype("<u4") << np.uint32(16)).view("<f4")


def require_dtype(path: Path | str, name: str, dtype: str) -> str:
    """A type that is in DTYPES; raises SpecError for any other."""
    if dtype not in DTYPES:
        raise refuse(f"{path} has numbers of the type {dtype} in {name}, which no weights have")
    return dtype


def check_entries(path: Path, entries: Mapping[str, Entry]) -> None:
    """Raise SpecError for names that no terminal should show, and for shapes that no array has."""
    if len(entries) > MOST_ARRAYS:
        raise refuse(f"{path} has {len(entries)} arrays; the limit is {MOST_ARRAYS}")
    for name, entry in entries.items():
        if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
            raise refuse(
                f"{path} has an array whose name is {name[:80]!r}: names have 1 to {LONGEST_NAME} "
                "characters that can be printed"
            )
        if len(entry.shape) > _MOST_AXES or max(entry.shape, default=0) > _LONGEST_AXIS:
            raise refuse(f"{path} has {name} with {len(entry.shape)} axes, or axes too long")


def view_bytes(array: Array) -> memoryview:
    """The memory of an array in row order."""
    return memoryview(array.reshape(-1).view(np.uint8))  # type: ignore[arg-type]


def list_own_slots(graph: Graph, names: Collection[str] = ()) -> Mapping[str, Slot]:
    """Slots with the network's own names and layout."""
    return {name: Slot(name, weight.shape) for name, weight in graph.list_weights()}


def list_state_slots(graph: Graph, names: Collection[str]) -> Mapping[str, Slot]:
    """Slots with the network's own names, or with those of a PyTorch model that differ."""
    own = list_own_slots(graph)
    if all(name in names for name in own):
        return own
    return {name_state(name): slot for name, slot in own.items()}


def name_state(name: str) -> str:
    """An array's name in the state dict of the generated PyTorch model."""
    return state_path(name)


def list_counters(graph: Graph) -> Iterator[str]:
    """The counters of batches that PyTorch keeps with statistics, by their names there."""
    for node in graph.nodes:
        if isinstance(node.op, BatchNorm) and node.own_weights:
            yield f"{state_path(node.path)}.num_batches_tracked"
