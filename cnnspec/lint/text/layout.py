"""A spec's text as nested pieces that know where they begin and end, for edits that keep the rest.

The document's tree is what a text means: aliases are followed, keys are merged, and what a list in
block style ends with is of no interest. Here a piece is what stands in the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any, Final, NoReturn

import yaml

from cnnspec.diagnostics import Span
from cnnspec.lint.text.lines import Lines
from cnnspec.records import dataclass

SCALAR: Final = "scalar"
SEQUENCE: Final = "sequence"
MAPPING: Final = "mapping"
ALIAS: Final = "alias"


class UneditableError(Exception):
    """An edit cannot be made in a text without harm to what stands around it."""


def refuse(reason: str) -> NoReturn:
    """Say why an edit cannot be made."""
    raise UneditableError(reason)


@dataclass(slots=True, eq=False)
class Piece:
    """A value in the text, from its first character to behind its last one.

    The children of a mapping are its keys and values in turns. What is left empty, as the value of
    a word that stands alone as a key, begins and ends at one place. What has an anchor or a tag
    is `marked`.
    """

    kind: str
    start: int
    end: int
    is_flow: bool = False
    is_marked: bool = False
    word: str = ""
    parent: Piece | None = None
    children: list[Piece] = field(default_factory=list)

    @property
    def entries(self) -> list[tuple[Piece, Piece]]:
        """The keys of a mapping with their values."""
        return list(zip(self.children[::2], self.children[1::2], strict=True))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written there."""
        return self.kind == SCALAR and self.start == self.end

    def walk(self) -> Iterator[Piece]:
        """The piece and all pieces in it."""
        yield self
        for child in self.children:
            yield from child.walk()


class Layout(Lines):
    """A text that is sound YAML, cut into pieces."""

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text, file)
        self.root = self._read()
        self._scalars: dict[int, Piece] = {}
        self._sequences: dict[int, Piece] = {}
        for piece in self.root.walk():
            known = self._sequences if piece.kind == SEQUENCE else self._scalars
            if piece.kind in (SCALAR, SEQUENCE):
                known.setdefault(piece.start, piece)

    def find_scalar(self, span: Span) -> Piece:
        """The word or key that begins where a span does."""
        return self._find(self._scalars, span)

    def find_sequence(self, span: Span) -> Piece:
        """The list that begins where a span does."""
        return self._find(self._sequences, span)

    def _find(self, pieces: dict[int, Piece], span: Span) -> Piece:
        piece = None
        if span.file == self.file and span.line <= len(self.lines):
            piece = pieces.get(self.find_offset(span.line, span.column))
        return piece or refuse("it is not written in this file")

    def find_comma(self, place: int) -> int | None:
        """The comma behind the end of an entry in flow style; None where it has none."""
        while place < len(self.text):
            if self.text[place] == ",":
                return place
            if self.text[place] == "#":
                place = self.end_line(place)
            elif not self.text[place].isspace():
                return None
            else:
                place += 1
        return None

    def has_braces(self, piece: Piece) -> bool:
        """Whether a collection has brackets; a pair in a list in flow style may do without."""
        return piece.is_flow and self.text[piece.start] in "[{"

    def _read(self) -> Piece:
        loader = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
        root: Piece | None = None
        around: list[Piece] = []
        for event in yaml.parse(self.text, Loader=loader):
            if isinstance(event, yaml.CollectionEndEvent):
                self._close(around.pop(), event)
            elif isinstance(event, yaml.NodeEvent):
                piece = self._make(event)
                if around:
                    piece.parent = around[-1]
                    around[-1].children.append(piece)
                root = root or piece
                if isinstance(event, yaml.CollectionStartEvent):
                    around.append(piece)
        return root or refuse("the text is empty")

    def _make(self, event: yaml.NodeEvent) -> Piece:
        start, end = self._place(event.start_mark), self._place(event.end_mark)
        marked = event.anchor is not None or getattr(event, "tag", None) is not None
        if isinstance(event, yaml.ScalarEvent):
            # Block texts take the line break, and what follows it, with them.
            end = start + len(self.text[start:end].rstrip())
            return Piece(SCALAR, start, end, is_marked=marked, word=event.value)
        if isinstance(event, yaml.CollectionStartEvent):
            kind = SEQUENCE if isinstance(event, yaml.SequenceStartEvent) else MAPPING
            return Piece(kind, start, end, bool(event.flow_style), marked)
        return Piece(ALIAS, start, end, is_marked=True)

    def _close(self, piece: Piece, event: yaml.Event) -> None:
        if piece.is_flow and self.text[piece.start] in "[{&!":
            piece.end = self._place(event.end_mark)
        elif piece.children:
            # In block style the end is only known where the next thing begins.
            piece.end = piece.children[-1].end

    def _place(self, mark: Any) -> int:
        line, column = mark.line, mark.column
        return int(min(self.starts[min(line, len(self.lines))] + column, len(self.text)))
