"""Any text whatever as Python literals, docstrings and comments that are safe to print."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator

from cnnspec.backends.pyprint import measure_width

_SHORT_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
# A comment with one of these words and a colon would speak to a tool, or to Python itself.
_DIRECTIVE = re.compile(
    r"\b(coding|fmt|isort|mypy|noqa|pragma|pylint|pyright|ruff|type|yapf)(?=[:=])", re.IGNORECASE
)
# Source may be shown in a log, whose runner takes `##[name]` anywhere, and `::name::` at a line's
# start, for a command.
_HASHES = re.compile(r"(?<=#)#(?=\w*\[)")
_COLONS = re.compile(r"(?<!\S):(?=:)")
_UNESCAPED_LAST_QUOTE = re.compile(r'(?<!\\)((?:\\\\)*)"$')
# Conjoining letters and symbols whose width differs between versions of Unicode.
_UNSURE_WIDTH = re.compile(
    "[\u0d4e\u1160-\u11ff\u17a4\u17d8\u2630-\u2637\u268a-\u268f\u3164\u4dc0-\u4dff\ua8fa\ud7b0-\ud7fb"
    "\uff9e-\uffa0\U000111c2\U000111c3\U0001193f-\U00011941\U00011a84-\U00011a89\U00011d46"
    "\U0001d300-\U0001d376]"
)


class Reference(str):
    """The name of something that code can pass on, such as a class; no text in quotes."""

    __slots__ = ()


def spell_literal(value: object) -> str:
    """Spell a value made of numbers, strings, bools, None, tuples and lists, on one line.

    Raises:
        TypeError: For any other type.
    """
    match value:
        case None | bool():
            return str(value)
        case int():
            return int.__repr__(value)
        case float():
            return _spell_float(value)
        case Reference():
            return str(value)
        case str():
            return _spell_string(value)
        case tuple():
            comma = "," if len(value) == 1 else ""
            return f"({', '.join(map(spell_literal, value))}{comma})"
        case list():
            return f"[{', '.join(map(spell_literal, value))}]"
        case _:
            raise TypeError(f"no literal for {type(value).__name__}")


def wrap_docstring(text: str, indent: int, width: int) -> list[str]:
    """Write a docstring; blank lines separate paragraphs, and indented ones keep their lines."""
    safe = _escape_prose(text).replace('"""', '\\"\\"\\"')
    safe = _UNESCAPED_LAST_QUOTE.sub(r'\1\\"', re.sub(r'^"', r'\\"', safe.strip()))
    paragraphs = [part for part in re.split(r"\n[ ]*\n", safe) if part.strip()]
    if not paragraphs:
        return []
    pad = " " * indent
    first = '"""' + paragraphs[0]
    lines = list(_fill(first, width - indent))
    if len(paragraphs) == len(lines) == 1:
        # ruff keeps the closing quotes on a line of their own only below more than one line.
        lines = list(_fill(first, width - indent - 3))
        if len(lines) == 1:
            return [f'{pad}{lines[0]}"""']
    for part in paragraphs[1:]:
        lines.append("")
        if re.search(r"^ ", part, re.MULTILINE):
            lines += [line.rstrip() for line in part.split("\n")]
        else:
            lines += _fill(part, width - indent)
    return [(pad + line).rstrip() for line in lines] + [pad + '"""']


def wrap_comment(text: str, indent: int, width: int) -> list[str]:
    """Write a comment; blank lines separate its paragraphs."""
    safe = _DIRECTIVE.sub(r"\1 ", _escape_prose(text))
    lines: list[str] = []
    for part in re.split(r"\n\s*\n", safe):
        filled = [f"# {line}" for line in _fill(part, width - indent - 2)]
        lines += ["#", *filled] if lines and filled else filled
    return [" " * indent + line for line in lines]


def _spell_float(value: float) -> str:
    if not math.isfinite(value):
        return f'float("{value}")'
    # repr writes 1e-05.
    return float.__repr__(value).replace("e+", "e").replace("e-0", "e-")


def _spell_string(value: str) -> str:
    quote = "'" if value.count('"') > value.count("'") else '"'
    safe = _HASHES.sub(r"\\x23", "".join(map(_escape, value)))
    return quote + safe.replace(quote, "\\" + quote) + quote


def _escape_prose(text: str) -> str:
    lines = text.expandtabs(4).splitlines()
    safe = "\n".join("".join(map(_escape, line)) for line in lines)
    return _COLONS.sub(r"\\x3a", _HASHES.sub(r"\\x23", safe))


def _escape(character: str) -> str:
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    # A mark joins the character before it, which may be the quote.
    is_mark = unicodedata.category(character).startswith("M")
    if character.isprintable() and not is_mark and not _UNSURE_WIDTH.match(character):
        return character
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _fill(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and measure_width(line) + 1 + measure_width(word) > width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield line
