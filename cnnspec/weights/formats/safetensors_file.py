"""Safetensors files, read and written array by array."""

from __future__ import annotations

import json
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


@contextmanager
def open_safetensors(path: Path) -> Iterator[ArrayFile]:
    """Open a file; the library checks its header, and the numbers are read without it."""
    with (
        blame_file(path, "safetensors file", safetensors.SafetensorError),
        # It gives no array without a copy of its own in the memory that it maps.
        safetensors.safe_open(str(path), framework="np") as checked,
    ):
        metadata = dict(checked.metadata() or {})
    with path.open("rb") as file:
        header, start = _read_header(file)
        entries = {
            name: Entry(tuple(array["shape"]), require_dtype(path, name, array["dtype"]))
            for name, array in header.items()
        }

        def read(name: str) -> Array:
            file.seek(start + header[name]["data_offsets"][0])
            return _read_array(file, entries[name])

        stamp = stamp_file(path)
        parts = {
            name: FilePart(path, start + header[name]["data_offsets"][0], entry.shape, stamp)
            for name, entry in entries.items()
            if entry.dtype == "F32"
        }
        yield ArrayFile(entries, read, metadata, parts)


def _read_header(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """What a sound file says of its arrays, and where their numbers begin."""
    length = int.from_bytes(file.read(_WORD), "little")
    header: dict[str, Any] = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return header, _WORD + length


def _read_array(file: BinaryIO, entry: Entry) -> Array:
    array = np.empty(entry.shape, DTYPES[entry.dtype])
    if file.readinto(view_bytes(array)) != entry.size:  # type: ignore[attr-defined]
        raise refuse("the file of weights became shorter while it was read")
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
