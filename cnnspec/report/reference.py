"""The reference page of all ops and library blocks, from their own docstrings and fields.

``python -m cnnspec.report.reference > docs/ops.md`` writes it again; a test compares.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from itertools import groupby

from pydantic import ValidationError

from cnnspec.expressions import Expression
from cnnspec.graph.library import load_library
from cnnspec.ops.base import Op
from cnnspec.ops.catalog import ALL_OPS
from cnnspec.ops.shapes import Kind
from cnnspec.spec.model import (
    Argument,
    Block,
    Formula,
    ListArgument,
    Literal,
    MapArgument,
    Pattern,
)

_HEADER = """\
# Ops and library blocks

Every op that a spec can name, and every block that ships with the tool. This page is made from
the ops' own docstrings and fields; `make docs` writes it again.

A *bare argument* is one without a field's name: `linear: 10` is `linear: {out_features: 10}`.
Sizes are written for each axis of the map in the order of its input: `[height, width]`. A field
without a default must be given.
"""

_KINDS = {Kind.MAP: "feature maps", Kind.VECTOR: "vectors", Kind.TOKENS: "tokens"}


def write_reference() -> str:
    """The whole page as Markdown."""
    return "\n".join([_HEADER, *_describe_families(), *_describe_blocks()])


def _describe_families() -> Iterator[str]:
    for module, ops in groupby(ALL_OPS, lambda op: op.__module__):
        family = inspect.getdoc(sys.modules[module]) or ""
        yield f"## {family.splitlines()[0].rstrip('.')}\n"
        for op in ops:
            yield _describe_op(op)


def _describe_op(op: type[Op]) -> str:
    """One op: what it computes, what it takes, and its fields."""
    parts = [f"### `{op.op}`", inspect.getdoc(op) or "", _say_input(op)]
    if op.model_fields:
        parts.append(_draw_fields(op))
    return "\n\n".join(parts) + "\n"


def _say_input(op: type[Op]) -> str:
    if op.merges:
        return f"Takes two named values or more: `{op.op}: [shortcut, _]`."
    *others, last = [_KINDS[kind] for kind in Kind if kind in op.kinds]
    takes = f"{', '.join(others)} and {last}" if others else last
    bare = f" A bare argument is its `{op.principal}`." if op.principal else ""
    return f"Takes {takes}.{bare}"


def _draw_fields(op: type[Op]) -> str:
    rows = ["| Field | Takes | Default | Meaning |", "| --- | --- | --- | --- |"]
    for name, info in op.model_fields.items():
        default = "" if info.is_required() else f"`{_spell(info.default)}`"
        rows.append(f"| `{name}` | {_say_values(op, name)} | {default} | {info.description} |")
    return "\n".join(rows)


def _say_values(op: type[Op], name: str) -> str:
    """What a field takes, in the words of its own error message."""
    try:
        op.model_validate({name: object()})
    except ValidationError as error:
        for entry in error.errors():
            if entry["loc"][0] == name and entry["type"] == "field":
                return entry["msg"].removeprefix("must be ").rpartition(", got ")[0]
    raise TypeError(f"{op.op}.{name} takes anything")


def _describe_blocks() -> Iterator[str]:
    yield "## Library blocks\n"
    yield (
        "A parameter without a default must be given. A bare argument is the first parameter.\n"
        "A block of your own hides the library's of the same name.\n"
    )
    for block in load_library().values():
        yield f"### `{block.name}`\n\n{block.summary}.\n\n{_list_parameters(block)}\n"


def _list_parameters(block: Block) -> str:
    shown = [
        f"`{name}`" if default is None else f"`{name}={_spell_argument(default)}`"
        for name, default in block.parameters.items()
    ]
    return f"Parameters: {', '.join(shown)}." if shown else "No parameters."


def _spell_argument(argument: Argument) -> str:
    """An argument as a spec has it."""
    match argument:
        case Literal(value=value):
            return _spell(value)
        case Formula(expression=expression):
            return _spell_formula(expression)
        case Pattern(template=template):
            return "".join(p if isinstance(p, str) else _spell_formula(p) for p in template.parts)
        case ListArgument(items=items):
            return f"[{', '.join(map(_spell_argument, items))}]"
        case MapArgument(entries=entries):
            inner = (f"{name}: {_spell_argument(value)}" for name, _, value in entries)
            return f"{{{', '.join(inner)}}}"


def _spell_formula(expression: Expression) -> str:
    text = expression.text
    return f"${text}" if text.isidentifier() else f"$({text})"


def _spell(value: object) -> str:
    """A plain value as YAML has it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    sys.stdout.write(write_reference())
