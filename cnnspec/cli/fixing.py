"""Mends specs: writes what fixes make of a file, or shows it."""

from __future__ import annotations

import re
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from cnnspec.cli.failures import UsageError
from cnnspec.diagnostics import spell_line, spell_lines
from cnnspec.network import Network

if TYPE_CHECKING:
    from cnnspec.lint.options import LintOptions

STANDARD_INPUT = "-"


def add_fix_options(parser: ArgumentParser) -> None:
    """Add what makes fixes, or shows them."""
    parser.add_argument(
        "--fix",
        action="store_true",
        help="mend what can be mended without a change of what the network is meant to do, and "
        "write the files; of standard input the text is printed",
    )
    parser.add_argument(
        "--unsafe-fixes",
        action="store_true",
        help="as --fix, also by changes of what the network is meant to do",
    )
    parser.add_argument(
        "--diff",
        action="store_true",
        help="show what --fix, or --unsafe-fixes, would change, and write nothing",
    )


def wants_fixes(options: Namespace) -> bool:
    """Whether specs are to be mended, be it only to show how."""
    return bool(options.fix or options.unsafe_fixes or options.diff)


def prints_specs(options: Namespace) -> bool:
    """Whether the output is for specs or their changes, so that findings go elsewhere."""
    return wants_fixes(options) and (options.diff or STANDARD_INPUT in options.sources)


def can_fix(network: Network, options: Namespace) -> bool:
    """Whether a spec is the user's own, so that it can be mended in its place."""
    return network.source.path is not None or STANDARD_INPUT in options.sources


def refuse_contradictions(options: Namespace) -> None:
    """Raise UsageError for what cannot be mended."""
    if not wants_fixes(options):
        return
    if options.settings:
        raise UsageError("a spec is fixed as it is written: leave out --set")
    if not options.diff and STANDARD_INPUT in options.sources and len(options.sources) > 1:
        raise UsageError("of standard input the fixed text is printed: give '-' alone")


def fix_network(network: Network, rules: LintOptions, options: Namespace) -> tuple[Network, int]:
    """Mend a spec; gives it as it is then, and how many findings are gone.

    Raises:
        UsageError: it cannot be written, or only a variant of it is asked for.
    """
    source = network.source
    if network.variant:
        raise UsageError(f"{source.file} is fixed in all variants: leave out ':{network.variant}'")
    if not options.diff and not can_fix(network, options):
        raise UsageError(f"{source.file} is part of cnnspec: copy it, and fix the copy")
    fixed = network.fix(rules, options.unsafe_fixes)
    text = network.texts[source.file] if fixed is None else fixed.text
    data = source.data if fixed is None else fixed.text.encode()
    if options.diff:
        _print_diff(source.file, network.texts[source.file], text)
    elif source.path is not None and data != source.data:
        from cnnspec.cli.output import replace_text

        replace_text(source.path, source.data, data)
    elif source.path is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
    # What was found in a spec that stays as it is need not be found again.
    mended = network if data == source.data else Network(replace(source, data=data))
    return mended, 0 if fixed is None else fixed.count


def _print_diff(file: str, before: str, after: str) -> None:
    from cnnspec.cli.patch import write_patch

    file = spell_line(file)
    # A patch must be exact; what a person reads must not steer the terminal.
    show = spell_lines if sys.stdout.isatty() else str
    # Only at these breaks, since a patch knows no others.
    old, new = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (before, after))
    sys.stdout.flush()
    for line in write_patch(old, new, file):
        ended = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        # As bytes, since an encoding that lacks a character would make another patch of it.
        sys.stdout.buffer.write(show(ended).encode(errors="surrogateescape"))
