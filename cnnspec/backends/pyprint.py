"""Documents that print flat where they fit and broken where they don't, as ruff prints its own.

The semantics follow ruff's formatter: a group fits if the text up to the next possible line break
fits, so of two brackets in a row the last one breaks first.
"""

from __future__ import annotations

import unicodedata
from dataclasses import field
from enum import Enum
from typing import TypeAlias

from cnnspec.records import dataclass

INDENT = 4
# Parts of which all are opened at once.
MANY = 16


class Ident:
    """Names a group, so that other parts of a document can ask whether it was broken."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line break in a broken group, `flat` in a flat one."""

    flat: str = ""


@dataclass(frozen=True, slots=True)
class Expand:
    """Breaks every group around it, up to the next `Hugging`."""


@dataclass(frozen=True, slots=True)
class Indent:
    """A body one level deeper; with `when`, only while that group is broken."""

    body: Doc
    when: Ident | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A body that is flat as a whole or broken; with `when`, a group only while that is broken."""

    body: Doc
    expand: bool
    ident: Ident | None = None
    when: Ident | None = None


@dataclass(frozen=True, slots=True)
class IfBroken:
    """One of two documents, by the state of the group `when`, or else of the one around."""

    broken: Doc
    flat: str
    when: Ident | None = None


@dataclass(frozen=True, slots=True)
class Hugging:
    """Brackets that may break while the parentheses `unless` around them are left out."""

    body: Group
    unless: Ident


@dataclass(frozen=True, slots=True)
class BestFit:
    """A body that gets parentheses only where it does not fit and they make it fit."""

    body: Doc


Doc: TypeAlias = (
    str | Line | Expand | Indent | Group | IfBroken | Hugging | BestFit | tuple["Doc", ...]
)


def make_group(body: Doc, ident: Ident | None = None, when: Ident | None = None) -> Group:
    """Group a document; an `Expand` inside breaks the group from the start."""
    return Group(body, _is_expanded(body), ident, when)


def print_document(doc: Doc, indent: int, width: int) -> list[str]:
    """Lay a document out in lines of at most `width` columns where that is possible."""
    parts = [" " * indent]
    if _write_flat(doc, True, parts) and measure_width(flat := "".join(parts)) <= width:
        return [flat]
    return _Printer(width).print(doc, indent)


def measure_width(text: str) -> int:
    """Count the columns that text takes: East Asian wide characters take two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _is_expanded(doc: Doc) -> bool:
    match doc:
        case tuple():
            return any(_is_expanded(part) for part in doc)
        case Indent(body) | BestFit(body):
            return _is_expanded(body)
        case Group():
            return doc.expand
        case _:
            return isinstance(doc, Expand)


def _write_flat(doc: Doc, broken: bool, parts: list[str]) -> bool:
    """Write a document on one line; whether it may be one: where that fits, each group does."""
    match doc:
        case str():
            parts.append(doc)
            return True
        case tuple():
            return all(_write_flat(part, broken, parts) for part in doc)
        case Group(body, expand, _, when):
            return not expand and _write_flat(body, broken and when is not None, parts)
        case Line(flat):
            parts.append(flat)
            return not broken
        case IfBroken(body, flat, when):
            return _write_flat(body if broken and when is None else flat, broken, parts)
        case Expand():
            return False
        case Hugging(body) | Indent(body) | BestFit(body):
            return _write_flat(body, broken, parts)


class _Measure(Enum):
    FIRST_LINE = 0
    ALL_LINES = 1
    # Within hugging brackets ruff lets text overflow: parentheses around would not shorten it.
    ALL_LINES_OVERFLOWING = 2


@dataclass(frozen=True, slots=True)
class _Item:
    doc: Doc
    indent: int
    broken: bool
    measure: _Measure = _Measure.FIRST_LINE

    def descend(self, doc: Doc, broken: bool | None = None) -> _Item:
        state = self.broken if broken is None else broken
        return _Item(doc, self.indent, state, self.measure)


