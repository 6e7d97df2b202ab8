"""YAML 1.2 text as a tree of plain data in which every key and value knows where it stands.

PyYAML only cuts the text into events here: its composer crashes the process on deep nesting, and
its scalar rules are those of YAML 1.1. Everything that a hostile file could blow up is bounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NoReturn, TypeAlias

import yaml

from cnnspec.diagnostics import Diagnostic, Span, SpecError
from cnnspec.records import dataclass

# The largest hand-written specs are some 50 KiB; the limit keeps reading to seconds.
MAX_BYTES: Final = 1024 * 1024
# Later stages recurse over the tree, and Python's stack holds about a thousand calls.
MAX_DEPTH: Final = 64
# Counted with every alias written out, since later stages walk the tree as if it were.
MAX_NODES: Final = 125_000
# 18 digits always fit the 64-bit integers of the model formats.
MAX_INT_DIGITS: Final = 18
# Exact conversion of longer decimal texts takes quadratic time, and no float needs them.
MAX_NUMBER_LENGTH: Final = 64
MAX_DIRECTIVES: Final = 16  # libyaml compares every %TAG directive with all others
# Nobody reads further, and a hostile file could repeat one long mistake.
MAX_PROBLEMS: Final = 100

_Mark: TypeAlias = "yaml.Mark | yaml._yaml.Mark | None"
Plain: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value; `quoted` tells quoted and block texts from plain ones."""

    value: Plain
    span: Span
    quoted: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list; the span of a block-style list covers its first line only."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping with its value."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping in the order of the file; the keys differ from each other and are never null."""

    entries: tuple[Entry, ...]
    span: Span

    def get(self, key: str) -> Entry | None:
        """Find the entry whose key is this text."""
        return next((entry for entry in self.entries if entry.key.value == key), None)


Node: TypeAlias = Scalar | Sequence | Mapping


def read_document(data: bytes | str, file: str) -> Node:
    """Read the one YAML document in a text or in its UTF-8 bytes.

    Raises:
        SpecError: with every problem found; a syntax error or a broken limit ends the search.
    """
    reader = _Reader(file)
    root = reader.read(data)
    if root is None or reader.problems:
        raise SpecError(reader.problems)
    return root


def as_plain(node: Node) -> object:
    """Strip the spans, which leaves nested dicts, lists and scalars."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [as_plain(item) for item in node.items]
    return {entry.key.value: as_plain(entry.value) for entry in node.entries}


_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
# What YAML allows in a file (1.2.2, section 5.1) without DEL, which libyaml refuses.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]+)+")
_CORE: Final = "tag:yaml.org,2002:"


