"""What is wrong with a spec: values that say where, why and what to do.

Every stage of the compiler reports all its problems as :class:`Diagnostic` values and then
raises one :class:`SpecError`. This module also holds the one place that draws a source excerpt, and
what keeps a spec's own text from steering whatever shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache

from cnnspec.records import dataclass

# What runners of CI take for commands wherever it stands in a log: `##[name]` (GitHub and Azure),
# `##vso[name]` (Azure) and `##teamcity[name]` (TeamCity); at a line's start `::name::` (GitHub).
_COMMAND = re.compile(r"#(?=#\w*\[)|^\s*:(?=:)")


class Prose(str):
    """A text of this tool's own, whose line breaks stay."""

    __slots__ = ()


def spell_line(text: str) -> str:
    """A text on one line that steers neither a terminal nor a runner of CI.

    Control characters, line breaks and marks that reverse the order of letters are spelled out.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return _COMMAND.sub(r"\g<0> ", text) if "##" in text or "::" in text else text


def cut(text: str, most: int) -> str:
    """A text cut to a length, so that it cannot flood a terminal."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def spell_lines(text: str) -> str:
    """The same with its line breaks left."""
    return "\n".join(map(spell_line, text.split("\n")))


def _spell_entry(text: str) -> str:
    return text if isinstance(text, Prose) else spell_line(text)


class Severity(StrEnum):
    """How bad a finding is: an error makes a spec invalid, the others never do."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text file; lines and columns count from 1, the end column is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return spell_line(f"{self.file}:{self.line}:{self.column}")

    def shift(self, start: int, end: int) -> Span:
        """Narrow a one-line span to the characters from `start` to `end` within it."""
        if self.line != self.end_line:
            return self
        first, last = self.column + start, self.column + max(end, start + 1)
        return replace(self, column=first, end_column=last)


@dataclass(frozen=True, slots=True)
class TextEdit:
    """A stretch of a text and what stands there instead; an empty stretch is a place between."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A change of the spec's text that was tried: the finding is gone then, and nothing is worse.

    A safe one keeps what the network is meant to do.
    """

    message: str
    edits: tuple[TextEdit, ...]
    is_safe: bool

    def __post_init__(self) -> None:
        """Keep names in the message from steering what shows it."""
        object.__setattr__(self, "message", spell_line(self.message))


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: the rule it breaks, where, the values involved, and the ways out.

    `path` names the layer inside the network (``layer1.0.conv1``); `notes` are facts,
    `help` are things to do, each one sentence, or a few lines as :class:`Prose`.
    """

    rule: str
    message: str
    span: Span | None = None
    severity: Severity = Severity.ERROR
    path: str = ""
    notes: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    offer: Offer | None = None

    def __post_init__(self) -> None:
        """Keep what is quoted from a spec from steering what shows it, in whatever format."""
        object.__setattr__(self, "message", spell_line(self.message))
        object.__setattr__(self, "path", spell_line(self.path))
        object.__setattr__(self, "notes", tuple(map(_spell_entry, self.notes)))
        object.__setattr__(self, "help", tuple(map(_spell_entry, self.help)))


class SpecError(Exception):
    """A spec, or what was asked of it, is wrong; `diagnostics` says all that was found."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(f"{d.span}: {d.rule}: {d.message}" for d in self.diagnostics))


def sort_findings(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The findings in the order of the file."""

    def place(diagnostic: Diagnostic) -> tuple[str, int, int]:
        span = diagnostic.span
        return (span.file, span.line, span.column) if span else ("", 0, 0)

    return sorted(diagnostics, key=place)


@lru_cache(maxsize=8)
def split_lines(text: str) -> tuple[str, ...]:
    """The lines of a text, which may have as many findings as lines."""
    return tuple(text.splitlines())


def draw_excerpt(diagnostic: Diagnostic, source: str | None) -> str:
    """Draw one diagnostic as text: headline, source line with carets, notes and help.

    `source` is the text of the file that the span points into; without it, or when the span
    lies outside of it, the excerpt is left out.
    """
    span = diagnostic.span
    headline = f"{diagnostic.severity}[{diagnostic.rule}]: {diagnostic.message}"
    lines = [f"{span}: {headline}" if span else headline]
    gutter = ""
    if span is not None and source is not None:
        text = split_lines(source)
        if 1 <= span.line <= len(text):
            number = str(span.line)
            gutter = " " * len(number) + " "
            shown, column, width = _fit(text[span.line - 1], span)
            lines += [f"{gutter}|", f"{number} | {shown}", f"{gutter}| {' ' * column}{'^' * width}"]
    for label, entries in (("note", diagnostic.notes), ("help", diagnostic.help)):
        for entry in entries:
            first, *rest = entry.split("\n")
            lines.append(f"{gutter}= {label}: {first}")
            lines += [f"{gutter}  {' ' * len(label)}  {line}" for line in rest]
    return "\n".join(lines)


# Longer source lines are cut around the span, so that one long line cannot flood a terminal.
_EXCERPT_WIDTH = 100


def _fit(line: str, span: Span) -> tuple[str, int, int]:
    """Cut a line around a span: the text to show, the span's offset in it, and its width."""
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    width = max(1, min(end, len(line)) - start)
    left = max(0, start - _EXCERPT_WIDTH // 3) if len(line) > _EXCERPT_WIDTH else 0
    cut = line[left : left + _EXCERPT_WIDTH]
    shown = cut
    if not cut.isprintable():
        shown = "".join(character if character.isprintable() else " " for character in cut)
    if left:
        shown = "..." + shown[3:]
    return shown, start - left, max(1, min(width, len(shown) - (start - left)))
