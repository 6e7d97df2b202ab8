"""Marks by which generated files are known as our own, and as unchanged since."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

# The line that templates leave in a header, and that signing replaces.
PLACEHOLDER: Final = "# cnnspec: digest"
# The key in the metadata of a model file.
FINGERPRINT_KEY: Final = "cnnspec.fingerprint"

# JSON knows no comments, so that a schema has the line as the value of a key.
_LINE: Final = rf'^((?:  "\$comment": ")?{re.escape(PLACEHOLDER)}){{}}((?:",)?)$'
_SIGNED = re.compile(_LINE.format("=([0-9a-f]{16})"), re.MULTILINE)
_UNSIGNED = re.compile(_LINE.format(""), re.MULTILINE)

# The end of a data file's name, by which a model that points into it finds these numbers or none.
_DATA = re.compile(r"\.([0-9a-f]{16})\.data$")
_STEP = 2**20

# ModelProto.metadata_props, in the ONNX format's onnx.proto.
_METADATA_FIELD: Final = 14
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def sign_text(text: str) -> str:
    """Put the digest of all other lines where a template left its placeholder.

    A text without a placeholder comes back as it is.
    """
    found = _find_last(_UNSIGNED, text)
    if found is None:
        return text
    signed = f"{found[1]}={_digest(text)}{found[2]}"
    return text[: found.start()] + signed + text[found.end() :]


def is_unchanged(text: str) -> bool:
    """Whether a text carries a digest and is still the text that was signed."""
    # Version control may have changed the line ends, which no one would call an edit.
    text = text.replace("\r\n", "\n")
    found = _find_last(_SIGNED, text)
    if found is None:
        return False
    return found[2] == _digest(text[: found.start()] + found[1] + found[3] + text[found.end() :])


def _find_last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last line of that form: what a spec says of itself comes before the template's own."""
    *_, last = (None, *pattern.finditer(text))
    return last


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()[:16]


def name_data(model: str, content: Iterable[bytes | memoryview]) -> str:
    """What a model's second file is called: other numbers never take the place of these."""
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    return f"{model}.{digest.hexdigest()[:16]}.data"


def is_data_name(name: str) -> bool:
    """Whether a name is one that `name_data` gives."""
    return _DATA.search(name) is not None


def is_named_for_content(name: str, file: BinaryIO) -> bool:
    """Whether a file has the name that `name_data` gives it."""
    found = _DATA.search(name)
    pieces = iter(lambda: file.read(_STEP), b"")
    return found is not None and name == name_data(name[: found.start()], pieces)


def holds_fingerprint(file: BinaryIO) -> bool:
    """Whether an ONNX file's metadata names us as its maker.

    Reads only the outermost fields and skips the weights, so that it needs neither the onnx
    package nor the memory for the model. Any other file is simply not ours.
    """
    key = FINGERPRINT_KEY.encode()
    try:
        return any(
            number == _METADATA_FIELD and key in content for number, content in _read_fields(file)
        )
    except ValueError:
        return False


def _read_fields(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The number and content of each metadata field; the content of others stays unread."""
    size = file.seek(0, 2)
    file.seek(0)
    while (tag := _read_varint(file)) is not None:
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            _read_varint(file)
        elif wire in (_FIXED64, _FIXED32):
            file.seek(8 if wire == _FIXED64 else 4, 1)
        elif wire == _BYTES:
            length = _read_varint(file) or 0
            if length > size - file.tell():
                raise ValueError("a field is longer than the file")
            if number == _METADATA_FIELD:
                yield number, file.read(length)
            else:
                file.seek(length, 1)
        else:
            raise ValueError(f"no such wire type: {wire}")


def _read_varint(file: BinaryIO) -> int | None:
    """A number in protobuf's base-128 form, or None at the end of the file."""
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("a number has more than ten bytes")
