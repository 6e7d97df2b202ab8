"""The header of a safetensors file: which arrays it has, and where they lie in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors

from cnnspec.diagnostics import Diagnostic, SpecError

# The header's length, in front of it.
_WORD = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """An array in a file: its type as the format calls it, its shape, and its bytes' place."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def read_header(path: Path) -> dict[str, Entry]:
    """Read what arrays a safetensors file has, and none of their numbers.

    Raises:
        SpecError: the file is damaged, or of another format.
        OSError: the file cannot be read.
    """
    try:
        # The library finds out whether the header is sound, but does not say where arrays lie.
        with safetensors.safe_open(str(path), framework="np"), path.open("rb") as file:
            length = int.from_bytes(file.read(_WORD), "little")
            header = json.loads(file.read(length))
    except (safetensors.SafetensorError, ValueError) as error:
        diagnostic = Diagnostic(
            "invalid-weights",
            f"the weights are not a sound safetensors file: {error}",
            help=("write the file again, or download it again",),
        )
        raise SpecError([diagnostic]) from error
    header.pop("__metadata__", None)
    return {name: _read_entry(fields, _WORD + length) for name, fields in header.items()}


def _read_entry(fields: Mapping[str, Any], offset: int) -> Entry:
    start, stop = fields["data_offsets"]
    return Entry(fields["dtype"], tuple(fields["shape"]), offset + start, offset + stop)
