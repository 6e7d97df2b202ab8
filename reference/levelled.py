"""What docs/semantics.md says about single ops, for the pages of these ops."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from posixpath import normpath, relpath

SEMANTICS = Path(__file__).parents[1] / "docs" / "semantics.md"

_HEADING = re.compile(r"^#+ (.*)\n", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#:\s]*)(#[^)\s]*)?\)")
# An op's page, named by reference: [conv], with its address at the end of the file.
_OP = re.compile(r"\[(\w+)\](?!\()")
_ADDRESS = re.compile(r"^\[\w+\]: .*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Remark:
    """A paragraph or an entry of a list, and the heading that it stands under."""

    heading: str
    text: str


def list_remarks(op: str) -> list[Remark]:
    """The remarks that name an op in brackets, with links as seen from its page."""
    return [
        Remark(remark.heading, _OP.sub(r"[`\1`](\1.md)", _LINK.sub(_turn_link, remark.text)))
        for remark in _read_remarks()
        if op in _OP.findall(remark.text)
    ]


def make_anchor(heading: str) -> str:
    """What a heading is called in links, as GitHub has it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _read_remarks() -> Iterator[Remark]:
    text = _ADDRESS.sub("", SEMANTICS.read_text(encoding="utf-8"))
    _, *parts = _HEADING.split(text)
    for heading, body in zip(parts[::2], parts[1::2], strict=True):
        for block in re.split(r"\n\n+|\n(?=- )", body.strip()):
            yield Remark(heading, re.sub(r"\n\s*", "\n", block.removeprefix("- ")))


def _turn_link(found: re.Match[str]) -> str:
    """A link in docs/semantics.md as a link in docs/reference/ops/<op>.md."""
    target, anchor = normpath(found[1] or SEMANTICS.name), found[2] or ""
    return f"]({relpath(target, 'reference/ops')}{anchor})"
