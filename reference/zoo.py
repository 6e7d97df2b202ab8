"""The gallery: a table of all networks that ship with the tool, and a page for each family."""

from __future__ import annotations

from functools import cache

from cnnspec.cli.zoo import list_cells, measure_family
from cnnspec.report.family import Family
from cnnspec.report.family_formats import format_markdown
from cnnspec.report.tables import Column, draw_markdown
from cnnspec.resources import list_zoo

_INDEX = """\
# The zoo

The networks that ship with the tool: `cnnspec zoo` lists them, and `cnnspec zoo resnet` shows the
page of one family. The tests hold parameters and MACs (multiply-accumulates of convolution and
linear layers for one sample) against figures that were measured on other implementations, and the
names of layers against public checkpoints, where there are any.
"""
_NETWORKS = (
    Column("Network"),
    Column("Year", numeric=True),
    Column("Task"),
    Column("Input", numeric=True),
    Column("Parameters", numeric=True),
    Column("MACs", numeric=True),
)
_FAMILIES = (
    Column("Family"),
    Column("Year", numeric=True),
    Column("Task"),
    Column("Variants"),
    Column("Parameters", numeric=True),
    Column("What it is"),
)


@cache
def _find_family(name: str) -> Family:
    return measure_family(name)


def write_zoo_index() -> str:
    """The table of all variants."""
    rows = []
    for name in list_zoo():
        for reference, *rest in list_cells(_find_family(name)):
            rows.append([f"[`{reference}`]({name}.md)", *rest])
    return f"{_INDEX}\n{draw_markdown(_NETWORKS, rows)}\n"


def write_family(name: str) -> str:
    """The page of one family."""
    return format_markdown(_find_family(name))


def write_families(folder: str) -> str:
    """A table with one row for each family; `folder` is where their pages are."""
    rows = []
    for family in map(_find_family, list_zoo()):
        counts = [variant.summary.parameters for variant in family.variants]
        least, most = (f"{count:,}" for count in (min(counts), max(counts)))
        rows.append(
            [
                f"[`{family.name}`]({folder}/{family.name}.md)",
                family.year,
                family.task,
                ", ".join(family.spec.variants),
                least if least == most else f"{least} to {most}",
                family.spec.summary,
            ]
        )
    return draw_markdown(_FAMILIES, rows) + "\n"
