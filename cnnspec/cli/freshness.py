"""Says whether generated files on disk are what their spec gives today."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cnnspec.backends.content import read_pieces
from cnnspec.cli.console import print_line
from cnnspec.signing import is_unchanged

if TYPE_CHECKING:
    from cnnspec.backends.base import Content


def report_stale(files: Mapping[Path, Content]) -> int:
    """Print what differs, as a diff for text, and return 1; or 0 if all files are up to date."""
    stale = [path for path, content in files.items() if not _is_same(path, content)]
    for path in stale:
        if not path.is_file():
            print_line(f"{path} is missing")
        elif path.suffix == ".py":
            _print_diff(path, b"".join(read_pieces(files[path])).decode(errors="replace"))
        else:
            print_line(f"{path} is not what the spec gives today")
    if not stale:
        print_line(f"{', '.join(map(str, files))}: up to date")
    return 1 if stale else 0


def _is_same(path: Path, content: Content) -> bool:
    if not path.is_file():
        return False
    if path.suffix == ".py":
        # Version control may have changed the line ends of text.
        return _plain(path.read_bytes()) == _plain(b"".join(read_pieces(content)))
    if path.stat().st_size != sum(map(len, content)):
        return False
    with path.open("rb") as file:
        return all(file.read(len(piece)) == piece for piece in read_pieces(content))


def _plain(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def _print_diff(path: Path, wanted: str) -> None:
    found = path.read_text(encoding="utf-8", errors="replace")
    by_hand = "" if is_unchanged(found) else ", edited by hand"
    lines = difflib.unified_diff(
        found.splitlines(), wanted.splitlines(), f"{path} (on disk{by_hand})",
        f"{path} (from the spec)", lineterm="",
    )  # fmt: skip
    # What is on disk may be anybody's.
    for line in lines:
        print_line(line)
