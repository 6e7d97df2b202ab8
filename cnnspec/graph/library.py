"""The blocks that ship with the tool, written in its own language."""

from __future__ import annotations

from functools import cache

from cnnspec import resources
from cnnspec.spec.blocks import read_blocks
from cnnspec.spec.model import Block, ModelSpec

# How messages call the library's files; no file of a user has a name like this.
LIBRARY = "<library>/"


@cache
def load_file(name: str) -> dict[str, Block]:
    """The blocks of one of the library's files, which is read once and never changes."""
    return read_blocks(resources.read_blocks(name), f"{LIBRARY}{name}.yaml")


@cache
def load_library() -> dict[str, Block]:
    """All blocks of the library by name."""
    blocks: dict[str, Block] = {}
    for name in _read_texts():
        blocks.update(load_file(name))
    return blocks


@cache
def _read_texts() -> dict[str, bytes]:
    return {name: b"\n" + resources.read_blocks(name) for name in resources.list_blocks()}


def find_block(spec: ModelSpec, name: str) -> Block | None:
    """The block of that name: the spec's own, or the library's."""
    if name in spec.blocks:
        return spec.blocks[name]
    # Most files need not be parsed: a block is a key at the beginning of a line.
    key = f"\n{name}:".encode(errors="replace")
    files = (file for file, text in _read_texts().items() if key in text)
    found = (load_file(file).get(name) for file in files)
    return next((block for block in found if block is not None), None)
