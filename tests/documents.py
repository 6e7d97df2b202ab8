"""What the documentation holds that can be run: fenced blocks, and regions to be filled in."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

# With this set, tests write what they expect instead of comparing with it.
UPDATE = bool(os.environ.get("REGENERATE"))

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REGION = re.compile(r"^<!-- begin: (.*?) -->\n(.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"^name: (\w+)", re.MULTILINE)
_TEMPLATE = re.compile(r"\{# (\S+) #\}")


@dataclass(frozen=True)
class Fence:
    """A fenced block: its language, its text, and the line that the text begins on."""

    language: str
    text: str
    line: int

    @property
    def is_spec(self) -> bool:
        return self.language == "yaml" and self.text.startswith("cnnspec: 1")

    @property
    def is_fragment(self) -> bool:
        """Whether it is a list of steps."""
        return self.language == "yaml" and self.text.startswith("- ")

    @property
    def file(self) -> str:
        """What a spec or a template is called where commands run."""
        found = _TEMPLATE.match(self.text) or _NAME.search(self.text)
        assert found is not None, f"line {self.line}: no name"
        return found[1] if self.language == "jinja" else f"{found[1]}.yaml"


def list_pages() -> list[Path]:
    """Every page of the documentation that is written by hand."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def list_reference() -> list[Path]:
    """Every page that is made from the code."""
    return sorted((ROOT / "docs" / "reference").rglob("*.md"))


def read_fences(page: Path) -> list[Fence]:
    """The fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Fence(found[1], found[2], text.count("\n", 0, found.start()) + 2)
        for found in _FENCE.finditer(text)
    ]


def read_commands(fence: Fence) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with what it prints."""
    for part in re.split(r"^\$ ", fence.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def matches(expected: str, printed: str) -> bool:
    """Whether an output is as written; ``...`` is anything, alone on a line any lines."""
    lines = [line.rstrip() for line in expected.strip().split("\n")]
    pattern = "\n".join(
        "(?s:.*)" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") for line in lines
    )
    shown = "\n".join(line.rstrip() for line in printed.strip().split("\n"))
    return re.fullmatch(pattern, shown) is not None


def fill_regions(page: Path, write: Callable[[str], str]) -> tuple[str, str]:
    """A page's text, and what it should be with all its regions filled in."""
    text = page.read_text(encoding="utf-8")

    def fill(found: re.Match[str]) -> str:
        return f"<!-- begin: {found[1]} -->\n{write(found[1])}<!-- end -->"

    return text, _REGION.sub(fill, text)
