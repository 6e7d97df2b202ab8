"""List all rules: those of the linter, and those that every spec must hold to."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from types import MappingProxyType

from cnnspec.lint.pages import Page, load_pages
from cnnspec.report.tables import Column, draw_markdown, draw_text

_COLUMNS = tuple(map(Column, ("Rule", "Severity", "Profiles", "Finds")))


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--format", choices=list(FORMATS), default="text", help="how it is shown")


def run(options: Namespace) -> int:
    """Print a line for each rule."""
    print(FORMATS[options.format](load_pages().values()), end="")
    return 0


def list_cells(page: Page) -> list[str]:
    """A row of the table."""
    profiles = ", ".join(sorted(page.profiles)) or "all"
    return [page.rule, str(page.severity), profiles, page.headline.rstrip(".")]


def _format_text(pages: Iterable[Page]) -> str:
    return draw_text(_COLUMNS, list(map(list_cells, pages))) + "\n"


def _format_markdown(pages: Iterable[Page]) -> str:
    return draw_markdown(_COLUMNS, list(map(list_cells, pages))) + "\n"


def _format_json(pages: Iterable[Page]) -> str:
    shown = [
        {
            "rule": page.rule,
            "severity": str(page.severity),
            "profiles": sorted(page.profiles),
            "headline": page.headline,
            "group": page.group,
        }
        for page in pages
    ]
    return json.dumps(shown, indent=2) + "\n"


FORMATS: MappingProxyType[str, Callable[[Iterable[Page]], str]] = MappingProxyType(
    {"text": _format_text, "json": _format_json, "markdown": _format_markdown}
)
