"""What must not outlive a command: temporary files and folders, and processes that it started.

A command that is told to stop removes all of it and ends at once. No exception travels for that:
raised in a callback, in a destructor or while a framework is imported, it is printed and lost.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from subprocess import CompletedProcess, Popen
    from types import FrameType

# Ctrl-C, a polite end, and a terminal that was closed.
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
# Shells add this to a signal's number where they show it as an exit code.
_EXIT_CODES = 128


class TemporaryFolderError(OSError):
    """A temporary folder cannot be written in."""


class _Leftovers:
    """All of this process's."""

    def __init__(self) -> None:
        self.paths: dict[Path, None] = {}
        self.children: list[Popen[bytes]] = []
        # How many stretches are being run that must not be cut, and what came meanwhile.
        self.depth = 0
        self.waiting = 0

    def remove(self, path: Path) -> None:
        """Remove a file, or a folder with all that is in it, if it is there."""
        if path.is_dir() and not path.is_symlink():
            from shutil import rmtree

            rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        self.paths.pop(path, None)

    def stop(self, number: int, frame: FrameType | None) -> None:
        """End the process for a signal, or once it can be."""
        if self.depth:
            self.waiting = number
            return
        for child in self.children:
            child.kill()
            with suppress(OSError):
                # Not its own method, which waits for a lock that the interrupted code may hold.
                os.waitpid(child.pid, 0)
        for path in list(self.paths):
            self.remove(path)
        os._exit(_EXIT_CODES + number)


_LEFTOVERS = _Leftovers()


def stop_on_signals() -> None:
    """From here on a signal to stop ends the process, which cleans up and shows no traceback."""
    for number in _list_signals():
        # What is ignored stays so: nohup wants it, and shells for what runs in the background.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _LEFTOVERS.stop)


def leave_signals() -> None:
    """At the end of the process, when Python is taken apart, let them end it as they always do."""
    for number in _list_signals():
        if signal.getsignal(number) == _LEFTOVERS.stop:
            signal.signal(number, signal.SIG_DFL)


def _list_signals() -> list[int]:
    # Windows has no SIGHUP.
    return [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Do a few short steps all or not at all, as far as signals go."""
    _LEFTOVERS.depth += 1
    try:
        yield
    finally:
        _LEFTOVERS.depth -= 1
        if _LEFTOVERS.waiting and not _LEFTOVERS.depth:
            _LEFTOVERS.stop(_LEFTOVERS.waiting, None)


def is_uninterrupted() -> bool:
    """Whether this is in such a block."""
    return _LEFTOVERS.depth > 0


@contextmanager
def temporary_path(path: Path) -> Iterator[Path]:
    """What is made at a path goes at the end of the block, however that comes."""
    _LEFTOVERS.paths[path] = None
    try:
        yield path
    finally:
        _LEFTOVERS.remove(path)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder for this user alone, where the system keeps temporary files."""
    from tempfile import mkdtemp

    with uninterrupted():
        folder = Path(mkdtemp(prefix="cnnspec-"))
        _LEFTOVERS.paths[folder] = None
    with temporary_path(folder):
        yield folder


@contextmanager
def blame_folder(folder: Path) -> Iterator[None]:
    """Raise TemporaryFolderError for what would else be said of what is made of a folder."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise TemporaryFolderError(error.errno, reason, str(folder)) from error


def run_child(
    command: Sequence[str], folder: Path, settings: Mapping[str, str], timeout: float | None = None
) -> CompletedProcess[bytes]:
    """Run a process of our own that ends with this one, and that is temporary in a folder.

    It must call `end_with_parent`.

    Raises:
        TimeoutExpired: it took too long, and was ended.
    """
    from subprocess import PIPE, CompletedProcess, Popen

    # Nothing is ever written to it: its end tells the child that this process is no more.
    ours, theirs = os.pipe()[::-1]
    environment = {**os.environ, **settings, "TMPDIR": str(folder)}
    try:
        with uninterrupted():
            child = Popen(command, stdin=theirs, stdout=PIPE, stderr=PIPE, env=environment)
            _LEFTOVERS.children.append(child)
        try:
            output, errors = child.communicate(timeout=timeout)
        except BaseException:
            child.kill()
            child.wait()
            raise
        finally:
            _LEFTOVERS.children.remove(child)
    finally:
        os.close(ours)
        os.close(theirs)
    return CompletedProcess(command, child.returncode, output, errors)


def end_with_parent() -> None:
    """In a process that `run_child` started: end when the one that started it ends."""
    from threading import Thread

    Thread(target=_wait_for_end, daemon=True).start()


def _wait_for_end() -> None:
    # Not by sys.stdin, whose lock Python wants back when it ends.
    os.read(0, 1)
    os._exit(1)
