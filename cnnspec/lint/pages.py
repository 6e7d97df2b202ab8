"""The page of each rule: of the linter's, and of those that every spec must hold to.

Checking needs none of them, but to explain.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from functools import cache

from cnnspec import resources
from cnnspec.diagnostics import Diagnostic, Prose, Severity
from cnnspec.lint.base import Rule
from cnnspec.lint.rules import RULES
from cnnspec.records import dataclass

DESIGN = "The design of the network"
WHY, BAD = "Why", "Bad"
# In the order of the work.
_GROUPS = ("reading", "form", "shapes", "compiling", "weights")
_REASON = re.compile(r"^\*\*(.+?):\*\* ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to say of a rule: a sentence, and sections by their titles.

    Rules of one `group` are about the same part of the work. A rule with `profiles` is for these
    alone.
    """

    rule: str
    severity: Severity
    headline: str
    sections: Mapping[str, str]
    group: str = DESIGN
    profiles: frozenset[str] = field(default_factory=frozenset)

    @property
    def why(self) -> str:
        """The reason for the rule."""
        return self.sections.get(WHY, "")

    @property
    def text(self) -> str:
        """The page as Markdown, without its title."""
        sections = (f"## {title}\n\n{body}" for title, body in self.sections.items())
        return "\n\n".join([self.headline, *sections]) + "\n"


@cache
def load_pages() -> dict[str, Page]:
    """The pages of all rules by their names: the linter's first, then group by group."""
    found = {rule.name: read_page(rule) for rule in RULES}
    texts = resources.read_pages()
    for name in _GROUPS:
        found |= {page.rule: page for page in _read_group(texts[name])}
    return found


def read_page(rule: Rule) -> Page:
    """The page of a rule of the linter, which is its module's docstring."""
    asked = rule.check or rule.compare or rule.review
    text = sys.modules[asked.__module__].__doc__ if asked else None
    headline, *parts = re.split(r"^## (.+)\n", text or "", flags=re.MULTILINE)
    sections = dict(zip(parts[::2], map(str.strip, parts[1::2]), strict=True))
    return Page(
        rule.name, rule.severity, headline.strip(), sections, profiles=rule.profiles
    )  # fmt: skip


def teach(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings, each with the reason for its rule."""
    pages = load_pages()
    return tuple(
        replace(found, notes=(*found.notes, Prose(pages[found.rule].why))) for found in diagnostics
    )


def _read_group(text: str) -> Iterator[Page]:
    title, *parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    group = title.strip().removeprefix("# ")
    for rule, body in zip(parts[::2], parts[1::2], strict=True):
        headline, *sections = _REASON.split(body.strip())
        reasons = dict(zip(sections[::2], map(str.strip, sections[1::2]), strict=True))
        yield Page(rule, Severity.ERROR, headline.strip(), reasons, group)
