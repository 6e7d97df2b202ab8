"""Writes output files whole or not at all, and never over somebody's work.

A file is written under a name that nobody can guess, beside the one that it is to become, and takes
its place once all of it is on the disk.
"""

from __future__ import annotations

import glob
import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cnnspec.backends.content import read_pieces
from cnnspec.cli.failures import UsageError
from cnnspec.leftovers import TemporaryFolderError, temporary_path, uninterrupted
from cnnspec.records import dataclass
from cnnspec.signing import holds_fingerprint, is_data_name, is_named_for_content, is_unchanged

if TYPE_CHECKING:
    from cnnspec.backends.base import Content

# How many bytes are written before the disk is told to begin.
_STEP = 2**24
# What a kill leaves behind is known by its name, and no output has such a one.
TEMPORARY = ".cnnspec-{}.tmp"

# Raises UsageError where what is at a path must stay.
Guard = Callable[[Path], None]


def choose_path(output: str | None, default_name: str) -> Path:
    """Where to write: the default name here, or in the folder given, or the file given."""
    if output is None:
        return Path(default_name)
    if not output:
        raise UsageError("-o '' names no file; without -o it is called after the network")
    path = Path(output)
    is_folder = output.endswith(("/", os.sep)) or os.path.isdir(path)  # noqa: PTH112 -- any name
    return path / default_name if is_folder else path


def refuse_inputs(output: Path, inputs: Mapping[Path, str]) -> None:
    """Raise UsageError where even --force would destroy what a command reads."""
    for path, what in inputs.items():
        with suppress(OSError):
            if output.samefile(path):
                raise UsageError(f"'{output}' is the {what} itself")


def list_superseded(files: Iterable[Path]) -> list[Path]:
    """Second files of earlier models at the place of the first of some files."""
    main, *others = files
    if main.suffix != ".onnx":
        return []
    found = main.parent.glob(f"{glob.escape(main.name)}.*.data")
    return sorted(path for path in found if is_data_name(path.name) and path not in others)


def write_files(files: Mapping[Path, bytes | Content], force: bool = False) -> None:
    """Write files that belong together; the first is the one that needs the others.

    Every file is complete on the disk under another name before any of them takes its place, so
    that an error while writing leaves all old files as they were and nothing else behind.

    Raises:
        UsageError: a file is in the way that is not our own unchanged output, or the disk or its
            permissions do not allow it.
    """
    first = next(iter(files))
    with _blame(first):
        if not force:
            refuse_dangling(files)
        main = _follow(first)
    _write(files, partial(_refuse_others, main=main, force=force))


def replace_text(path: Path, old: bytes, new: bytes) -> None:
    """Write a user's own file anew, unless it is no longer as it was read.

    Raises:
        UsageError: it has changed, or the disk or its permissions do not allow it.
    """

    def guard(target: Path) -> None:
        _refuse_locked(target)
        if target.read_bytes() != old:
            raise UsageError(f"'{path}' has changed since it was read, and is left as it is")

    _write({path: new}, guard)


@contextmanager
def fill_file(path: Path, force: bool = False) -> Iterator[Path]:
    """Give a name to write a large file under; it becomes the file once all of it is written.

    Raises:
        UsageError: something is in the way, and `force` is not set or it is no regular file; or the
            disk or its permissions do not allow it.
    """

    def guard(target: Path) -> None:
        if not force:
            raise UsageError(f"'{path}' exists; --force overwrites it")

    with _blame(path), ExitStack() as stack:
        if not force:
            refuse_dangling([path])
        draft = _open_draft(stack, path, guard)
        with draft.file:
            yield draft.temporary
            os.fsync(draft.file.fileno())
        with uninterrupted():
            draft.take_place()


@dataclass(frozen=True, slots=True)
class _Draft:
    """A file that is being written, and what was at its place before."""

    file: BinaryIO
    temporary: Path
    target: Path
    seen: tuple[int, ...] | None
    guard: Guard
    # A second name for what is there, should it have to come back.
    kept: Path

    def keep(self) -> None:
        """Let what is there be brought back, where a file system has hard links."""
        with suppress(OSError):
            os.link(self.target, self.kept)

    def take_place(self) -> None:
        """Put the file in its place; what is there must be what was there, or may go as well."""
        if self.seen is None and self._claim():
            return
        if _identify(self.target) != self.seen:
            _inspect(self.target, self.guard)
        os.replace(self.temporary, self.target)  # noqa: PTH105 -- tests put failures in its place

    def _claim(self) -> bool:
        """Take a place that nobody has; a rename would not say that somebody came first."""
        try:
            os.link(self.temporary, self.target)
        except OSError:
            # Somebody has it, or the file system has no hard links.
            return False
        return True

    def give_up(self) -> None:
        """Have it as it was, since something that belongs to it could not be written."""
        with suppress(OSError):
            if self.seen is None and self.target.samefile(self.temporary):
                self.target.unlink()
        with suppress(OSError):
            self.kept.replace(self.target)