@dataclass(slots=True)
class _Printer:
    width: int
    column: int = 0
    lines: list[str] = field(default_factory=lambda: [""])
    stack: list[_Item] = field(default_factory=list)
    broken: dict[Ident, bool] = field(default_factory=dict)
    # Whether a group around was found to fit since the last line break, so that those inside fit.
    is_measured: bool = False

    def print(self, doc: Doc, indent: int) -> list[str]:
        self._write(" " * indent)
        self.stack = [_Item(doc, indent, True)]
        while self.stack:
            self._print_item(self.stack.pop())
        return self.lines

    def _write(self, text: str) -> None:
        self.lines[-1] += text
        self.column += measure_width(text)

    def _print_item(self, item: _Item) -> None:
        match item.doc:
            case str(text):
                self._write(text)
            case Line(flat) if not item.broken:
                self._write(flat)
            case Line():
                self.lines.append(" " * item.indent)
                self.column = item.indent
                self.is_measured = False
            case Group() as group if self._is_active(group):
                broken = group.expand or not self._fits_flat(group, item)
                self._remember(group, broken)
                self.stack.append(item.descend(group.body, broken))
            case Hugging(body, unless):
                if not self.broken.get(unless, False):
                    self.is_measured = False
                self.stack.append(item.descend(body, item.broken or body.expand))
            case BestFit(body):
                wrapped: Doc = ("(", Indent((Line(), body)), Line(), ")")
                attempt = _Item(wrapped, item.indent, True, _Measure.ALL_LINES)
                helps = not self._fits(item.descend(body, False)) and self._fits(attempt)
                self.stack.append(item.descend(wrapped if helps else body, helps))
            case _:
                self.stack.extend(self._open(item))

    def _is_active(self, group: Group) -> bool:
        return group.when is None or self.broken.get(group.when, False)

    def _remember(self, group: Group, broken: bool) -> None:
        if group.ident is not None:
            self.broken[group.ident] = broken

    def _fits_flat(self, group: Group, item: _Item) -> bool:
        if not item.broken and self.is_measured:
            return True
        self.is_measured = True
        self._remember(group, False)
        return self._fits(item.descend(group.body, False))

    def _open(self, item: _Item) -> list[_Item]:
        """Step into a document in the way that printing and measuring share; last part first."""
        match item.doc:
            case tuple(parts) if len(parts) > MANY:
                # Whether a line fits is mostly known before the second half is looked at.
                half = len(parts) // 2
                return [item.descend(parts[half:]), item.descend(parts[:half])]
            case tuple(parts):
                return [item.descend(part) for part in reversed(parts)]
            case Indent(body, when):
                is_deeper = when is None or self.broken.get(when, False)
                indent = item.indent + INDENT * is_deeper
                return [_Item(body, indent, item.broken, item.measure)]
            case IfBroken(broken, flat, when):
                state = item.broken if when is None else self.broken.get(when, False)
                return [item.descend(broken if state else flat)]
            case Group(body) | BestFit(body):
                return [item.descend(body)]
            case _:
                return []

    def _fits(self, item: _Item) -> bool:
        queue, rest, column = [item], len(self.stack), self.column
        while queue or rest:
            if not queue:
                rest -= 1
                queue.append(self.stack[rest])
            item = queue.pop()
            match item.doc:
                case str(text):
                    column += measure_width(text)
                    if column > self.width and item.measure is not _Measure.ALL_LINES_OVERFLOWING:
                        return False
                case Line(flat) if not item.broken:
                    column += len(flat)
                case Line():
                    if item.measure is _Measure.FIRST_LINE:
                        return True
                    column = item.indent
                case Group() as group if self._is_active(group):
                    broken = group.expand or item.broken
                    self._remember(group, broken)
                    queue.append(item.descend(group.body, broken))
                case Hugging(body, unless):
                    if item.broken:
                        queue.append(item.descend(body))
                    elif not self.broken.get(unless, False):
                        # The opening bracket itself may not overflow.
                        if column >= self.width:
                            return False
                        overflowing = _Measure.ALL_LINES_OVERFLOWING
                        queue.append(_Item(body, item.indent, True, overflowing))
                    elif body.expand:
                        return False
                    else:
                        queue.append(item.descend(body))
                case _:
                    queue.extend(self._open(item))
        return True
