"""The page of a library block: its parameters, its source, and what a call of it becomes."""

from __future__ import annotations

from itertools import groupby
from pathlib import PurePosixPath

from cnnspec.graph.library import load_library
from cnnspec.report.tables import Column, draw_markdown
from cnnspec.resources import read_blocks
from cnnspec.spec.model import Block
from cnnspec.spec.spelling import spell_argument
from reference.examples import show_block
from reference.written import draw_layers, write_backends

_INDEX = """\
# Library blocks

The blocks that ship with the tool. They are written in the language of specs: each could stand
under `blocks:` in a file of yours, and one of your own hides the library's of the same name. A bare
argument is the first parameter: `basic_block: 64` is `basic_block: {channels: 64}`.
"""


def write_block_index() -> str:
    """The list of all blocks by the file that they stand in."""
    parts = [_INDEX]
    for file, blocks in groupby(load_library().values(), _find_file):
        title = _read_lines(file)[0].removeprefix("# ").rstrip(".")
        rows = [[f"[`{block.name}`]({block.name}.md)", block.summary] for block in blocks]
        parts.append(f"## {title}\n\n{draw_markdown((Column('Block'), Column('Is')), rows)}\n")
    return "\n".join(parts)


def write_block(block: Block) -> str:
    """The page of one block."""
    example = show_block(block)
    network = example.load()
    parts = [
        f"# {block.name}",
        f"{block.summary}.",
        "## Parameters",
        _draw_parameters(block),
        "## Source",
        f"```yaml\n{_cut_source(block)}```",
        "## Example",
        f"```yaml\n{example.text}```",
        draw_layers(network),
        "## What each backend writes",
        *write_backends(network),
    ]
    return "\n\n".join(parts) + "\n"


def _draw_parameters(block: Block) -> str:
    if not block.parameters:
        return "None."
    rows = [
        [f"`{name}`", "required" if default is None else f"`{spell_argument(default)}`"]
        for name, default in block.parameters.items()
    ]
    return draw_markdown((Column("Parameter"), Column("Default")), rows)


def _find_file(block: Block) -> str:
    return PurePosixPath(block.span.file).stem


def _read_lines(file: str) -> list[str]:
    return read_blocks(file).decode().splitlines()


def _cut_source(block: Block) -> str:
    """A block as it stands in its file, with the comment above it."""
    lines = _read_lines(_find_file(block))
    start = end = block.span.line - 1
    while start and lines[start - 1].startswith("#"):
        start -= 1
    while end + 1 < len(lines) and (not lines[end + 1] or lines[end + 1].startswith(" ")):
        end += 1
    return "\n".join(lines[start : end + 1]).rstrip() + "\n"
