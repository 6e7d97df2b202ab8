"""The page of an op, from its docstring, its fields, its example and what backends make of that."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from itertools import groupby

from cnnspec.ops.base import Op
from cnnspec.ops.catalog import ALL_OPS
from cnnspec.ops.describe import read_docstring, say_values
from cnnspec.ops.shapes import Kind
from cnnspec.report.tables import Column, draw_markdown
from cnnspec.spec.spelling import spell
from reference.examples import show_op
from reference.levelled import list_remarks, make_anchor
from reference.written import draw_layers, write_backends

_INDEX = """\
# Ops

Every op that a spec can name. An op's page has its fields, its formulas, and what each backend
writes for it. [The spec language](../../language.md#steps) says how steps are put together.

Sizes are written for each axis of the map in the order of its input: `[length]`,
`[height, width]` or `[depth, height, width]`. With two for each axis they are `[start, end]`,
`[top, bottom, left, right]` or `[front, back, top, bottom, left, right]`. A *bare
argument* is one without a field's name: `linear: 10` is `linear: {out_features: 10}`.
"""

_KINDS = {Kind.MAP: "feature maps", Kind.VECTOR: "vectors", Kind.TOKENS: "tokens"}
_FIELDS = tuple(map(Column, ("Field", "Meaning", "Takes", "Default")))


def write_op_index() -> str:
    """The list of all ops by family."""
    parts = [_INDEX]
    for module, ops in groupby(ALL_OPS, lambda op: op.__module__):
        family = inspect.getdoc(sys.modules[module]) or ""
        rows = [[f"[`{op.op}`]({op.op}.md)", _read_summary(op)] for op in ops]
        table = draw_markdown((Column("Op"), Column("Computes")), rows)
        parts.append(f"## {family.splitlines()[0].rstrip('.')}\n\n{table}\n")
    return "\n".join(parts)


def write_op(op: type[Op]) -> str:
    """The page of one op."""
    prose, facts = read_docstring(op)
    example = show_op(op)
    network = example.load()
    parts = [
        f"# {op.op}",
        prose,
        _say_input(op),
        "\n".join(f"- **{label}:** {text}" for label, text in _list_facts(op, facts)),
        *(["## Fields", _draw_fields(op)] if op.model_fields else []),
        "## Example",
        f"```yaml\n{example.text}```",
        draw_layers(network),
        "## What each backend writes",
        *write_backends(network),
        *_list_differences(op),
    ]
    return "\n\n".join(parts) + "\n"


def _read_summary(op: type[Op]) -> str:
    """The first sentence of an op's docstring."""
    prose, _ = read_docstring(op)
    return prose.split("\n\n")[0].replace("\n", " ").rstrip(".")


def _list_facts(op: type[Op], facts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What the docstring says, and what holds for every op that does not override a rule."""
    if "Formula" in facts:
        yield "Formula", facts["Formula"]
    rules = (
        ("Shape", "infer_shape", "that of the input."),
        ("Weights", "list_weights", "none."),
        ("MACs", "count_macs", "none are counted."),
    )
    for label, rule, otherwise in rules:
        inherited = getattr(op, rule) is getattr(Op, rule)
        if not inherited and label not in facts:
            raise ValueError(f"{op.op} has {rule} of its own; its docstring lacks '{label}:'")
        yield label, facts.get(label, otherwise)
    if "Source" in facts:
        yield "Source", facts["Source"]


def _say_input(op: type[Op]) -> str:
    if op.merges:
        return f"Takes two named values or more: `{op.op}: [shortcut, _]`."
    *others, last = [_KINDS[kind] for kind in Kind if kind in op.kinds]
    takes = f"{', '.join(others)} and {last}" if others else last
    bare = f" A bare argument is its `{op.principal}`." if op.principal else ""
    return f"Takes {takes}.{bare}"


def _draw_fields(op: type[Op]) -> str:
    rows = [
        [
            f"`{name}`",
            info.description or "",
            say_values(op, name),
            "required" if info.is_required() else f"`{spell(info.default)}`",
        ]
        for name, info in op.model_fields.items()
    ]
    return draw_markdown(_FIELDS, rows)


def _list_differences(op: type[Op]) -> Iterator[str]:
    remarks = list_remarks(op.op)
    if remarks:
        yield "## Differences that are levelled"
    for heading, found in groupby(remarks, lambda remark: remark.heading):
        link = f"[{heading}](../../semantics.md#{make_anchor(heading)})"
        yield f"From {link}:"
        yield "\n".join("- " + remark.text.replace("\n", "\n  ") for remark in found)
