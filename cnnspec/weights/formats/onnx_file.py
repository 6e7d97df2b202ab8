"""The initialisers of ONNX models, and of the files that models keep them in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto

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


@contextmanager
def open_onnx(path: Path) -> Iterator[ArrayFile]:
    """Open a model; of the initialisers that we add to weights ourselves nothing is shown."""
    with blame_file(path, "ONNX model", DecodeError, ValueError, RuntimeError):
        model = onnx.load_model(str(path), load_external_data=False)
    ours = model.producer_name == "cnnspec"
    tensors = {
        tensor.name: tensor
        for tensor in model.graph.initializer
        # Paths of layers have dots; the names of constants beside them are drawn as a tree.
        if not (ours and "/" in tensor.name)
    }
    if len(tensors) < sum(not (ours and "/" in each.name) for each in model.graph.initializer):
        raise refuse(f"{path} has two initialisers of one name")
    entries = {}
    for name, tensor in tensors.items():
        if tensor.data_type not in _DTYPES or min(tensor.dims, default=0) < 0:
            raise refuse(f"{path} has {name} in a form that no weights have")
        entries[name] = Entry(tuple(tensor.dims), _DTYPES[tensor.data_type])
        _check_size(path, tensor, entries[name])
    metadata = {each.key: each.value for each in model.metadata_props}
    metadata.pop("cnnspec.spec", None)

    def read(name: str) -> Array:
        entry = entries[name]
        if tensors[name].data_location == TensorProto.EXTERNAL:
            array = _read_outside(path, tensors[name], entry)
        elif not entry.size:
            array = np.empty(0, DTYPES[entry.dtype])
        elif tensors[name].raw_data:
            array = np.frombuffer(tensors[name].raw_data, DTYPES[entry.dtype])
        else:
            array = np.asarray(getattr(tensors[name], _FIELDS[entry.dtype]), DTYPES[entry.dtype])
        array = array.reshape(entry.shape)
        return widen_bfloat16(array) if entry.dtype == "BF16" else array

    yield ArrayFile(entries, read, metadata)


def _check_size(path: Path, tensor: TensorProto, entry: Entry) -> None:
    """Raise SpecError where the numbers that a tensor announces are not there."""
    if tensor.data_location == TensorProto.EXTERNAL:
        place = _find_outside(path, tensor)
        offset, length = _find_span(path, tensor, entry)
        if offset + length > place.stat().st_size or length != entry.size:
            raise refuse(f"{place} ends before {tensor.name}, or has another size for it")
        return
    held = len(tensor.raw_data)
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
    offset, length = _find_span(path, tensor, entry)
    with _find_outside(path, tensor).open("rb") as file:
        file.seek(offset)
        array = np.empty(length // np.dtype(DTYPES[entry.dtype]).itemsize, DTYPES[entry.dtype])
        if file.readinto(view_bytes(array)) != length:
            raise refuse("the file of weights became shorter while it was read")
    return array


FORMAT = Format(
    open_onnx,
    list_own_slots,
    refusal="'cnnspec compile SPEC --target onnx --weights FILE' writes ONNX models",
)
