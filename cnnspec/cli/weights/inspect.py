"""Show what is in a file of weights: names, shapes, types and figures.

The mean, the deviation and the limits are those of the finite numbers; NaN and infinite ones are
counted beside them. With --spec the names are the network's, and all that does not fit is named.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnnspec.cli.weights.opening import add_reading, add_spec, open_any
from cnnspec.report.json_text import write_json
from cnnspec.report.tables import Column, draw_text

if TYPE_CHECKING:
    from cnnspec.weights.compare import Arrays
    from cnnspec.weights.figures import Figures

_COLUMNS = (
    Column("Name"),
    Column("Shape"),
    Column("Type"),
    *(Column(name, numeric=True) for name in ("Mean", "Std", "Min", "Max", "NaN", "Inf")),
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the subcommand's options."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the file to look at")
    add_spec(parser, required=False)
    add_reading(parser)
    parser.add_argument("--format", choices=list(FORMATS), default="text", help="how it is shown")


def run(options: Namespace) -> int:
    """Print the figures of every array in a file."""
    from cnnspec.weights.figures import measure_array

    with open_any(options.file, options) as arrays:
        found = {name: measure_array(arrays.read(name)) for name in arrays.entries}
        print(FORMATS[options.format](arrays, found), end="")
    return 0


def _format_text(arrays: Arrays, found: Mapping[str, Figures]) -> str:
    cells = []
    for name, each in found.items():
        entry = arrays.entries[name]
        figures = (each.mean, each.deviation, each.minimum, each.maximum)
        shown = ["" if figure is None else f"{figure:.4g}" for figure in figures]
        shape = "x".join(map(str, entry.shape))
        cells.append([name, shape, entry.dtype, *shown, str(each.unknown), str(each.infinite)])
    numbers = sum(prod(entry.shape) for entry in arrays.entries.values())
    return f"{draw_text(_COLUMNS, cells)}\n\n{len(found)} arrays, {numbers:,} numbers\n"


def _format_json(arrays: Arrays, found: Mapping[str, Figures]) -> str:
    listed = [
        {
            "name": name,
            "shape": list(arrays.entries[name].shape),
            "dtype": arrays.entries[name].dtype,
            "mean": each.mean,
            "std": each.deviation,
            "min": each.minimum,
            "max": each.maximum,
            "nan": each.unknown,
            "inf": each.infinite,
        }
        for name, each in found.items()
    ]
    return write_json({"metadata": dict(arrays.metadata), "arrays": listed})


FORMATS: MappingProxyType[str, Callable[[Arrays, Mapping[str, Figures]], str]] = MappingProxyType(
    {"text": _format_text, "json": _format_json}
)
