"""Writes output files whole or not at all, and never over somebody's work."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cnnspec.backends.content import read_pieces
from cnnspec.cli.failures import UsageError
from cnnspec.signing import holds_fingerprint, is_unchanged

if TYPE_CHECKING:
    from cnnspec.backends.base import Content

# How many bytes are written before the disk is told to begin.
_STEP = 2**24


def choose_path(output: str | None, default_name: str) -> Path:
    """Where to write: the default name here, or in the folder given, or the file given."""
    if output is None:
        return Path(default_name)
    path = Path(output)
    return path / default_name if path.is_dir() or output.endswith(("/", os.sep)) else path


def write_files(files: Mapping[Path, bytes | Content], force: bool = False) -> None:
    """Write files that belong together; the first is the one that needs the others.

    Every file is complete on the disk under another name before any of them takes its place, so
    that an error while writing leaves all old files as they were and nothing else behind.

    Raises:
        UsageError: a file is in the way that is not our own unchanged output.
        OSError: the disk or its permissions do not allow it.
    """
    if not force:
        refuse_dangling(files)
    # A link keeps pointing where it did: its target is replaced, not the link.
    targets = {path.resolve(): content for path, content in files.items()}
    _refuse_obstacles(list(targets), force)
    ready: list[tuple[Path, Path]] = []
    try:
        for path, content in targets.items():
            ready.append((_reserve(path), path))
            _fill(ready[-1][0], path, content)
        # The first file goes last: once it is there, what it needs is there too.
        for temporary, path in reversed(ready):
            os.replace(temporary, path)  # noqa: PTH105 -- tests put failures in its place
    finally:
        for temporary, _ in ready:
            temporary.unlink(missing_ok=True)


@contextmanager
def fill_file(path: Path, force: bool = False) -> Iterator[Path]:
    """Give a name to write a large file under; it becomes the file once all of it is written.

    Raises:
        UsageError: something is in the way, and `force` is not set or it is no regular file.
        OSError: the disk or its permissions do not allow it.
    """
    if not force:
        refuse_dangling([path])
    target = path.resolve()
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder '{target.parent}'")
    if os.path.lexists(target) and not target.is_file():
        raise UsageError(f"'{path}' is in the way and is not a regular file")
    if os.path.lexists(target) and not force:
        raise UsageError(f"'{path}' exists; --force overwrites it")
    temporary = _reserve(target)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        os.replace(temporary, target)  # noqa: PTH105 -- tests put failures in its place
    finally:
        temporary.unlink(missing_ok=True)


def refuse_dangling(paths: Iterable[Path]) -> None:
    """Raise UsageError for a link to a file that is not there yet.

    It may have come with somebody's folder, and lead to where the user has no file and wants none.
    """
    for path in paths:
        if path.is_symlink() and not path.exists():
            where = path.readlink()
            raise UsageError(
                f"'{path}' is a link to '{where}', which is not there; --force makes it"
            )


def _refuse_obstacles(paths: list[Path], force: bool) -> None:
    for path in paths:
        if not path.parent.is_dir():
            raise UsageError(f"there is no folder '{path.parent}'")
        if not os.path.lexists(path):
            continue
        if not path.is_file():
            raise UsageError(f"'{path}' is in the way and is not a regular file")
        if not (force or _is_ours(path) or (path != paths[0] and _is_ours(paths[0]))):
            raise UsageError(
                f"'{path}' exists and was not written by cnnspec, or was changed since; "
                "--force overwrites it"
            )


def _is_ours(path: Path) -> bool:
    """Whether a file is our own output: unchanged text, or a model that names us."""
    if not path.is_file():
        return False
    if path.suffix == ".onnx":
        with path.open("rb") as file:
            return holds_fingerprint(file)
    try:
        return is_unchanged(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        return False


def _reserve(path: Path) -> Path:
    """An empty new file beside another one, on the same file system."""
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.tmp")
    # 0o666 less the umask, as open() does it; tempfile's files are for their owner alone.
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    return temporary


def _fill(temporary: Path, path: Path, content: bytes | Content) -> None:
    with temporary.open("wb") as file:
        _write_pieces(file, [content] if isinstance(content, bytes) else content)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        temporary.chmod(path.stat().st_mode & 0o7777)


def _write_pieces(file: BinaryIO, pieces: Content) -> None:
    """Write pieces, with the disk at work on the first while the others are copied."""
    written = begun = 0
    for piece in read_pieces(pieces):
        for start in range(0, len(piece), _STEP):
            written += file.write(memoryview(piece)[start : start + _STEP])
            if written - begun >= _STEP and sys.platform == "linux":
                # By its manual this drops what is on the disk already; what is not, Linux begins to
                # put there, and would otherwise do so at fsync alone.
                os.posix_fadvise(file.fileno(), begun, written - begun, os.POSIX_FADV_DONTNEED)
                begun = written
