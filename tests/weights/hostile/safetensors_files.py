"""Safetensors files whose headers lie."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def put(header: bytes, numbers: bytes = bytes(16), length: int | None = None) -> Any:
    """A file with these bytes for a header."""
    count = len(header) if length is None else length
    return lambda path: path.write_bytes(count.to_bytes(8, "little") + header + numbers)


def tell(*arrays: tuple[str, Any, Any, Any], numbers: bytes = bytes(16), **more: Any) -> Any:
    """A file that says this of its arrays: name, type, shape and offsets."""
    header = {
        name: {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        for name, dtype, shape, offsets in arrays
    }
    return put(json.dumps({**more, **header}).encode(), numbers)


def one(dtype: Any = "F32", shape: Any = (4,), offsets: Any = (0, 16), **more: Any) -> Any:
    return tell(("w", dtype, shape, offsets), **more)


CASES: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: path.write_bytes(b""),
    "length alone": lambda path: path.write_bytes(bytes(8)),
    "half a length": lambda path: path.write_bytes(bytes(5)),
    "header past the end": put(b"{}", b"", 2**20),
    "header of an exabyte": put(b"{}", b"", 2**60),
    "header of 200 MB": put(b"{}", b"", 200_000_000),
    "not UTF-8": put(b'{"\xff\xfe": 1}'),
    "not JSON": put(b"{'w': 1}"),
    "a list": put(b"[]"),
    "deep": put(b'{"w":' * 1000 + b"1" + b"}" * 1000),
    "array twice": put(
        b'{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},'
        b'"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'
    ),
    "overlapping": tell(("v", "F32", [4], [0, 16]), ("w", "F32", [2], [8, 16])),
    "hole": tell(("v", "F32", [1], [0, 4]), ("w", "F32", [2], [8, 16])),
    "backwards": one(offsets=[16, 0]),
    "below zero": one(offsets=[-16, 0]),
    "trailing bytes": one(numbers=bytes(17)),
    "cut off": one(numbers=bytes(15)),
    "product past 64 bits": one(shape=[2**40, 2**40]),
    "wrong product": one(shape=[5]),
    "shape of fractions": one(shape=[4.0]),
    "shape of words": one(shape=["4"]),
    "many axes": one(shape=[1] * 200 + [4]),
    "no such type": one("F31"),
    "float8": one("F8_E5M2", [16]),
    "metadata of numbers": one(__metadata__={"a": 1}),
    "metadata as a list": one(__metadata__=["a"]),
    "escapes in a name": tell(("\x1b]0;owned\x07", "F32", [4], [0, 16])),
    "line in a name": tell(("w\nw", "F32", [4], [0, 16])),
    "reversed name": tell(("\u202ew", "F32", [4], [0, 16])),
    "no name": tell(("", "F32", [4], [0, 16])),
    "long name": tell(("w" * 100_000, "F32", [4], [0, 16])),
}
