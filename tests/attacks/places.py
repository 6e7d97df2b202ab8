"""Every place in a spec that can hold text: all that hosts with every key hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cnnspec.document import as_plain, read_document

FOLDER = Path(__file__).parent / "hosts"
# The file that is checked, for each file of the hosts.
CHECKED = {
    "classifier.yaml": "classifier.yaml",
    "pairs.yaml": "pairs.yaml",
    "base.yaml": "pairs.yaml",
    "part.yaml": "pairs.yaml",
    "others.yaml": "others.yaml",
    "vector.yaml": "vector.yaml",
}
HOSTS = {name: (FOLDER / name).read_text() for name in CHECKED}

# All at once that YAML has a way to say.
EVERYTHING = "\n::error::\x85\u202e##[x]\"'\\{{ x }}{0}](https://example.org)<b>&%\u2028$$(x)"
SMALL = """\
cnnspec: 1
name: victim
summary: TEXT
paper: TEXT
input: {channels: 3, height: 8, width: 8}
params: {label: TEXT}
blocks:
  unit:
    summary: TEXT
    params: [width, note]
    layers:
      - conv: {out_channels: $width, kernel_size: 1}
      - relu:
        when: $(note == label)
lint: {small-receptive-field: {severity: off, reason: TEXT}}
layers:
  - unit: {width: 4, note: TEXT}
  - flatten
  - linear: 2
"""
Step = str | int


@dataclass(frozen=True)
class Raw:
    """A piece of YAML as it is."""

    text: str


@dataclass(frozen=True)
class Place:
    """A key or a value in a file, by the keys and positions that lead to it."""

    file: str
    path: tuple[Step, ...]
    is_key: bool

    def __str__(self) -> str:
        return f"{self.file}:{'.'.join(map(str, self.path))}{' (key)' if self.is_key else ''}"


@cache
def read_host(file: str) -> object:
    return as_plain(read_document(HOSTS[file], file))


@cache
def list_places() -> tuple[Place, ...]:
    return tuple(
        Place(file, path, is_key) for file in HOSTS for path, is_key in _walk(read_host(file), ())
    )


def list_words(file: str) -> set[str]:
    """All keys in a host."""
    return {str(path[-1]) for path, is_key in _walk(read_host(file), ()) if is_key}


def put(place: Place, text: str | Raw) -> dict[str, str]:
    """The host's files with a text in one place."""
    tree = _replace(read_host(place.file), place.path, place.is_key, text)
    return {**HOSTS, place.file: spell(tree) + "\n"}


def rename(name: str, new: str) -> dict[str, str]:
    """The hosts with another name wherever one of theirs stands."""
    return {
        file: re.sub(rf"(?<![\w.]){name}(?!\w)", lambda _: new, text)
        for file, text in HOSTS.items()
    }


def spell(tree: object) -> str:
    """A tree as YAML on one line, whatever its texts hold."""
    match tree:
        case Raw(text):
            return text
        case dict():
            entries = (f"{spell(key)}: {spell(value)}" for key, value in tree.items())
            return f"{{{', '.join(entries)}}}"
        case list():
            return f"[{', '.join(map(spell, tree))}]"
        case str():
            return f'"{"".join(map(_escape, tree))}"'
    return json.dumps(tree)


def _escape(character: str) -> str:
    if character in '\\"':
        return f"\\{character}"
    if character.isprintable():
        return character
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _walk(tree: object, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], bool]]:
    match tree:
        case dict():
            for key, value in tree.items():
                yield (*path, key), True
                yield from _walk(value, (*path, key))
        case list():
            for index, item in enumerate(tree):
                yield from _walk(item, (*path, index))
        case _:
            yield path, False


def _replace(tree: object, path: tuple[Step, ...], is_key: bool, text: str | Raw) -> object:
    if not path:
        return text
    first, *rest = path
    if is_key and not rest:
        assert isinstance(tree, dict)
        return {text if key == first else key: value for key, value in tree.items()}
    if isinstance(tree, dict):
        return {
            key: _replace(value, tuple(rest), is_key, text) if key == first else value
            for key, value in tree.items()
        }
    assert isinstance(tree, list)
    return [
        _replace(item, tuple(rest), is_key, text) if index == first else item
        for index, item in enumerate(tree)
    ]
