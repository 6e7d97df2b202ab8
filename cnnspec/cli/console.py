"""What the terminal gets: findings with colours where they are wanted."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

from cnnspec.diagnostics import Diagnostic, spell_line


def wants_colour(stream: TextIO) -> bool:
    """Whether a stream is a terminal whose user did not turn colours off (no-color.org)."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def print_findings(diagnostics: Sequence[Diagnostic], texts: Mapping[str, str]) -> None:
    """Draw findings on the error stream."""
    from cnnspec.report.findings import format_text

    print(format_text(diagnostics, texts, wants_colour(sys.stderr)), end="", file=sys.stderr)


def print_error(message: str) -> None:
    """Say on the error stream, in one line, why a command cannot go on."""
    print(f"cnnspec: error: {spell_line(' '.join(message.split()))}", file=sys.stderr)


def print_line(text: str, stream: TextIO | None = None) -> None:
    """Print what may hold the name of a file, or a line of one."""
    print(spell_line(text), file=stream or sys.stdout)


def print_notes(notes: Iterable[str]) -> None:
    """Say on the error stream what there is to know about what was done."""
    for note in notes:
        print_line(f"note: {note}", sys.stderr)


def soften_encoding() -> None:
    """Spell out what the terminal's encoding lacks, where Python would stop with an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
