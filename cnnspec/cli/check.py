"""Find everything that is wrong with specs, in all their variants.

Exits with 0 when no spec has an error, 1 when one has, 2 when a file cannot be read.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cnnspec.cli.arguments import Setting, add_settings, open_network
from cnnspec.cli.console import print_error, wants_colour
from cnnspec.cli.failures import UsageError
from cnnspec.diagnostics import Diagnostic, Severity, Span, sort_findings
from cnnspec.report import findings

FORMATS = ("text", "concise", "json", "github", "sarif")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "sources",
        metavar="FILE|ZOO",
        nargs="+",
        help="specs' files or zoo names; '-' reads standard input",
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="how findings are shown")
    add_settings(parser)


def run(options: Namespace) -> int:
    """Check every file, print all findings, and return the exit code."""
    found: list[Diagnostic] = []
    texts: dict[str, str] = {}
    unread = 0
    for reference in options.sources:
        try:
            found += _check(reference, options.settings, texts)
        except UsageError as error:
            print_error(str(error))
            unread += 1
    # Two references may mean one file, such as two variants of it.
    found = list(dict.fromkeys(found))
    _print(found, texts, options.format, len(options.sources) - unread)
    if unread:
        return 2
    return int(any(diagnostic.severity is Severity.ERROR for diagnostic in found))


def _check(reference: str, settings: Sequence[Setting], texts: dict[str, str]) -> list[Diagnostic]:
    network = open_network(reference, settings)
    # A finding about the file as a whole stands at its top, where tools can show it.
    top = Span(network.source.file, 1, 1, 1, 1)
    placed = [replace(finding, span=finding.span or top) for finding in network.check()]
    texts.update(network.texts)
    return sort_findings(placed)


def _print(found: Sequence[Diagnostic], texts: Mapping[str, str], format: str, files: int) -> None:
    match format:
        case "concise":
            shown = findings.format_concise(found)
        case "json":
            shown = findings.format_json(found)
        case "github":
            shown = findings.format_github(found)
        case "sarif":
            from cnnspec import __version__
            from cnnspec.report.sarif import format_sarif

            shown = format_sarif(found, __version__, Path.cwd())
        case _:
            shown = findings.format_text(found, texts, wants_colour(sys.stdout))
            gap = "\n" if found else ""
            shown += f"{gap}{findings.describe_count(found, files)}\n" if files else ""
    print(shown, end="")
