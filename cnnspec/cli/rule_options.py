"""The options that say which rules are asked, and how bad their findings are."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from cnnspec.diagnostics import Severity
from cnnspec.lint.options import PROFILES, LintOptions, find_rule
from cnnspec.naming import nearest

_OFF = "off"
_LEVELS = (_OFF, *reversed([str(severity) for severity in Severity]))


def add_rule_options(parser: ArgumentParser) -> None:
    """Add what chooses rules, and what findings count for."""
    parser.add_argument(
        "--select",
        metavar="RULE[,RULE]",
        type=parse_rules,
        action="extend",
        default=[],
        help="ask only these rules of the linter; errors are always found",
    )
    parser.add_argument(
        "--ignore",
        metavar="RULE[,RULE]",
        type=parse_ignored,
        action="extend",
        default=[],
        help="do not ask these rules",
    )
    parser.add_argument(
        "--severity",
        dest="severities",
        metavar="RULE=LEVEL",
        type=parse_severity,
        action="append",
        default=[],
        help=f"how bad a rule's findings are: {', '.join(_LEVELS)}",
    )
    parser.add_argument(
        "--profile",
        choices=list(PROFILES),
        default="default",
        help="; ".join(f"{name}: {text}" for name, text in PROFILES.items()),
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 for warnings too")


def read_rule_options(options: Namespace) -> LintOptions:
    """What was chosen."""
    return LintOptions(
        select=frozenset(options.select),
        ignore=frozenset(options.ignore),
        severities=dict(options.severities),
        profile=options.profile,
    )


def parse_rules(text: str) -> list[str]:
    """Split names at commas, and hold them against the rules that there are."""
    return [_require_known(name.strip()) for name in text.split(",")]


def parse_ignored(text: str) -> list[str]:
    """Split the names of rules that may be ignored."""
    names = parse_rules(text)
    for name in names:
        if _is_error(name):
            raise ArgumentTypeError(f"{name} is an error, which cannot be ignored: mend the spec")
    return names


def parse_severity(text: str) -> tuple[str, Severity | None]:
    """Split ``RULE=LEVEL``; no severity turns the rule off."""
    name, equals, level = text.partition("=")
    if not equals:
        raise ArgumentTypeError(f"'{text}' is not of the form rule=level")
    _require_known(name)
    if level not in _LEVELS:
        raise ArgumentTypeError(f"there is no level '{level}'; levels are {', '.join(_LEVELS)}")
    if _is_error(name) and level != Severity.ERROR:
        raise ArgumentTypeError(f"{name} is an error, which cannot be lowered: mend the spec")
    return name, None if level == _OFF else Severity(level)


def _is_error(name: str) -> bool:
    rule = find_rule(name)
    # What is no rule of the linter's is one of those that every spec must hold to.
    return rule is None or rule.severity is Severity.ERROR


def _require_known(name: str) -> str:
    if find_rule(name) is None:
        from cnnspec.lint.pages import load_pages

        pages = load_pages()
        if name not in pages:
            hint = nearest(name, pages)
            advice = f"did you mean '{hint}'?" if hint else "'cnnspec rules' lists them"
            raise ArgumentTypeError(f"there is no rule '{name}'; {advice}")
    return name
