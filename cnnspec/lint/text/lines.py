"""A text as lines, and the edits that are made in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

from cnnspec.diagnostics import Span, TextEdit

_COMMENT = re.compile(r"(?:^|\s)#")
# What ends a line in YAML.
_BREAKS = "\r\n\x85\u2028\u2029"


class Lines:
    """A text of a file; offsets and columns leave out a byte order mark.

    `starts` has where each line begins, and the end; `newline` is how lines end.
    """

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.text = text.removeprefix("\ufeff")
        self.lines = self.text.splitlines(keepends=True) or [""]
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        found = re.search(r"\r\n|\n|\r", self.text)
        self.newline = found[0] if found else "\n"

    def find_offset(self, line: int, column: int) -> int:
        """The offset of a line and a column, which count from 1."""
        return self.starts[min(line, len(self.lines)) - 1] + column - 1

    def find_place(self, offset: int) -> tuple[int, int]:
        """The line and the column of an offset, which count from 1."""
        line = max(1, min(bisect_right(self.starts, offset), len(self.lines)))
        return line, offset - self.starts[line - 1] + 1

    def replace(self, start: int, end: int, text: str) -> TextEdit:
        """The edit that puts a text in the place of what stands between two offsets."""
        return TextEdit(Span(self.file, *self.find_place(start), *self.find_place(end)), text)

    def indent(self, offset: int) -> str:
        """The start of a new line whose text is to stand below a place."""
        return self.newline + " " * (self.find_place(offset)[1] - 1)

    def start_line(self, offset: int) -> int:
        """Where the line of an offset begins."""
        return self.starts[self.find_place(offset)[0] - 1]

    def end_line(self, offset: int) -> int:
        """Where the line of an offset ends, before its line break."""
        line = self.lines[self.find_place(offset)[0] - 1]
        return self.start_line(offset) + len(line.rstrip(_BREAKS))

    def next_line(self, offset: int) -> int:
        """Where the line below that of an offset begins."""
        return self.starts[self.find_place(offset)[0]]

    def begins_line(self, offset: int) -> bool:
        """Whether only spaces stand before an offset on its line."""
        return not self.text[self.start_line(offset) : offset].strip()

    def ends_line(self, offset: int) -> bool:
        """Whether only spaces and a comment stand behind an offset on its line."""
        rest = self.text[offset : self.end_line(offset)]
        return not rest.strip() or bool(re.match(r"[ \t]+#", rest))

    def has_comment(self, start: int, end: int) -> bool:
        """Whether there may be a comment between two offsets."""
        return bool(_COMMENT.search(self.text[start:end]))


def order_edits(edits: Iterable[TextEdit]) -> list[TextEdit]:
    """Edits in the order of the text; those at one place stay in their order."""
    return sorted(edits, key=lambda edit: _bounds(edit.span))


def overlap(edits: Iterable[TextEdit]) -> bool:
    """Whether some edits of one text reach into each other."""
    last = (0, 0)
    for edit in order_edits(edits):
        start, end = _bounds(edit.span)
        if start < last:
            return True
        last = end
    return False


def apply_edits(text: str, edits: Iterable[TextEdit]) -> str:
    """The text after edits that do not overlap."""
    lines = Lines(text, "")
    pieces, place = ["\ufeff" if text.startswith("\ufeff") else ""], 0
    for edit in order_edits(edits):
        span = edit.span
        pieces += [lines.text[place : lines.find_offset(span.line, span.column)], edit.text]
        place = lines.find_offset(span.end_line, span.end_column)
    return "".join([*pieces, lines.text[place:]])


def _bounds(span: Span) -> tuple[tuple[int, int], tuple[int, int]]:
    return (span.line, span.column), (span.end_line, span.end_column)
