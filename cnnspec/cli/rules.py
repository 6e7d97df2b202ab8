"""List all rules: those of the linter, and those that every spec must hold to."""

from __future__ import annotations

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from pathlib import Path
from types import MappingProxyType

from cnnspec.lint.options import LintOptions, find_rule
from cnnspec.lint.pages import BAD, Page, load_pages
from cnnspec.network import Network
from cnnspec.report.json_text import write_json
from cnnspec.report.tables import Column, draw_markdown, draw_text
from cnnspec.sources import Source

_COLUMNS = tuple(map(Column, ("Rule", "Severity", "Profiles", "Fix", "Finds")))
_SPEC = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--format", choices=list(FORMATS), default="text", help="how it is shown")


def run(options: Namespace) -> int:
    """Print a line for each rule."""
    print(FORMATS[options.format](load_pages().values()), end="")
    return 0


def list_cells(page: Page) -> list[str]:
    """A row of the table."""
    headline = page.headline.rstrip(".")
    return [page.rule, str(page.severity), name_profiles(page), find_fix(page), headline]


def name_profiles(page: Page) -> str:
    """The profiles that a rule is in, in words."""
    return ", ".join(sorted(page.profiles)) or "all"


def find_fix(page: Page) -> str:
    """The kind of fix that the bad spec on a rule's page is offered: safe, unsafe, or none."""
    rule, spec = find_rule(page.rule), _SPEC.search(page.sections.get(BAD, ""))
    if rule is None or spec is None:
        return ""
    # What is said of other rules' findings has a meaning where these are asked.
    select = frozenset[str]() if rule.review else frozenset({rule.name})
    network = Network(Source("bad.yaml", spec[1].encode(), Path()))
    profile = min(page.profiles, default="default")
    for found in network.offer(LintOptions(select=select, profile=profile)):
        if found.rule == rule.name and found.offer:
            return "safe" if found.offer.is_safe else "unsafe"
    return ""


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
            "fix": find_fix(page) or None,
            "headline": page.headline,
            "group": page.group,
        }
        for page in pages
    ]
    return write_json(shown)


FORMATS: MappingProxyType[str, Callable[[Iterable[Page]], str]] = MappingProxyType(
    {"text": _format_text, "json": _format_json, "markdown": _format_markdown}
)
