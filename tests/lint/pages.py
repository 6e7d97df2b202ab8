"""The pages of rules, and the specs on them."""

from __future__ import annotations

import re

from cnnspec.diagnostics import Diagnostic
from cnnspec.lint.base import Rule
from cnnspec.lint.engine import find_problems
from cnnspec.lint.options import LintOptions
from cnnspec.lint.pages import read_page
from cnnspec.spec.read import read_spec

SECTIONS = ["What it checks", "Why", "Bad", "Good", "When to ignore it"]


def find_spec(rule: Rule, section: str) -> str:
    """The spec in a section."""
    text = read_page(rule).sections[section]
    (spec,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    return str(spec)


def ask(rule: Rule, text: str) -> list[Diagnostic]:
    """What one rule finds in a spec that has no error of another kind."""
    # What is said of other rules' findings has a meaning where these are asked.
    select = frozenset() if rule.review else frozenset({rule.name})
    found = find_problems(read_spec(text, "net.yaml"), None, LintOptions(select=select))
    return [diagnostic for diagnostic in found if select or diagnostic.rule == rule.name]