def _resolve_plain(text: str) -> Plain:
    """Read an unquoted scalar by the core schema (YAML 1.2.2, section 10.3.2), or ValueError."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text in ("true", "True", "TRUE")
    is_int = _INT.fullmatch(text)
    if not is_int and not _FLOAT.fullmatch(text):
        if _NOT_FINITE.fullmatch(text):
            raise ValueError(f"{text} is not a finite number")
        return text
    if len(text) > MAX_NUMBER_LENGTH:
        raise ValueError(f"a number of {len(text)} characters; the limit is {MAX_NUMBER_LENGTH}")
    if is_int:
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        integer = int(text if base == 10 else text[2:], base)
        if abs(integer) >= 10**MAX_INT_DIGITS:
            raise ValueError(f"the integer {text} has more than {MAX_INT_DIGITS} digits")
        return integer
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large for a floating-point number")
    return number


def _resolve(text: str, tag: str) -> Plain:
    """Read a scalar with the short name of its tag, as in ``!!float 1``, or ValueError."""
    value = text if tag == "str" else _resolve_plain(text)
    if tag == "float" and type(value) is int:
        value = float(value)
    if tag and tag != ("null" if value is None else type(value).__name__):
        raise ValueError(f"{_show(text)} is not a value of the type !!{tag}")
    return value


def _show(value: Plain | Node) -> str:
    """Write a scalar as a YAML user would, cut to a length that fits a message."""
    if isinstance(value, Sequence | Mapping):
        return "a list" if isinstance(value, Sequence) else "a mapping"
    plain = value.value if isinstance(value, Scalar) else value
    if plain is None or isinstance(plain, bool):
        return "null" if plain is None else str(plain).lower()
    text = repr(plain)
    return text if len(text) <= 60 else f"{text[:56]}...{text[-1]}"


class _Stop(Exception):
    """Nothing more can be read; the reason stands among the problems."""


class _Reader:
    """One reading of one text: the events, what was built so far and the problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Diagnostic] = []
        self.lines = [""]
        self.events: Iterator[yaml.Event] = iter(())
        self.nodes = 0
        self.deepest = 0
        # An anchor's node (None when broken), size and depth; no tuple while it is being read.
        self.anchors: dict[str | None, tuple[Node | None, int, int] | None] = {}

    def read(self, data: bytes | str) -> Node | None:
        """Read the document; None when a problem stopped it or broke its root."""
        try:
            text = self._decode(data)
            loader = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
            self.events = yaml.parse(text, Loader=loader)
            self._next()
            if isinstance(self._next(), yaml.StreamEndEvent):
                self._stop("empty-document", "the file is empty", self._point(""))
            root = self._node(self._next(), 0)
            if isinstance(root, Scalar) and root.value is None:
                self._stop("empty-document", "the document is empty", root.span)
            self._next()
            if isinstance(event := self._next(), yaml.DocumentStartEvent):
                self._stop("several-documents", "a second document starts here", self._span(event))
        except _Stop:
            return None
        return root

    def _decode(self, data: bytes | str) -> str:
        """Check the size and the characters of the text, and split it into lines."""
        if len(data) > MAX_BYTES:
            message = f"the file has {len(data)} bytes; the limit is {MAX_BYTES}"
            self._stop("too-large", message, self._point(""))
        try:
            text = data if isinstance(data, str) else data.decode("utf-8")
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode("utf-8")
            message = f"the byte 0x{error.object[error.start]:02x} is not UTF-8 text"
            self._stop("invalid-encoding", message, self._point(before))
        text = text.removeprefix("\ufeff")
        if found := _UNPRINTABLE.search(text):
            message = f"the character U+{ord(found[0]):04X} is not allowed in YAML"
            self._stop("invalid-encoding", message, self._point(text[: found.start()]))
        self.lines = text.splitlines() or [""]
        if sum(line.startswith("%") for line in self.lines) > MAX_DIRECTIVES:
            self._stop("too-large", f"over {MAX_DIRECTIVES} lines start with '%'", self._point(""))
        return text

    def _next(self) -> yaml.Event:
        """Take the next event; a syntax error becomes a problem and ends the reading."""
        try:
            return next(self.events)
        except yaml.MarkedYAMLError as error:
            line, column = self._position(error.problem_mark or error.context_mark)
            span = Span(self.file, line, column, line, column + 1)
            start = error.context_mark.line + 1 if error.context_mark else line
            note = f"{error.context} that starts at line {start}" if start < line else ""
            message, help = _explain(error)
            self._stop("invalid-yaml", message, span, note, help)
        # Escapes in tags can name what is no character; PyYAML lets those errors out.
        except (yaml.YAMLError, ValueError, OverflowError):
            self._stop("invalid-yaml", "an escape names no character", self._point(""))

    def _node(self, event: yaml.Event, depth: int) -> Node | None:
        """Build the node that starts with this event; None when a problem leaves no value."""
        assert isinstance(event, yaml.NodeEvent)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        before, around, self.deepest = self.nodes, self.deepest, depth
        self._grow(1, depth + isinstance(event, yaml.CollectionStartEvent), event)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        node: Node | None = None
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(event, depth + 1)
        elif isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(event, depth + 1)
        if event.anchor is not None:
            self.anchors[event.anchor] = node, self.nodes - before, self.deepest - depth
        self.deepest = max(self.deepest, around)
        return node

    def _alias(self, event: yaml.AliasEvent, depth: int) -> Node | None:
        """Look up what an alias stands for, counting it as if it were written out."""
        if (anchored := self.anchors.get(event.anchor)) is None:
            rule, message = "unknown-anchor", f"no '&{event.anchor}' stands before this alias"
            if event.anchor in self.anchors:
                rule, message = "recursive-alias", "this alias stands inside of what it refers to"
            self._report(rule, message, self._span(event))
            return None
        node, size, levels = anchored
        self._grow(size, depth + levels, event)
        return node

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar | None:
        span, quoted = self._span(event), event.style in tuple("'\"|>")
        if (event.anchor or event.tag) and span.line == span.end_line:
            # Offsets within a text must count from the text, not from its anchor or tag.
            found = _PROPERTIES.match(self.lines[span.line - 1], span.column - 1)
            span = replace(span, column=min(found.end() + 1, span.end_column)) if found else span
        if escaped := _UNPRINTABLE.search(event.value):
            message = f"the character U+{ord(escaped[0]):04X} is not allowed in a spec"
            self._report("invalid-encoding", message, span)
            return None
        tag = self._tag(event, ("str", "int", "float", "bool", "null"))
        try:
            return Scalar(_resolve(event.value, tag or ("str" if quoted else "")), span, quoted)
        except ValueError as error:
            self._report("invalid-number", str(error), span)
        return None

    def _sequence(self, start: yaml.CollectionStartEvent, depth: int) -> Sequence:
        self._tag(start, ("seq",))
        items = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            if (item := self._node(event, depth)) is not None:
                items.append(item)
        return Sequence(tuple(items), self._collection_span(start, event))

    def _mapping(self, start: yaml.CollectionStartEvent, depth: int) -> Mapping:
        self._tag(start, ("map",))
        entries: dict[Plain, Entry] = {}
        seen: dict[Plain, int] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event, depth, seen)
            value = self._node(self._next(), depth)
            if key is None or value is None:
                continue
            if key.value == "<<" and not key.quoted:
                for entry in self._merged(value, key.span):
                    # Explicit keys win wherever they stand, and so do earlier sources.
                    entries.setdefault(entry.key.value, entry)
            else:
                # A key that overrides a merged one keeps the place of that one.
                entries[key.value] = Entry(key, value)
        return Mapping(tuple(entries.values()), self._collection_span(start, event))

    def _key(self, event: yaml.Event, depth: int, seen: dict[Plain, int]) -> Scalar | None:
        """Read a key; None when it is broken or was seen before (on the line given there)."""
        if (key := self._node(event, depth)) is None:
            return None
        key = replace(key, span=self._span(event)) if isinstance(event, yaml.AliasEvent) else key
        if not isinstance(key, Scalar) or key.value is None:
            message = f"a key must be a name or a number, got {_show(key)}"
            self._report("invalid-key", message, key.span)
            return None
        if key.value in seen:
            note = f"first given at line {seen[key.value]}"
            self._report("duplicate-key", f"the key {_show(key)} is given twice", key.span, note)
            return None
        seen[key.value] = key.span.line
        return key

    def _merged(self, value: Node, span: Span) -> Iterator[Entry]:
        """Give the entries that a ``<<`` key brings in, those of the first source first."""
        for source in value.items if isinstance(value, Sequence) else (value,):
            if isinstance(source, Mapping):
                yield from source.entries
            else:
                message = f"'<<' takes a mapping or a list of mappings, got {_show(source)}"
                self._report("invalid-key", message, span)

    def _tag(self, event: yaml.NodeEvent, known: tuple[str, ...]) -> str:
        """Give the short name of an explicit tag; empty without one that fits the node."""
        tag = str(getattr(event, "tag", None) or "")
        if not tag or tag.removeprefix(_CORE) in known:
            return tag.removeprefix(_CORE)
        message = f"the tag {_show(tag)} is not supported here"
        help = "remove it: the kind of a value follows from how it is written"
        self._report("unsupported-tag", message, self._span(event), help=help)
        return ""

    def _grow(self, nodes: int, depth: int, event: yaml.Event) -> None:
        """Hold the tree, with its aliases written out, against the limits."""
        self.nodes += nodes
        self.deepest = max(self.deepest, depth)
        if self.nodes > MAX_NODES:
            message = f"more than {MAX_NODES} values, with aliases written out"
            self._stop("too-large", message, self._span(event))
        if depth > MAX_DEPTH:
            self._stop("too-deep", f"nested more than {MAX_DEPTH} levels deep", self._span(event))

    def _span(self, start: yaml.Event, end: yaml.Event | None = None) -> Span:
        first, last = start.start_mark, (end or start).end_mark
        return Span(self.file, *self._position(first), *self._position(last))

    def _position(self, mark: _Mark) -> tuple[int, int]:
        """Count from 1; what libyaml puts on a line below the text goes to its end."""
        if mark is None or mark.line >= len(self.lines):
            return len(self.lines), len(self.lines[-1]) + 1
        return mark.line + 1, mark.column + 1

    def _collection_span(self, start: yaml.CollectionStartEvent, end: yaml.Event) -> Span:
        if start.flow_style:
            return self._span(start, end)
        line, column = self._position(start.start_mark)
        return Span(self.file, line, column, line, len(self.lines[line - 1].rstrip()) + 1)

    def _point(self, before: str) -> Span:
        """Point at the character that follows a text."""
        lines = f"{before.removeprefix(chr(0xFEFF))}x".splitlines()
        return Span(self.file, len(lines), len(lines[-1]), len(lines), len(lines[-1]) + 1)

    def _report(self, rule: str, message: str, span: Span, note: str = "", help: str = "") -> None:
        notes, helps = (note,) if note else (), (help,) if help else ()
        self.problems.append(Diagnostic(rule, message, span, notes=notes, help=helps))
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Stop

    def _stop(self, rule: str, text: str, span: Span, note: str = "", help: str = "") -> NoReturn:
        self._report(rule, text, span, note, help)
        raise _Stop


# What PyYAML says, in libyaml's words or in those of its Python parser; what we say; what to do.
_INDENT: Final = "check the indentation"
_SYNTAX: Final = (
    ("mapping values are not", "a ':' is not allowed here", f"{_INDENT}, or quote the text"),
    ("cannot start any token", "a value cannot start with this", "quote it; indent without tabs"),
    ("expected ':'", "this line needs a ':' after its key", ""),
    ("expected ',' or ']'", "a ',' or ']' is missing", ""),
    ("expected ',' or '}'", "a ',' or '}' is missing", ""),
    ("unexpected end of stream", "a quoted text is never closed", ""),
    ("sequence entries are not", "a list cannot start here", "start it on a line of its own"),
    ("node content", "a value is missing here", ""),
    ("expected key", "this does not fit the mapping around it", _INDENT),
    ("expected '-'", "this does not fit the list around it", _INDENT),
    ("expected <block end>", "this does not fit what stands around it", _INDENT),
)


def _explain(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    """Say in plain words what is wrong with the syntax, and what to do."""
    problem = error.problem or error.context or "this is not YAML"
    known = ((message, help) for words, message, help in _SYNTAX if words in problem)
    return next(known, (f"this is not valid YAML: {problem}", ""))
