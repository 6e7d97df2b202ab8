"""The initialisers of ONNX models, and of the files that models keep them in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

import numpy as np
from google.protobuf.message import DecodeError
from onnx import GraphProto, ModelProto, TensorProto

from cnnspec.backends.content import FilePart, stamp_file
from cnnspec.records import dataclass
from cnnspec.weights.formats.base import (
    DTYPES,
    Array,
    ArrayFile,
    Entry,
    Format,
    blame_file,
    list_own_slots,
    refuse,
    view_bytes,
    widen_bfloat16,
)
from cnnspec.weights.formats.protobuf import Field, Walker

_DTYPES: Mapping[int, str] = {
    TensorProto.DOUBLE: "F64", TensorProto.FLOAT: "F32", TensorProto.FLOAT16: "F16",
    TensorProto.BFLOAT16: "BF16", TensorProto.BOOL: "BOOL",
    TensorProto.INT64: "I64", TensorProto.INT32: "I32", TensorProto.INT16: "I16",
    TensorProto.INT8: "I8", TensorProto.UINT64: "U64", TensorProto.UINT32: "U32",
    TensorProto.UINT16: "U16", TensorProto.UINT8: "U8",
}  # fmt: skip
# Where the format allows numbers beside raw bytes, they stand in one of these.
_FIELDS: Mapping[str, str] = {
    "F32": "float_data", "F64": "double_data", "I64": "int64_data", "I32": "int32_data",
}  # fmt: skip

_ERRORS = (DecodeError, ValueError, RuntimeError, TypeError)
# What a tensor has beside its numbers, and the parts of a model that are read.
_MOST_WORDS = 2**16
_MOST_TENSORS = 100_000
_MOST_FACTS = 2**22
_FACTS = frozenset(
    {
        ModelProto.IR_VERSION_FIELD_NUMBER,
        ModelProto.PRODUCER_NAME_FIELD_NUMBER,
        ModelProto.METADATA_PROPS_FIELD_NUMBER,
    }
)
# Numbers that stand there one by one take a few bytes each, and more in memory.
_LISTS = frozenset(
    {
        TensorProto.FLOAT_DATA_FIELD_NUMBER,
        TensorProto.INT32_DATA_FIELD_NUMBER,
        TensorProto.INT64_DATA_FIELD_NUMBER,
        TensorProto.DOUBLE_DATA_FIELD_NUMBER,
        TensorProto.UINT64_DATA_FIELD_NUMBER,
    }
)


@dataclass(frozen=True, slots=True)
class Held:
    """An initialiser: what its message says, and the stretch of the model that has its bytes."""

    tensor: TensorProto
    raw: Field | None


@contextmanager
def open_onnx(path: Path) -> Iterator[ArrayFile]:
    """Open a model; of the initialisers that we add to weights ourselves nothing is shown."""
    with path.open("rb") as file:
        with blame_file(path, "ONNX model", *_ERRORS):
            model, listed = _read_model(path, Walker(file))
        ours = model.producer_name == "cnnspec"
        # Paths of layers have dots; the names of constants beside them are drawn as a tree.
        shown = [each for each in listed if not (ours and "/" in each.tensor.name)]
        held = {each.tensor.name: each for each in shown}
        if len(held) < len(shown):
            raise refuse(f"{path} has two initialisers of one name")
        entries = {name: _describe(path, each) for name, each in held.items()}
        metadata = {each.key: each.value for each in model.metadata_props}
        metadata.pop("cnnspec.spec", None)

        def read(name: str) -> Array:
            entry, tensor, raw = entries[name], held[name].tensor, held[name].raw
            if tensor.data_location == TensorProto.EXTERNAL:
                array = _read_outside(path, tensor, entry)
            elif raw is not None:
                file.seek(raw.start)
                array = _read_numbers(path, file, entry)
            else:
                array = np.asarray(getattr(tensor, _FIELDS.get(entry.dtype, "float_data")))
                array = array.astype(DTYPES[entry.dtype])
            array = array.reshape(entry.shape)
            return widen_bfloat16(array) if entry.dtype == "BF16" else array

        stamp = stamp_file(path)
        parts = {
            name: FilePart(path, raw.start, entries[name].shape, stamp)
            for name, each in held.items()
            if (raw := each.raw) is not None and entries[name].dtype == "F32"
        }
        yield ArrayFile(entries, read, metadata, parts)


def _read_model(path: Path, walker: Walker) -> tuple[ModelProto, list[Held]]:
    """What a model says of itself, and its initialisers; its nodes are passed over."""
    facts: list[bytes] = []
    tensors: list[Field] = []
    size = graphs = versions = 0
    for field in walker.walk(0, path.stat().st_size):
        if field.number in _FACTS:
            size += field.end - field.head
            if size > _MOST_FACTS:
                raise ValueError(f"it says more than {_MOST_FACTS} bytes of itself")
            facts.append(walker.read_whole(field))
        # What writers put behind the graph: without it the file has been cut off.
        elif field.number == ModelProto.OPSET_IMPORT_FIELD_NUMBER:
            versions += 1
        elif field.number == ModelProto.GRAPH_FIELD_NUMBER:
            graphs += 1
            tensors += [
                part
                for part in walker.walk(field.start, field.end)
                if part.number == GraphProto.INITIALIZER_FIELD_NUMBER
            ]
    model = ModelProto.FromString(b"".join(facts))
    _require_text(*(text for each in model.metadata_props for text in (each.key, each.value)))
    if not (graphs and versions and model.ir_version):
        raise ValueError("it lacks its graph, or the versions that it is written in")
    if len(tensors) > _MOST_TENSORS:
        raise ValueError(f"it has {len(tensors)} initialisers; the limit is {_MOST_TENSORS}")
    return model, [_read_tensor(walker, field) for field in tensors]


def _read_tensor(walker: Walker, field: Field) -> Held:
    """An initialiser without its bytes, which stay in the file."""
    kept: list[bytes] = []
    raw = None
    size = 0
    for part in walker.walk(field.start, field.end):
        if part.number == TensorProto.RAW_DATA_FIELD_NUMBER and part.is_bytes:
            raw = part
        elif part.number in _LISTS:
            kept.append(walker.read_whole(part))
        else:
            size += part.end - part.head
            if size > _MOST_WORDS:
                raise ValueError(
                    f"the initialiser at byte {field.head} says more than {_MOST_WORDS} bytes "
                    "beside its numbers"
                )
            kept.append(walker.read_whole(part))
    tensor = TensorProto.FromString(b"".join(kept))
    _require_text(tensor.name, *(e.key for e in tensor.external_data))
    _require_text(*(e.value for e in tensor.external_data))
    return Held(tensor, raw if raw and len(raw) else None)


def _require_text(*values: str | bytes) -> None:
    """Raise ValueError for what protobuf gives as bytes, since it is no text."""
    for value in values:
        if isinstance(value, bytes):
            raise ValueError(f"{value[:80]!r} is not UTF-8")


def _describe(path: Path, held: Held) -> Entry:
    tensor = held.tensor
    if tensor.data_type not in _DTYPES or min(tensor.dims, default=0) < 0:
        raise refuse(f"{path} has {tensor.name} in a form that no weights have")
    entry = Entry(tuple(tensor.dims), _DTYPES[tensor.data_type])
    _check_size(path, held, entry)
    return entry


def _check_size(path: Path, each: Held, entry: Entry) -> None:
    """Raise SpecError where the numbers that a tensor announces are not there."""
    tensor = each.tensor
    if tensor.data_location == TensorProto.EXTERNAL:
        place = _find_outside(path, tensor)
        offset, length = _find_span(path, tensor, entry)
        held = place.stat().st_size
        if offset + length > held or length != entry.size:
            raise refuse(
                f"{path} says that the {entry.size} bytes of {tensor.name} are {length} from byte "
                f"{offset} of {place}, which has {held}"
            )
        return
    held = len(each.raw) if each.raw else 0
    if not held and entry.size:
        numbers = getattr(tensor, _FIELDS.get(entry.dtype, ""), ())
        held = len(numbers) * np.dtype(DTYPES[entry.dtype]).itemsize
    if held != entry.size:
        raise refuse(f"{path} says that {tensor.name} has {entry.size} bytes, but holds {held}")


def _find_span(path: Path, tensor: TensorProto, entry: Entry) -> tuple[int, int]:
    given = {each.key: each.value for each in tensor.external_data}
    numbers = [given.get("offset", "0"), given.get("length", str(entry.size))]
    if not all(number.isascii() and number.isdigit() and len(number) < 20 for number in numbers):
        raise refuse(f"{path} says no place for {tensor.name} that could be")
    offset, length = map(int, numbers)
    return offset, length


def _find_outside(path: Path, tensor: TensorProto) -> Path:
    """The file that holds a tensor's numbers: in the model's folder or below, and no link."""
    location = next((each.value for each in tensor.external_data if each.key == "location"), "")
    parts = PurePosixPath(location).parts
    place = path.parent / location
    leads_out = not parts or ".." in parts or "\\" in location or "\0" in location
    if leads_out or PurePosixPath(location).is_absolute() or PureWindowsPath(location).anchor:
        raise refuse(
            f"{path} keeps {tensor.name} in '{location[:200]}', which is not in its own folder"
        )
    linked = any(
        (path.parent / Path(*parts[:end])).is_symlink() for end in range(1, len(parts) + 1)
    )
    if linked or not place.is_file():
        raise refuse(
            f"{path} keeps {tensor.name} in '{location[:200]}', "
            + ("which is a link" if linked else "and there is no such file beside it")
        )
    return place


def _read_outside(path: Path, tensor: TensorProto, entry: Entry) -> Array:
    offset, _ = _find_span(path, tensor, entry)
    place = _find_outside(path, tensor)
    with place.open("rb") as file:
        file.seek(offset)
        return _read_numbers(place, file, entry)


def _read_numbers(path: Path, file: BinaryIO, entry: Entry) -> Array:
    """The numbers that a file has from where it is read."""
    array = np.empty(prod(entry.shape), DTYPES[entry.dtype])
    if file.readinto(view_bytes(array)) != entry.size:  # type: ignore[attr-defined]
        raise refuse(f"{path} became shorter while it was read")
    return array


FORMAT = Format(
    open_onnx,
    list_own_slots,
    refusal="'cnnspec compile SPEC --target onnx --weights FILE' writes ONNX models",
)
