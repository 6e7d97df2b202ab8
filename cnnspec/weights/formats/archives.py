"""Zip archives, held against their size before anything is read from them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from cnnspec.weights.formats.base import refuse

# An entry has 46 bytes and its name, for which Python keeps a kilobyte.
_MOST_LISTING = 16 * 2**20
_END, _END_SIZE, _LONGEST_COMMENT = b"PK\5\6", 22, 2**16
_LOCATOR, _LOCATOR_SIZE, _LARGE_END_SIZE = b"PK\6\7", 20, 56
# The size of the listing in each form of the end: where it stands, and in how many bytes.
_PLAIN_FIELD, _LARGE_FIELD = (12, 4), (40, 8)


def list_members(path: Path) -> Mapping[str, ZipInfo]:
    """What is in an archive, by name.

    Raises:
        SpecError: it lists too many members, or two of one name.
        zipfile.BadZipFile: it is damaged.
    """
    size = _find_listing_size(path)
    if size > _MOST_LISTING:
        raise refuse(f"{path} lists its members in {size} bytes; the limit is {_MOST_LISTING}")
    with ZipFile(path) as archive:
        listed = archive.infolist()
    members = {member.filename: member for member in listed}
    if len(members) < len(listed):
        raise refuse(f"{path} has two members of one name")
    return members


def _find_listing_size(path: Path) -> int:
    """The bytes of the list at an archive's end.

    The format is in PKWARE's APPNOTE.TXT, 4.3.14 to 4.3.16.
    """
    with path.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(max(0, length - _LARGE_END_SIZE - _LOCATOR_SIZE - _END_SIZE - _LONGEST_COMMENT))
        tail = file.read()
    end = tail.rfind(_END)
    if end < 0:
        raise BadZipFile("it has no list of members")
    start, (offset, width) = end, _PLAIN_FIELD
    if end >= _LOCATOR_SIZE and tail[end - _LOCATOR_SIZE :].startswith(_LOCATOR):
        start = end - _LOCATOR_SIZE - _LARGE_END_SIZE
        offset, width = _LARGE_FIELD
    return int.from_bytes(tail[max(start, 0) + offset :][:width], "little")
