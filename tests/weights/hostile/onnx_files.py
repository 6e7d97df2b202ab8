"""ONNX models that keep numbers where they should not, or say that they have others."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onnx import ModelProto, TensorProto, helper


def wrap(*tensors: TensorProto, **more: Any) -> ModelProto:
    """A model with these initialisers."""
    graph = helper.make_graph([], "net", [], [], initializer=list(tensors))
    return helper.make_model(graph, **more)


def tell(**fields: Any) -> Callable[[Path], None]:
    """A model with one initialiser that says this of itself."""
    held = {"name": "w", "data_type": TensorProto.FLOAT, "dims": [4], "raw_data": bytes(16)}
    tensor = TensorProto(**{k: v for k, v in {**held, **fields}.items() if v is not None})
    return lambda path: path.write_bytes(wrap(tensor).SerializeToString())


def point(location: str, prepare: Callable[[Path], object] | None = None, **more: str) -> Any:
    """A model that keeps its numbers in another file."""

    def make(path: Path) -> None:
        path.with_name("beside.data").write_bytes(bytes(16))
        if prepare is not None:
            prepare(path.parent)
        tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4])
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location, **more}.items():
            tensor.external_data.add(key=key, value=value)
        path.write_bytes(wrap(tensor).SerializeToString())

    return make


def put(data: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(data)


def frame(number: int, data: bytes) -> bytes:
    """A field of bytes as protobuf writes it."""
    length, head = len(data), bytearray([number << 3 | 2])
    while length >= 0x80:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([*head, length]) + data


def make_words(path: Path) -> None:
    """An initialiser with more words than numbers."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1], raw_data=bytes(4))
    tensor.doc_string = "x" * 100_000
    path.write_bytes(wrap(tensor).SerializeToString())


def make_bytes_for_name(path: Path) -> None:
    good = TensorProto(name="wxyz", data_type=TensorProto.FLOAT, dims=[1], raw_data=bytes(4))
    path.write_bytes(wrap(good).SerializeToString().replace(b"wxyz", b"\xff\xfe\xfd\xfc"))


def make_bytes_for_facts(path: Path) -> None:
    model = wrap()
    model.metadata_props.add(key="abcd", value="wxyz")
    path.write_bytes(model.SerializeToString().replace(b"wxyz", b"\xff\xfe\xfd\xfc"))


# A model's version, and the versions of the operators that it has.
VERSIONS = ModelProto(ir_version=8, opset_import=[helper.make_opsetid("", 18)])
CASES: dict[str, Callable[[Path], None]] = {
    "empty": put(b""),
    "text": put(b"weights of a network"),
    "zeros": put(bytes(4096)),
    "no graph": put(VERSIONS.SerializeToString()),
    "graph past the end": put(VERSIONS.SerializeToString() + b"\x3a\xff\xff\xff\xff\x0f"),
    "graph of an exabyte": put(VERSIONS.SerializeToString() + b"\x3a" + b"\xff" * 8 + b"\x0f"),
    "length without end": put(VERSIONS.SerializeToString() + b"\x3a" + b"\xff" * 30),
    "groups": put(VERSIONS.SerializeToString() + b"\x0b" * 1000),
    "field of number 0": put(VERSIONS.SerializeToString() + b"\x02\x00"),
    "above": point("../secret.bin"),
    "above through a folder": point(
        "folder/../../secret.bin", lambda folder: (folder / "folder").mkdir()
    ),
    "absolute": point("/dev/zero"),
    "address": point("file:///dev/zero"),
    "another system's path": point("C:\\secret.bin"),
    "nowhere": point(""),
    "folder": point("."),
    "null": point("beside.data\0"),
    "link": point("link", lambda folder: (folder / "link").symlink_to("../secret.bin")),
    "link to a device": point("zero", lambda folder: (folder / "zero").symlink_to("/dev/zero")),
    "linked folder": point("up/secret.bin", lambda folder: (folder / "up").symlink_to("..")),
    "pipe": point("pipe", lambda folder: os.mkfifo(folder / "pipe")),
    "absent": point("absent.data"),
    "offset past the end": point("beside.data", offset="4"),
    "offset of an exabyte": point("beside.data", offset=str(2**62)),
    "offset below zero": point("beside.data", offset="-4"),
    "offset that is no number": point("beside.data", offset="\u0663"),
    "offset of many digits": point("beside.data", offset="9" * 5000),
    "length below zero": point("beside.data", length="-16"),
    "length of another size": point("beside.data", length="8"),
    "raw bytes too few": tell(raw_data=bytes(12)),
    "raw bytes too many": tell(raw_data=bytes(20)),
    "no numbers": tell(raw_data=None),
    "terabyte": tell(dims=[2**38]),
    "product past 64 bits": tell(dims=[2**40, 2**40]),
    "long axis without numbers": tell(dims=[0, 2**62], raw_data=None),
    "below zero": tell(dims=[-4]),
    "many axes": tell(dims=[1] * 200 + [4]),
    "numbers in the wrong list": tell(raw_data=None, double_data=[1.0] * 4),
    "words": tell(data_type=TensorProto.STRING, raw_data=None, string_data=[b"a"] * 4),
    "complex": tell(data_type=TensorProto.COMPLEX64, dims=[2]),
    "no such type": tell(data_type=99),
    "no type": tell(data_type=None),
    "float8": tell(data_type=TensorProto.FLOAT8E4M3FN, dims=[16]),
    "four bits": tell(data_type=TensorProto.INT4, dims=[32]),
    "name that is no text": make_bytes_for_name,
    "facts that are no text": make_bytes_for_facts,
    "words without end": make_words,
    "escapes in a name": tell(name="\x1b[31mw"),
    "line in a name": tell(name="w\nall is well"),
    "no name": tell(name=""),
    "long name": tell(name="w" * 5000),
    "two of a name": lambda path: path.write_bytes(
        wrap(
            *[TensorProto(name="w", data_type=1, dims=[1], raw_data=bytes(4))] * 2
        ).SerializeToString()
    ),
}
