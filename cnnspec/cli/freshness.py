"""Says whether generated files on disk are what their spec gives today."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from cnnspec.signing import is_unchanged


def report_stale(files: Mapping[Path, bytes]) -> int:
    """Print what differs, as a diff for text, and return 1; or 0 if all files are up to date."""
    stale = [path for path, content in files.items() if not _is_same(path, content)]
    for path in stale:
        if not path.is_file():
            print(f"{path} is missing")
        elif path.suffix == ".py":
            _print_diff(path, files[path].decode())
        else:
            print(f"{path} is not what the spec gives today")
    if not stale:
        print(f"{', '.join(map(str, files))}: up to date")
    return 1 if stale else 0


def _is_same(path: Path, content: bytes) -> bool:
    # Version control may have changed the line ends of text.
    return path.is_file() and _plain(path.read_bytes()) == _plain(content)


def _plain(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def _print_diff(path: Path, wanted: str) -> None:
    found = path.read_text(encoding="utf-8", errors="replace")
    by_hand = "" if is_unchanged(found) else ", edited by hand"
    lines = difflib.unified_diff(
        found.splitlines(), wanted.splitlines(), f"{path} (on disk{by_hand})",
        f"{path} (from the spec)", lineterm="",
    )  # fmt: skip
    print("\n".join(lines))
