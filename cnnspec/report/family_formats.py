"""The page of one family, as text, JSON or Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType

from cnnspec.diagnostics import spell_line
from cnnspec.ops.shapes import Shape
from cnnspec.records import dataclass
from cnnspec.report.family import Family, Variant
from cnnspec.report.json_text import write_object
from cnnspec.report.tables import Column, draw_markdown, draw_text

_VARIANTS = (
    Column("Variant"),
    Column("Input", numeric=True),
    Column("Output", numeric=True),
    Column("Parameters", numeric=True),
    Column("MACs", numeric=True),
)
_PARAMETERS = tuple(map(Column, ("Parameter", "Default", "Meaning")))
_BLOCKS = (Column("Block"), Column("Calls", numeric=True), Column("Is"))
_STAGES = (
    Column("Part"),
    Column("Is"),
    Column("Output", numeric=True),
    Column("Parameters", numeric=True),
    Column("MACs", numeric=True),
)
_WITH_SETTINGS = (*_VARIANTS, Column("Sets"))

Draw = Callable[[Sequence[Column], Sequence[Sequence[str]]], str]


@dataclass(frozen=True, slots=True)
class _Part:
    """A section of a page: its heading, what stands there, and whether that is a listing."""

    heading: str
    text: str
    listing: str = ""


def format_text(family: Family) -> str:
    """The page for a terminal."""
    facts = [("paper", spell_line(family.spec.paper)), ("year", family.year), ("task", family.task)]
    head = [_write_title(family), *(f"{word:<6}{fact}" for word, fact in facts if fact)]
    parts = [f"{part.heading}\n\n{part.text}" for part in _list_parts(family, draw_text)]
    return "\n\n".join(["\n".join(head), *parts]) + "\n"


def format_markdown(family: Family) -> str:
    """The page as Markdown."""
    facts = [("Paper", spell_line(family.spec.paper)), ("Year", family.year), ("Task", family.task)]
    head = "\n".join(f"- {word}: {fact}" for word, fact in facts if fact)
    parts = [
        f"## {part.heading}\n\n"
        + (f"```{part.listing}\n{part.text}\n```" if part.listing else part.text)
        for part in _list_parts(family, draw_markdown)
    ]
    summary = f"{spell_line(family.spec.summary)}." if family.spec.summary else ""
    head_parts = [f"# {family.spec.name}", summary, head]
    return "\n\n".join([*filter(None, head_parts), *parts]) + "\n"


def format_json(family: Family) -> str:
    """The page as one JSON object; parameters' defaults and settings are as the spec has them."""
    shown = {
        "name": family.name,
        "title": family.spec.name,
        "summary": family.spec.summary,
        "paper": family.spec.paper,
        "year": family.spec.year,
        "task": family.task or None,
        "variants": [describe_variant(variant) for variant in family.variants],
        "params": [
            {"name": p.name, "default": p.default, "meaning": p.remark} for p in family.parameters
        ],
        "blocks": [
            {"name": block.name, "summary": block.summary, "calls": block.count}
            for block in family.blocks
        ],
        "stages": [
            {
                "path": row.path,
                "op": row.op,
                "output_shape": list(row.output.dims),
                "parameters": row.parameters,
                "macs": row.macs,
            }
            for row in family.stages.layers
        ],
    }
    return write_object(shown)


def describe_variant(variant: Variant) -> dict[str, object]:
    """A variant for programs."""
    return {
        "name": variant.reference,
        "settings": dict(variant.settings),
        "inputs": {name: list(shape.dims) for name, shape in variant.inputs},
        "outputs": {name: list(shape.dims) for name, shape in variant.outputs},
        "parameters": variant.summary.parameters,
        "macs": variant.summary.macs,
    }


def spell_shapes(shapes: Sequence[tuple[str, Shape]]) -> str:
    """The shapes of inputs or outputs, with their names where there are several."""
    if len(shapes) == 1:
        return str(shapes[0][1])
    return ", ".join(f"{name} {shape}" for name, shape in shapes)


def _write_title(family: Family) -> str:
    summary = f": {family.spec.summary}" if family.spec.summary else ""
    return spell_line(f"{family.spec.name}{summary}")


def _list_parts(family: Family, draw: Draw) -> list[_Part]:
    parts = [_Part("Variants", _draw_variants(family, draw))]
    if family.parameters:
        rows = [[p.name, p.default, p.remark] for p in family.parameters]
        parts.append(_Part("Parameters", draw(_PARAMETERS, rows)))
    first = family.variants[0].reference
    rows = [
        [
            row.path,
            row.op,
            str(row.output),
            f"{row.parameters:,}" if row.parameters else "",
            f"{row.macs:,}" if row.macs else "",
        ]
        for row in family.stages.layers
    ]
    parts.append(_Part(f"Parts of {first}", draw(_STAGES, rows)))
    if family.blocks:
        rows = [[block.name, str(block.count), block.summary] for block in family.blocks]
        parts.append(_Part(f"Blocks of {first}", draw(_BLOCKS, rows)))
    return [*parts, _Part("Use", _write_use(family), "sh")]


def _draw_variants(family: Family, draw: Draw) -> str:
    rows = [
        [
            variant.reference,
            spell_shapes(variant.inputs),
            spell_shapes(variant.outputs),
            f"{variant.summary.parameters:,}",
            f"{variant.summary.macs:,}",
            ", ".join(f"{name}: {value}" for name, value in variant.settings),
        ]
        for variant in family.variants
    ]
    if not any(row[-1] for row in rows):
        return draw(_VARIANTS, [row[:-1] for row in rows])
    return draw(_WITH_SETTINGS, rows)


def _write_use(family: Family) -> str:
    """Commands that can be copied."""
    reference = family.variants[0].reference
    setting = " --set classes=10" if any(p.name == "classes" for p in family.parameters) else ""
    lines = [
        (f"cnnspec compile {reference} --target torch{setting}", "or keras, onnx"),
        (f"cnnspec summary {reference}", "all layers"),
        (f"cnnspec init {family.name}", "a copy to change"),
    ]
    width = max(len(command) for command, _ in lines)
    return "\n".join(f"{command:<{width}}  # {remark}" for command, remark in lines)


FORMATS: MappingProxyType[str, Callable[[Family], str]] = MappingProxyType(
    {"text": format_text, "json": format_json, "markdown": format_markdown}
)
