"""All pages of the reference, and the folder that they stand in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from cnnspec.cli.main import COMMANDS
from cnnspec.graph.library import load_library
from cnnspec.lint.pages import load_pages
from cnnspec.ops.catalog import OPS
from cnnspec.resources import list_zoo
from reference.blocks import write_block, write_block_index
from reference.commands import write_command, write_command_index
from reference.ops import write_op, write_op_index
from reference.rules import write_rule, write_rule_index
from reference.zoo import write_family, write_zoo_index

FOLDER = Path(__file__).parents[1] / "docs" / "reference"


def list_writers() -> dict[str, Callable[[], str]]:
    """What writes each page, by the page's path inside of the folder."""
    writers: dict[str, Callable[[], str]] = {
        "ops/index.md": write_op_index,
        "blocks/index.md": write_block_index,
        "commands/index.md": write_command_index,
        "rules/index.md": write_rule_index,
        "zoo/index.md": write_zoo_index,
    }
    writers |= {f"ops/{name}.md": partial(write_op, op) for name, op in OPS.items()}
    library = load_library()
    writers |= {f"blocks/{name}.md": partial(write_block, library[name]) for name in library}
    writers |= {f"commands/{name}.md": partial(write_command, name) for name in COMMANDS}
    writers |= {f"rules/{name}.md": partial(write_rule, name) for name in load_pages()}
    writers |= {f"zoo/{name}.md": partial(write_family, name) for name in list_zoo()}
    return writers


def write_pages() -> None:
    """Write every page, and remove those of what is gone."""
    pages = {FOLDER / path: write() for path, write in list_writers().items()}
    for stale in set(FOLDER.rglob("*.md")) - pages.keys():
        stale.unlink()
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
