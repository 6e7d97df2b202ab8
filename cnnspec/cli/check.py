"""Find everything that is wrong with specs, and what is doubtful in them, in all their variants.

Exits with 0 when no spec has an error, 1 when one has, or with --strict a warning, 2 when a file
cannot be read.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cnnspec.cli.arguments import add_settings, find_network, require_known
from cnnspec.cli.bounds import bounded
from cnnspec.cli.check_formats import COUNTS, FORMATS, WITH_OFFERS, WITH_SIZES, Report
from cnnspec.cli.console import print_error, wants_colour
from cnnspec.cli.failures import UsageError
from cnnspec.cli.fixing import (
    add_fix_options,
    can_fix,
    fix_network,
    prints_specs,
    refuse_contradictions,
    wants_fixes,
)
from cnnspec.cli.rule_options import add_rule_options, read_rule_options
from cnnspec.diagnostics import Diagnostic, Severity, Span, SpecError, sort_findings
from cnnspec.lint.options import LintOptions
from cnnspec.records import dataclass

if TYPE_CHECKING:
    from cnnspec.network import Network
    from cnnspec.report.sizes import SizeReport
    from cnnspec.spec.model import InputSpec


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "sources",
        metavar="FILE|ZOO",
        nargs="+",
        help="specs' files or zoo names; '-' reads standard input",
    )
    parser.add_argument(
        "--format", choices=list(FORMATS), default="text", help="how findings are shown"
    )
    add_rule_options(parser)
    add_fix_options(parser)
    parser.add_argument(
        "--statistics",
        action="store_true",
        help="count the findings of each rule, and do not show them",
    )
    parser.add_argument(
        "--sizes",
        action="store_true",
        help="say for which sizes of the input each network is valid, as it is always said of "
        "sizes that a spec leaves open",
    )
    add_settings(parser)


def run(options: Namespace) -> int:
    """Check every file, print all findings, and return the exit code."""
    if options.statistics and options.format not in COUNTS:
        raise UsageError(f"--statistics goes with --format {' or '.join(COUNTS)}")
    if options.sizes and (options.statistics or options.format not in WITH_SIZES):
        raise UsageError(f"--sizes goes with --format {', '.join(WITH_SIZES)}, and no --statistics")
    refuse_contradictions(options)
    rules = read_rule_options(options)
    seen: list[_Seen] = []
    for reference in options.sources:
        try:
            network = find_network(reference, options.settings)
            seen.append(_look_at(network, rules, options))
        except UsageError as error:
            print_error(str(error))
    found = [problem for each in seen for problem in each.found]
    fails = {Severity.ERROR, Severity.WARNING} if options.strict else {Severity.ERROR}
    # Two references may mean one file, such as two variants of it.
    stream = sys.stderr if prints_specs(options) else sys.stdout
    report = Report(
        found=list(dict.fromkeys(found)),
        texts={file: text for each in seen for file, text in each.texts.items()},
        files=[each.file for each in seen],
        sizes=list(dict.fromkeys(size for each in seen for size in each.sizes)),
        fails=frozenset(fails),
        fixed=sum(each.fixed for each in seen),
        only_shown=options.diff,
        colour=wants_colour(stream),
    )
    show = COUNTS if options.statistics else FORMATS
    with bounded():
        text = show[options.format](report)
    print(text, end="", file=stream)
    if len(seen) < len(options.sources):
        return 2
    return int(any(map(report.is_failure, found)))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was found in one file, and how many findings of it are gone."""

    file: str
    found: Sequence[Diagnostic]
    texts: Mapping[str, str]
    sizes: Sequence[SizeReport] = ()
    fixed: int = 0


def _look_at(network: Network, rules: LintOptions, options: Namespace) -> _Seen:
    """Mend a network where that is asked for, and find what is wrong with it."""
    try:
        with bounded():
            require_known(network)
            fixed = 0
            if wants_fixes(options):
                network, fixed = fix_network(network, rules, options)
            shows_offers = options.format in WITH_OFFERS and not options.statistics
            problems = _check(network, rules, shows_offers and can_fix(network, options))
            known = {problem.rule for problem in problems}
            # What is too large to check would take as long again.
            is_large = "too-large" in known
            sizes, refused = ((), ()) if is_large else _measure(network, options.sizes)
    except SpecError as error:
        # Findings are values by here: this is the bound.
        return _Seen(network.source.file, _place(network, error.diagnostics), network.texts)
    # What is wrong with the spec was found already; what only sizes show was not.
    found = [*problems, *(each for each in refused if each.rule not in known)]
    shown = sizes if options.format in WITH_SIZES else ()
    return _Seen(network.source.file, found, network.texts, shown, fixed)


def _measure(
    network: Network, every: bool
) -> tuple[tuple[SizeReport, ...], tuple[Diagnostic, ...]]:
    """The sizes that a network takes, or why they are not known: an error in whatever format."""
    try:
        opened = any(map(_is_open, network.spec.inputs))
        return (network.sizes(every) if every or opened else ()), ()
    except SpecError as error:
        return (), tuple(error.diagnostics)


def _is_open(source: InputSpec) -> bool:
    """Whether an input may have a size that is a letter or a range."""
    from cnnspec.spec.model import Formula, Literal

    return not all(
        isinstance(size, Formula) or (isinstance(size, Literal) and not isinstance(size.value, str))
        for size in source.sizes.values()
    )


def _check(network: Network, rules: LintOptions, shows_offers: bool) -> list[Diagnostic]:
    found = network.offer(rules) if shows_offers else network.check(rules)
    return sort_findings(_place(network, found))


def _place(network: Network, found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Findings about the file as a whole stand at its top, where tools can show them."""
    top = Span(network.source.file, 1, 1, 1, 1)
    return [replace(finding, span=finding.span or top) for finding in found]
