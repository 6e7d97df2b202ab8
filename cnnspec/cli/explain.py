"""Explain a rule: what it finds, why that is a fault, and what to do."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from cnnspec.cli.failures import UsageError
from cnnspec.diagnostics import Severity
from cnnspec.lint.pages import Page, load_pages
from cnnspec.naming import nearest


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("rule", metavar="RULE", help="the name that stands in brackets in findings")


def run(options: Namespace) -> int:
    """Print the page of the rule."""
    pages = load_pages()
    page = pages.get(options.rule)
    if page is None:
        hint = nearest(options.rule, pages)
        advice = f"did you mean '{hint}'?" if hint else "'cnnspec rules' lists them"
        raise UsageError(f"there is no rule '{options.rule}'; {advice}")
    print(f"# {page.rule}\n\n{describe_standing(page)}\n\n{page.text}", end="")
    return 0


def describe_standing(page: Page) -> str:
    """How bad a finding is, and when it is looked for."""
    if page.severity is Severity.ERROR:
        return "An error: it cannot be ignored."
    profiles = " and ".join(sorted(page.profiles))
    where = f", in the profile {profiles} alone" if profiles else ""
    return f"A {page.severity}{where}."