def _write(files: Mapping[Path, bytes | Content], guard: Guard) -> None:
    with ExitStack() as stack:
        drafts: list[_Draft] = []
        for path in files:
            with _blame(path):
                drafts.append(_open_draft(stack, path, guard))
        if len({draft.target for draft in drafts}) < len(drafts):
            raise UsageError(f"{' and '.join(map(str, files))} lead to one file")
        for draft, (path, content) in zip(drafts, files.items(), strict=True):
            with _blame(path), draft.file as file:
                _write_pieces(file, [content] if isinstance(content, bytes) else content)
                file.flush()
                os.fsync(file.fileno())
        with uninterrupted():
            _take_places(list(zip(files, drafts, strict=True)))


def _take_places(drafts: list[tuple[Path, _Draft]]) -> None:
    """Put files in their places: the first goes last, when what it needs is there and stays."""
    done: list[_Draft] = []
    try:
        for path, draft in reversed(drafts):
            if len(drafts) > 1:
                draft.keep()
            with _blame(path):
                draft.take_place()
            done.append(draft)
            if len(drafts) > 1:
                _sync_folder(draft.target.parent)
    except BaseException:
        for draft in done:
            draft.give_up()
        raise


def _open_draft(stack: ExitStack, path: Path, guard: Guard) -> _Draft:
    """An empty new file beside the one that it is to become, with that one's mode and owner."""
    target = _follow(path)
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder '{target.parent}'")
    seen = _inspect(target, guard)
    names = [target.with_name(TEMPORARY.format(secrets.token_hex(8))) for _ in range(2)]
    temporary, kept = [stack.enter_context(temporary_path(name)) for name in names]
    # 0o666 less the umask, as open() does it; tempfile's files are for their owner alone.
    mode = 0o666 if seen is None else 0o600
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    file = stack.enter_context(os.fdopen(descriptor, "wb"))
    if seen is not None and sys.platform != "win32":
        before = target.stat()
        with suppress(PermissionError):
            os.fchown(descriptor, before.st_uid, before.st_gid)
        os.fchmod(descriptor, before.st_mode & 0o777)
    return _Draft(file, temporary, target, seen, guard, kept)


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


def _follow(path: Path) -> Path:
    """Where a path leads: a link stays, and what it points to is written."""
    with suppress(FileNotFoundError):
        # Here, since a name such as /dev/stdout leads to no path if that is a pipe.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"'{path}' is in the way and is not a regular file")
    return path.resolve()


def _inspect(target: Path, guard: Guard) -> tuple[int, ...] | None:
    """What is at a place, if anything; raises UsageError where it must stay."""
    seen = _identify(target)
    if seen is not None:
        _follow(target)
        guard(target)
    return seen


def _identify(path: Path) -> tuple[int, ...] | None:
    """What differs once another file is at a place, or the same one has changed."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns


def _refuse_others(target: Path, main: Path, force: bool) -> None:
    if force:
        return
    if not (_is_ours(target) or (target != main and _is_ours(main))):
        raise UsageError(
            f"'{target}' exists and was not written by cnnspec, or was changed since; "
            "--force overwrites it"
        )
    _refuse_locked(target)


def _refuse_locked(target: Path) -> None:
    """Respect a file's own permissions, though those of its folder are what a new one needs."""
    effective = os.access in os.supports_effective_ids
    if not os.access(target, os.W_OK, effective_ids=effective):
        raise UsageError(f"cannot write '{target}': it is read-only")


def _is_ours(path: Path) -> bool:
    """Whether a file is our own output: unchanged text, or a model that names us."""
    if not path.is_file():
        return False
    if path.suffix == ".onnx":
        with path.open("rb") as file:
            return holds_fingerprint(file)
    if path.suffix == ".data":
        with path.open("rb") as file:
            return is_named_for_content(path.name, file)
    try:
        return is_unchanged(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        return False


@contextmanager
def _blame(path: Path) -> Iterator[None]:
    """Say of which file the disk or its permissions do not allow something."""
    try:
        yield
    except TemporaryFolderError:
        raise
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(f"cannot write '{path}': {reason}") from error


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where a system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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
