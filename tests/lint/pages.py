"""The pages of rules, and the specs on them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

from cnnspec.diagnostics import Diagnostic
from cnnspec.lint.base import Rule
from cnnspec.lint.engine import find_problems
from cnnspec.lint.options import LintOptions
from cnnspec.spec.read import read_spec

SECTIONS = ["What it checks", "Why", "Bad", "Good", "When to ignore it"]


def find_page(rule: Rule) -> str:
    """The docstring of the rule's module."""
    asked: Callable[..., object] | None = rule.check or rule.compare
    assert asked is not None, f"{rule.name} asks nothing"
    return sys.modules[asked.__module__].__doc__ or ""


def cut_page(rule: Rule) -> dict[str, str]:
    """The sections of a page by their titles."""
    _, *parts = re.split(r"^## (.+)\n", find_page(rule), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def find_spec(rule: Rule, section: str) -> str:
    """The spec in a section."""
    (spec,) = re.findall(r"```yaml\n(.*?)```", cut_page(rule)[section], flags=re.DOTALL)
    return str(spec)


def ask(rule: Rule, text: str) -> list[Diagnostic]:
    """What one rule finds in a spec that has no error of another kind."""
    options = LintOptions(select=frozenset({rule.name}))
    return list(find_problems(read_spec(text, "net.yaml"), None, options))
