"""Find everything that is wrong with specs, in all their variants.

Exits with 0 when no spec has an error, 1 when one has, 2 when a file cannot be read.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnnspec.cli.arguments import add_settings, open_network
from cnnspec.cli.console import print_error, wants_colour
from cnnspec.cli.failures import UsageError
from cnnspec.diagnostics import Diagnostic, Severity, Span, SpecError, sort_findings
from cnnspec.report import findings

if TYPE_CHECKING:
    from cnnspec.network import Network
    from cnnspec.report.sizes import SizeReport
    from cnnspec.spec.model import InputSpec

# Annotations are for what is to be mended.
_WITH_SIZES = ("text", "concise", "json")
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
    parser.add_argument(
        "--sizes",
        action="store_true",
        help="say for which sizes of the input each network is valid, as it is always said of "
        "sizes that a spec leaves open",
    )
    add_settings(parser)


def run(options: Namespace) -> int:
    """Check every file, print all findings, and return the exit code."""
    found: list[Diagnostic] = []
    texts: dict[str, str] = {}
    sizes: list[SizeReport] = []
    unread = 0
    for reference in options.sources:
        try:
            network = open_network(reference, options.settings)
            found += _check(network, texts)
            sizes += _measure(network, options.sizes, options.format)
        except UsageError as error:
            print_error(str(error))
            unread += 1
    # Two references may mean one file, such as two variants of it.
    found = list(dict.fromkeys(found))
    _print(found, list(dict.fromkeys(sizes)), texts, options.format, len(options.sources) - unread)
    if unread:
        return 2
    return int(any(diagnostic.severity is Severity.ERROR for diagnostic in found))


def _measure(network: Network, every: bool, format: str) -> tuple[SizeReport, ...]:
    """The sizes that a network takes, for formats that can show them."""
    if format not in _WITH_SIZES:
        return ()
    try:
        opened = any(map(_is_open, network.spec.inputs))
        return network.sizes(every) if every or opened else ()
    except SpecError:
        return ()


def _is_open(source: InputSpec) -> bool:
    """Whether an input may have a size that is a letter or a range."""
    from cnnspec.spec.model import Formula, Literal

    return not all(
        isinstance(size, Formula) or (isinstance(size, Literal) and not isinstance(size.value, str))
        for size in source.sizes.values()
    )


def _check(network: Network, texts: dict[str, str]) -> list[Diagnostic]:
    # A finding about the file as a whole stands at its top, where tools can show it.
    top = Span(network.source.file, 1, 1, 1, 1)
    placed = [replace(finding, span=finding.span or top) for finding in network.check()]
    texts.update(network.texts)
    return sort_findings(placed)


def _print(
    found: Sequence[Diagnostic], sizes: Sequence[SizeReport], texts: Mapping[str, str],
    format: str, files: int,
) -> None:  # fmt: skip
    lines, facts = "", []
    if sizes:
        from cnnspec.report.sizes import describe_report, format_sizes

        lines, facts = format_sizes(sizes), list(map(describe_report, sizes))
    match format:
        case "concise":
            shown = findings.format_concise(found) + lines
        case "json":
            shown = findings.format_json(found, facts)
        case "github":
            shown = findings.format_github(found)
        case "sarif":
            from cnnspec import __version__
            from cnnspec.report.sarif import format_sarif

            shown = format_sarif(found, __version__, Path.cwd())
        case _:
            shown = findings.format_text(found, texts, wants_colour(sys.stdout))
            gap = "\n" if found else ""
            shown += f"{gap}{lines}" if lines else ""
            shown += f"{gap}{findings.describe_count(found, files)}\n" if files else ""
    print(shown, end="")
