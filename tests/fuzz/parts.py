"""Specs that random networks take as parts; a kept network gets them beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_TEXT = """cnnspec: 1
name: part_{kind}
input: {{channels: 3, {sizes}}}
params: {{width: 2}}
layers:
  wide: {{conv: {{out_channels: 4, kernel_size: 3, padding: same}}}}
  act: relu
  deep: {{conv: {{out_channels: $width, kernel_size: 1}}}}
  joined: {{concat: [deep, input]}}
"""
_SIZES = {
    "line": "length: 8",
    "image": "height: 8, width: 8",
    "volume": "depth: 8, height: 8, width: 8",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A spec for maps of one kind; of its parameter `width` this is the default."""

    kind: str
    width: int = 2

    @property
    def file(self) -> str:
        """Where it lies, as specs name it."""
        return f"parts/{self.kind}.yaml"

    @property
    def text(self) -> str:
        return _TEXT.format(kind=self.kind, sizes=_SIZES[self.kind])


PARTS = tuple(Part(kind) for kind in _SIZES)
_BY_FILE = {part.file: part for part in PARTS}


def open_part(name: str) -> tuple[str, bytes]:
    """What a random network names."""
    return name, _BY_FILE[name].text.encode()


def write_parts(text: str, folder: Path) -> None:
    """The parts that a network takes, in files."""
    for part in PARTS:
        if part.file in text:
            path = folder / part.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(part.text)
