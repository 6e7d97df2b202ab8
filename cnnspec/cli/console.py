"""What the terminal gets: findings with colours where they are wanted."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from cnnspec.diagnostics import Diagnostic, spell_line

if TYPE_CHECKING:
    from typing_extensions import Buffer

# A result that nobody can read is an error, and so is a missing input; errors may go nowhere.
_STREAMS = (
    (0, "stdin", "r", os.O_WRONLY),
    (1, "stdout", "w", os.O_RDONLY),
    (2, "stderr", "w", os.O_RDWR),
)


def wants_colour(stream: TextIO) -> bool:
    """Whether a stream is a terminal whose user did not turn colours off (no-color.org)."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def print_findings(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str]) -> None:
    """Draw findings on the error stream."""
    from cnnspec.report.findings import format_text

    _say(format_text(diagnostics, texts, wants_colour(sys.stderr)))


def print_error(message: str) -> None:
    """Say on the error stream, in one line, why a command cannot go on."""
    _say(f"cnnspec: error: {spell_line(' '.join(message.split()))}\n")


def print_line(text: str, stream: TextIO | None = None) -> None:
    """Print what may hold the name of a file, or a line of one."""
    print(spell_line(text), file=stream or sys.stdout)


def print_notes(notes: Iterable[str]) -> None:
    """Say on the error stream what there is to know about what was done."""
    for note in notes:
        print_line(f"note: {note}", sys.stderr)


def _say(text: str) -> None:
    # Where it cannot be said, the exit code still says that something failed.
    with suppress(OSError):
        print(text, end="", file=sys.stderr)


def open_streams() -> None:
    """Open what the process was started without, as after ``>&-`` in a shell.

    Else the first file that is opened would be that stream, and get what libraries print.
    """
    for number, name, mode, flags in _STREAMS:
        try:
            os.fstat(number)
        except OSError:
            # This takes the lowest number that is free, which is the stream's.
            os.set_inheritable(os.open(os.devnull, flags), True)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(1, "w", closefd=False)),
        encoding=sys.stdout.encoding,
        line_buffering=sys.stdout.isatty(),
    )


class _Output(io.FileIO):
    """Standard output, which says that it is it where it cannot be written."""

    def write(self, data: Buffer) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, "standard output") from None


def drop_output() -> None:
    """Drop what cannot be written, which Python would try again when it ends, with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def soften_encoding() -> None:
    """Spell out what the terminal's encoding lacks, where Python would stop with an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
