"""The blocks that ship with the tool, written in its own language."""

from __future__ import annotations

from functools import cache

from cnnspec import resources
from cnnspec.spec.blocks import read_blocks
from cnnspec.spec.model import Block, ModelSpec

# How messages call the library's files; no file of a user has a name like this.
LIBRARY = "<library>/"


@cache
def load_library() -> dict[str, Block]:
    """All blocks of the library by name; the files are read once, and never change."""
    blocks: dict[str, Block] = {}
    for name in resources.list_blocks():
        blocks.update(read_blocks(resources.read_blocks(name), f"{LIBRARY}{name}.yaml"))
    return blocks


def find_block(spec: ModelSpec, name: str) -> Block | None:
    """The block of that name: the spec's own, or the library's."""
    return spec.blocks.get(name) or load_library().get(name)
