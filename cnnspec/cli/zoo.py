"""List the networks that ship with the tool, with their variants and figures."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from textwrap import shorten
from types import MappingProxyType

from cnnspec.cli.arguments import open_network
from cnnspec.cli.failures import UsageError, keep_texts
from cnnspec.naming import nearest
from cnnspec.network import Network
from cnnspec.records import dataclass
from cnnspec.report.summary import Summary
from cnnspec.report.tables import Column, draw_markdown, draw_text
from cnnspec.resources import list_zoo

_COLUMNS = (
    Column("Name"),
    Column("Input", numeric=True),
    Column("Parameters", numeric=True),
    Column("MACs", numeric=True),
    Column("What it is"),
)

# What a terminal of 100 columns has left beside the figures; the other formats have it all.
_TEXT_WIDTH = 39


@dataclass(frozen=True, slots=True)
class Entry:
    """One variant of a zoo spec: what to call it, what it says of itself, what it costs."""

    name: str
    text: str
    paper: str
    summary: Summary


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="show this family only")
    parser.add_argument("--format", choices=list(FORMATS), default="text", help="how it is shown")


def run(options: Namespace) -> int:
    """Print every variant of every family, or of one."""
    names = list_zoo()
    if options.name is not None:
        if options.name not in names:
            hint = nearest(options.name, names)
            advice = f"did you mean '{hint}'?" if hint else f"it holds: {', '.join(names)}"
            raise UsageError(f"the zoo has no '{options.name}'; {advice}")
        names = (options.name,)
    entries = [entry for name in names for entry in _measure_family(name)]
    print(FORMATS[options.format](entries), end="")
    return 0


def _measure_family(name: str) -> list[Entry]:
    network = open_network(name, ())
    with keep_texts(network):
        spec = network.spec
        references = [f"{name}:{variant}" for variant in spec.variants] or [name]
        return [
            Entry(reference, spec.summary, spec.paper, _measure(reference))
            for reference in references
        ]


def _measure(reference: str) -> Summary:
    network: Network = open_network(reference, ())
    return network.summary()


def _list_cells(entry: Entry) -> list[str]:
    return [
        entry.name,
        " ".join(str(shape) for _, shape in entry.summary.inputs),
        f"{entry.summary.parameters:,}",
        f"{entry.summary.macs:,}",
        entry.text,
    ]


def _format_text(entries: Sequence[Entry]) -> str:
    cells = [
        [*figures, shorten(text, _TEXT_WIDTH, placeholder=" ...")]
        for *figures, text in map(_list_cells, entries)
    ]
    return draw_text(_COLUMNS, cells) + "\n"


def _format_markdown(entries: Sequence[Entry]) -> str:
    return draw_markdown(_COLUMNS, [_list_cells(entry) for entry in entries]) + "\n"


def _format_json(entries: Sequence[Entry]) -> str:
    shown = [
        {
            "name": entry.name,
            "summary": entry.text,
            "paper": entry.paper,
            "inputs": {name: list(shape.dims) for name, shape in entry.summary.inputs},
            "parameters": entry.summary.parameters,
            "macs": entry.summary.macs,
        }
        for entry in entries
    ]
    return json.dumps(shown, indent=2) + "\n"


FORMATS: MappingProxyType[str, Callable[[Sequence[Entry]], str]] = MappingProxyType(
    {"text": _format_text, "json": _format_json, "markdown": _format_markdown}
)
