"""Safetensors files, read and written array by array."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import safetensors

from cnnspec.backends.content import FilePart, stamp_file
from cnnspec.graph.ir import Graph
from cnnspec.signing import FINGERPRINT_KEY
from cnnspec.weights.formats.base import (
    DTYPES,
    Array,
    ArrayFile,
    Entry,
    Format,
    blame_file,
    list_state_slots,
    refuse,
    require_dtype,
    view_bytes,
    widen_bfloat16,
)

# The header's length in front of it; arrays begin at multiples of this.
_WORD = 8
# An array takes about a hundred bytes there, and ten times as many in memory.
_LONGEST_HEADER = 2**24


@contextmanager
def open_safetensors(path: Path) -> Iterator[ArrayFile]:
    """Open a file; the library checks its header, and the numbers are read without it."""
    with path.open("rb") as file:
        stamp = stamp_file(path)
        with blame_file(path, "safetensors file", safetensors.SafetensorError, ValueError):
            length = int.from_bytes(file.read(_WORD), "little")
            if length > _LONGEST_HEADER:
                raise refuse(
                    f"{path} has a header of {length} bytes; the limit is {_LONGEST_HEADER}",
                    "write the file again, or download it again",
                )
            # It gives no array without a copy of its own in the memory that it maps.
            with safetensors.safe_open(str(path), framework="np") as checked:
                metadata = dict(checked.metadata() or {})
            header = json.loads(file.read(length), object_pairs_hook=_take_once)
        if stamp_file(path) != stamp:
            raise refuse(f"{path} changed while it was read")
        header.pop("__metadata__", None)
        start = _WORD + length
        entries = {
            name: Entry(tuple(array["shape"]), require_dtype(path, name, array["dtype"]))
            for name, array in header.items()
        }

        def read(name: str) -> Array:
            file.seek(start + header[name]["data_offsets"][0])
            return _read_array(path, file, entries[name])

        parts = {
            name: FilePart(path, start + header[name]["data_offsets"][0], entry.shape, stamp)
            for name, entry in entries.items()
            if entry.dtype == "F32"
        }
        yield ArrayFile(entries, read, metadata, parts)


def _take_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; raises ValueError for a key that is there twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"its header has {twice[:80]!r} twice")
    return found


def _read_array(path: Path, file: BinaryIO, entry: Entry) -> Array:
    array = np.empty(entry.shape, DTYPES[entry.dtype])
    if file.readinto(view_bytes(array)) != entry.size:  # type: ignore[attr-defined]
        raise refuse(f"{path} became shorter while it was read")
    return widen_bfloat16(array) if entry.dtype == "BF16" else array


def write_safetensors(path: Path, graph: Graph, arrays: Iterable[tuple[str, Array]]) -> None:
    """Write a network's arrays; the library's own writer needs all of them at once."""
    header: dict[str, Any] = {
        "__metadata__": {
            "format": "pt",
            FINGERPRINT_KEY: graph.spec.fingerprint,
            "cnnspec.network": graph.name,
        }
    }
    end = 0
    for name, weight in graph.list_weights():
        begin, end = end, end + 4 * prod(weight.shape)
        header[name] = {"dtype": "F32", "shape": weight.shape, "data_offsets": (begin, end)}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _WORD)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(_WORD, "little") + text)
        for _, array in arrays:
            file.write(view_bytes(np.ascontiguousarray(array, "<f4")))


FORMAT = Format(open_safetensors, list_state_slots, write_safetensors)
