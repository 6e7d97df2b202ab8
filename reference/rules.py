"""The pages of rules, as `cnnspec explain` prints them, and the list of all."""

from __future__ import annotations

from itertools import groupby

from cnnspec.cli.explain import describe_standing
from cnnspec.cli.rules import find_fix, name_profiles
from cnnspec.lint.pages import DESIGN, Page, load_pages
from cnnspec.report.tables import Column, draw_markdown

_INDEX = """\
# Rules

Every rule that a finding can name. `cnnspec rules` lists them, `cnnspec explain RULE` prints a
page. [The linter](../../lint.md) says how rules about design are chosen, graded and ignored. All
others are errors: what breaks them is no network, or not the one that was meant. A *fix* is what
the bad spec on the rule's page is offered.
"""


def write_rule_index() -> str:
    """The list of all rules by group."""
    parts = [_INDEX]
    for group, pages in groupby(load_pages().values(), lambda page: page.group):
        draw = _draw_designs if group == DESIGN else _draw_errors
        parts.append(f"## {group}\n\n{draw(list(pages))}\n")
    return "\n".join(parts)


def write_rule(name: str) -> str:
    """The page of one rule."""
    page = load_pages()[name]
    return f"# {page.rule}\n\n{describe_standing(page)}\n\n{page.text}"


def _draw_designs(pages: list[Page]) -> str:
    columns = tuple(map(Column, ("Rule", "Severity", "Profiles", "Fix", "Finds")))
    rows = [
        [_link(page), str(page.severity), name_profiles(page), find_fix(page), page.headline]
        for page in pages
    ]
    return draw_markdown(columns, rows)


def _draw_errors(pages: list[Page]) -> str:
    rows = [[_link(page), page.headline] for page in pages]
    return draw_markdown((Column("Rule"), Column("Finds")), rows)


def _link(page: Page) -> str:
    return f"[`{page.rule}`]({page.rule}.md)"
