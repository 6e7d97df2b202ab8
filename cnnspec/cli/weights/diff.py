"""Compare two files of weights, and show all differences, the worst first.

With --spec the files may be of different formats. The exit code is 1 where they differ. NaN in the
same place of both is equal, and said.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from cnnspec.cli.console import print_notes
from cnnspec.cli.weights.opening import add_reading, add_spec, open_any
from cnnspec.report.tables import Column, draw_text

if TYPE_CHECKING:
    from cnnspec.weights.compare import Difference

_COLUMNS = (
    Column("Name"),
    Column("Differs"),
    Column("Max abs", numeric=True),
    Column("Max rel", numeric=True),
    Column("Numbers", numeric=True),
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the subcommand's options."""
    parser.add_argument("first", metavar="A", type=Path, help="a file of weights")
    parser.add_argument("second", metavar="B", type=Path, help="another")
    add_spec(parser, required=False)
    add_reading(parser)
    parser.add_argument(
        "--tolerance",
        metavar="T",
        type=_parse_tolerance,
        default=0.0,
        help="how far numbers may differ, as a share of the array's largest (default: 0)",
    )


def run(options: Namespace) -> int:
    """Print the differences between two files."""
    from cnnspec.weights.compare import compare_arrays
    from cnnspec.weights.figures import Census

    census = Census()
    with open_any(options.first, options) as first, open_any(options.second, options) as second:
        differences = compare_arrays(first, second, options.tolerance, census)
    print_notes(census.describe())
    if not differences:
        print(f"the same: {len(first.entries)} arrays")
        return 0
    print(draw_text(_COLUMNS, [_list_cells(each) for each in differences]))
    print(
        f"\n{len(differences)} of {len(first.entries.keys() | second.entries.keys())} arrays differ"
    )
    return 1


def _list_cells(each: Difference) -> list[str]:
    if each.reason:
        return [each.name, each.reason, "", "", ""]
    return [
        each.name, "in numbers", f"{each.absolute:.1e}", f"{each.relative:.1e}",
        f"{each.count} of {each.size}",
    ]  # fmt: skip


def _parse_tolerance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not isfinite(value) or value < 0:
        raise ArgumentTypeError(f"'{text}' is not a number of 0 or more")
    return value
