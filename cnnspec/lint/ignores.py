"""Finds the comments that ignore findings: ``# cnnspec: ignore[rule, rule] reason``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from cnnspec.diagnostics import Diagnostic, Span
from cnnspec.document import MAX_PROBLEMS
from cnnspec.records import dataclass

# As far as it tells that an ignore was meant; what is near to it is an error, not a remark.
_MARK: Final = re.compile(r"#[ \t]*+([Cc]nn[Ss]pec|CNNSPEC)[ \t]*+(:?)[ \t]*+([A-Za-z]++)")
_WORD: Final = "ignore"
_EXAMPLE: Final = "write '# cnnspec: ignore[bias-before-norm] and why'"

# A line, from 0 on, and a character in it.
_Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Ignore:
    """One comment: the line that it is for, and the rules with where their names stand.

    `span` is that of the comment from its ``#`` on, without spaces before it.
    """

    line: int
    rules: tuple[tuple[str, Span], ...]
    reason: str
    span: Span


class _MalformedError(Exception):
    """A comment that cannot be read; the place counts from its start."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message, self.start, self.end = message, start, end


def find_ignores(text: str, file: str) -> tuple[list[Ignore], list[Diagnostic]]:
    """The comments of a sound document that ignore findings, and those that try to and cannot."""
    ignores: list[Ignore] = []
    problems: list[Diagnostic] = []
    if not _MARK.search(text):
        return ignores, problems
    # What reads documents leaves the mark out, too.
    text = text.removeprefix("\ufeff")
    lines = text.splitlines()
    found = [place for place in _list_marks(lines) if _is_meant(lines, place)]
    # One text may hold several: each ends where the next one starts.
    ends = dict(pairwise(found))
    aims = _find_aims(lines) if found else []
    for place in _keep_comments(text, found):
        line, start = place
        after = ends.get(place, (-1, 0))
        comment = lines[line][start : after[1] if after[0] == line else None].rstrip()
        span = Span(file, line + 1, start + 1, line + 1, start + len(comment) + 1)
        try:
            rules, reason = _read_comment(comment, span)
        except _MalformedError as error:
            where = span.shift(error.start, error.end)
            problems.append(Diagnostic("invalid-ignore", error.message, where, help=(_EXAMPLE,)))
            if len(problems) >= MAX_PROBLEMS:
                break
        else:
            ignores.append(Ignore(aims[line], rules, reason, span))
    return ignores, problems


def _list_marks(lines: Sequence[str]) -> Iterator[_Place]:
    for number, line in enumerate(lines):
        for mark in _MARK.finditer(line):
            yield number, mark.start()


def _is_meant(lines: Sequence[str], place: _Place) -> bool:
    mark = _MARK.match(lines[place[0]], place[1])
    assert mark is not None
    word = mark[3].lower()
    # A hostile file can hold too many words to look for the nearest of each.
    is_near = 4 <= len(word) <= 8 and {*word} <= {*_WORD, "s"}
    return word == _WORD or (bool(mark[2]) and is_near)


def _keep_comments(text: str, places: Sequence[_Place]) -> Iterator[_Place]:
    """The places that are in comments: those in texts of the document are left out."""
    left = list(reversed(places))
    for start, end in _list_scalars(text):
        while left and left[-1] < start:
            yield left.pop()
        while left and left[-1] < end:
            left.pop()
        if not left:
            return
    yield from reversed(left)


def _list_scalars(text: str) -> Iterator[tuple[_Place, _Place]]:
    """Where texts of the document start and end that a comment's sign may stand in."""
    import yaml

    loader = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
    for token in yaml.scan(text, Loader=loader):
        if isinstance(token, yaml.ScalarToken):
            first, last = token.start_mark, token.end_mark
            # Behind the sign of a block there may be a comment.
            start = (first.line + 1, 0) if token.style in ("|", ">") else (first.line, first.column)
            yield start, (last.line, last.column)


def _read_comment(comment: str, span: Span) -> tuple[tuple[tuple[str, Span], ...], str]:
    """The rules and the reason of one comment."""
    mark = _MARK.match(comment)
    assert mark is not None
    start, end = mark.span(3)
    if mark[3] != _WORD:
        raise _MalformedError(f"there is no comment 'cnnspec: {mark[3]}'", start, end)
    if (mark[1], mark[2]) != ("cnnspec", ":"):
        raise _MalformedError("an ignore begins with '# cnnspec: ignore'", 0, end)
    opening = len(comment) - len(comment[end:].lstrip())
    if not comment.startswith("[", opening):
        raise _MalformedError("an ignore names its rules in brackets", start, end)
    closing = comment.find("]", opening)
    if closing < 0:
        raise _MalformedError("this bracket is not closed", opening, opening + 1)
    rules: dict[str, Span] = {}
    place = opening + 1
    for part in comment[place:closing].split(","):
        name = part.strip()
        first = place + len(part) - len(part.lstrip())
        place += len(part) + 1
        if not name:
            raise _MalformedError("a rule's name is missing here", opening, closing + 1)
        if re.search(r"\s", name):
            raise _MalformedError("rules have commas between them", first, first + len(name))
        if name in rules:
            raise _MalformedError(f"'{name[:80]}' is named twice", first, first + len(name))
        rules[name] = span.shift(first, first + len(name))
    return tuple(rules.items()), " ".join(comment[closing + 1 :].split())


def _find_aims(lines: Sequence[str]) -> list[int]:
    """The number of the line that a comment on each line is for: its own, or the next with more."""
    aims: list[int] = []
    below = 0
    for number in range(len(lines), 0, -1):
        if lines[number - 1].lstrip()[:1] not in ("", "#"):
            below = number
        aims.append(below or number)
    return aims[::-1]
