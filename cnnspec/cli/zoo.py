"""List the networks that ship with the tool, or show one family: variants, parameters, parts."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from types import MappingProxyType

from cnnspec.cli.arguments import open_network
from cnnspec.cli.failures import UsageError, keep_texts
from cnnspec.naming import nearest
from cnnspec.report.family import Family, describe_family
from cnnspec.report.family_formats import FORMATS as PAGES
from cnnspec.report.family_formats import describe_variant, spell_shapes
from cnnspec.report.json_text import write_json
from cnnspec.report.tables import Column, draw_markdown, draw_text
from cnnspec.resources import list_zoo

_COLUMNS = (
    Column("Name"),
    Column("Year", numeric=True),
    Column("Task"),
    Column("Input", numeric=True),
    Column("Parameters", numeric=True),
    Column("MACs", numeric=True),
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="show this family; without it, list all networks"
    )
    parser.add_argument("--format", choices=list(FORMATS), default="text", help="how it is shown")


def run(options: Namespace) -> int:
    """Print every variant of every family, or the page of one family."""
    names = list_zoo()
    if options.name is None:
        print(FORMATS[options.format]([measure_family(name) for name in names]), end="")
        return 0
    if options.name not in names:
        hint = nearest(options.name, names)
        advice = f"did you mean '{hint}'?" if hint else f"it holds: {', '.join(names)}"
        raise UsageError(f"the zoo has no '{options.name}'; {advice}")
    print(PAGES[options.format](measure_family(options.name)), end="")
    return 0


def measure_family(name: str) -> Family:
    """A family of the zoo with the figures of its variants."""
    network = open_network(name, ())
    with keep_texts(network):
        references = [f"{name}:{variant}" for variant in network.spec.variants] or [name]
        graphs = [open_network(reference, ()).graph for reference in references]
        return describe_family(name, network.spec, graphs)


def list_cells(family: Family) -> list[list[str]]:
    """A row for each variant."""
    return [
        [
            variant.reference,
            family.year,
            family.task,
            spell_shapes(variant.inputs),
            f"{variant.summary.parameters:,}",
            f"{variant.summary.macs:,}",
        ]
        for variant in family.variants
    ]


def _format_text(families: Sequence[Family]) -> str:
    return draw_text(_COLUMNS, [row for family in families for row in list_cells(family)]) + "\n"


def _format_markdown(families: Sequence[Family]) -> str:
    rows = [row for family in families for row in list_cells(family)]
    return draw_markdown(_COLUMNS, rows) + "\n"


def _format_json(families: Sequence[Family]) -> str:
    shown = [
        {
            "family": family.name,
            "summary": family.spec.summary,
            "paper": family.spec.paper,
            "year": family.spec.year,
            "task": family.task or None,
            **describe_variant(variant),
        }
        for family in families
        for variant in family.variants
    ]
    return write_json(shown)


FORMATS: MappingProxyType[str, Callable[[Sequence[Family]], str]] = MappingProxyType(
    {"text": _format_text, "json": _format_json, "markdown": _format_markdown}
)
