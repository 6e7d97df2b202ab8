"""Goes through a protobuf message field by field, and reads none that is not asked for.

Protobuf's own library makes objects of a whole file: of two bytes in it a hundred in memory.
The format is in https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from cnnspec.records import dataclass

_NUMBER, _WIDE, _BYTES, _NARROW = 0, 1, 2, 5
_SIZES = {_WIDE: 8, _NARROW: 4}
# A field's number and type, or a length: seven bits to a byte, in at most ten bytes.
_LONGEST = 10
# Those of a network with a hundred thousand layers; Python takes seconds for as many.
MOST_FIELDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message: its number, and which bytes of the file it holds.

    `head` is where the field begins, with what stands before its bytes.
    """

    number: int
    head: int
    start: int
    end: int
    is_bytes: bool

    def __len__(self) -> int:
        """How many bytes it holds."""
        return self.end - self.start


@dataclass(slots=True)
class Walker:
    """Reads the fields of messages in one file."""

    file: BinaryIO
    fields: int = 0

    def walk(self, start: int, end: int) -> Iterator[Field]:
        """The fields of the message in a stretch of the file.

        Raises:
            ValueError: it is no message, or there are too many fields.
        """
        while start < end:
            self.fields += 1
            if self.fields > MOST_FIELDS:
                raise ValueError(f"it has more than {MOST_FIELDS:,} fields")
            field = self._read_field(start, end)
            yield field
            start = field.end

    def read(self, field: Field) -> bytes:
        """The bytes of a field."""
        self.file.seek(field.start)
        return self.file.read(len(field))

    def read_whole(self, field: Field) -> bytes:
        """The bytes of a field with those before them, as they stand in their message."""
        self.file.seek(field.head)
        return self.file.read(field.end - field.head)

    def _read_field(self, head: int, end: int) -> Field:
        self.file.seek(head)
        data = self.file.read(min(2 * _LONGEST, end - head))
        key, at = _read_number(data, 0)
        kind = key & 7
        if kind == _NUMBER:
            _, last = _read_number(data, at)
            start, stop = head + at, head + last
        elif kind == _BYTES:
            length, at = _read_number(data, at)
            start, stop = head + at, head + at + length
        elif kind in _SIZES:
            start, stop = head + at, head + at + _SIZES[kind]
        else:
            raise ValueError(f"byte {head} begins no field")
        if stop > end or key >> 3 == 0:
            raise ValueError(f"the field at byte {head} reaches past the end of what it is in")
        return Field(key >> 3, head, start, stop, kind == _BYTES)


def _read_number(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where what follows it begins."""
    value = 0
    for place, byte in enumerate(data[at : at + _LONGEST]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number in it has no end")
