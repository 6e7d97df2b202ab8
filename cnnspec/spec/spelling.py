"""Arguments as a spec has them: the way back from what was read to text."""

from __future__ import annotations

from cnnspec.expressions import Expression
from cnnspec.spec.model import (
    Argument,
    Column,
    Formula,
    ListArgument,
    Literal,
    MapArgument,
    Pattern,
)


def spell_argument(argument: Argument) -> str:
    """An argument as YAML has it."""
    match argument:
        case Literal(value=value):
            return spell(value)
        case Formula(expression=expression):
            return _spell_formula(expression)
        case Pattern(template=template):
            return "".join(p if isinstance(p, str) else _spell_formula(p) for p in template.parts)
        case ListArgument(items=items):
            return f"[{', '.join(map(spell_argument, items))}]"
        case MapArgument(entries=entries):
            inner = (f"{name}: {spell_argument(value)}" for name, _, value in entries)
            return f"{{{', '.join(inner)}}}"
        case Column(rows=rows):
            return spell_argument(rows)


def spell(value: object) -> str:
    """A plain value as YAML has it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _spell_formula(expression: Expression) -> str:
    text = expression.text
    return f"${text}" if text.isidentifier() else f"$({text})"
