"""Evaluates arguments: expressions become plain values."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from cnnspec.diagnostics import Span
from cnnspec.expressions import Expression, ExpressionError, Value
from cnnspec.expressions.syntax import show
from cnnspec.expressions.work import explain_spent, spend_work
from cnnspec.ops.shapes import Shape
from cnnspec.records import dataclass
from cnnspec.spec.model import (
    Argument,
    Column,
    Formula,
    ListArgument,
    Literal,
    MapArgument,
    Pattern,
    list_formulas,
)


class UnknownValue(Exception):
    """An argument depends on something that is not known: an error says why."""


@dataclass(slots=True)
class BadArgument(Exception):
    """An expression that cannot be evaluated: where, why and what to do."""

    span: Span
    message: str
    help: str = ""


def evaluate(argument: Argument, variables: Mapping[str, Value]) -> Value:
    """The plain value of an argument; raises BadArgument or UnknownValue."""
    if isinstance(argument, Literal):
        return argument.value
    match argument:
        case ListArgument():
            # A written list costs as much as one that is computed.
            if spend_work(len(argument.items)):
                raise BadArgument(argument.span, explain_spent())
            return [evaluate(item, variables) for item in argument.items]
        case MapArgument():
            return {key: evaluate(value, variables) for key, _, value in argument.entries}
        case Column():
            return evaluate_column(argument, variables)
        case Formula():
            source: Formula | Pattern = argument
            names = argument.expression.names
        case Pattern():
            source = argument
            names = argument.template.names
    if not all(name in variables for name in names):
        raise UnknownValue
    try:
        if isinstance(source, Formula):
            return source.expression.evaluate(variables)
        return source.template.evaluate(variables)
    except ExpressionError as error:
        raise BadArgument(place(source, error), error.message, error.help) from None


def evaluate_column(column: Column, variables: Mapping[str, Value]) -> Value:
    """One column of a table; raises BadArgument unless each row has an entry for each."""
    rows, wanted = evaluate(column.rows, variables), len(column.variables)
    if not isinstance(rows, list):
        raise BadArgument(column.span, f"rows must be a list of rows, got {show(rows)}")
    entries: list[Value] = []
    for number, row in enumerate(rows, 1):
        if isinstance(row, list) and len(row) == wanted:
            entries.append(row[column.position])
            continue
        held = f"has {len(row)}" if isinstance(row, list) else f"is {show(row)}"
        message = f"each row needs {wanted} entries, and row {number} {held}"
        written = column.rows.items if isinstance(column.rows, ListArgument) else ()
        span = written[number - 1].span if written else column.span
        help = f"a row holds one entry for each of {', '.join(column.variables)}"
        raise BadArgument(span, message, help)
    return entries


def place(source: Formula | Pattern, error: ExpressionError) -> Span:
    """Where in the file an expression went wrong."""
    return source.span.shift(error.start, error.end)


def find_name(source: Formula | Pattern, name: str) -> Span:
    """Where a name stands in an expression."""
    parts = [source.expression] if isinstance(source, Formula) else source.template.parts
    for part in parts:
        for node in ast.walk(part.tree) if isinstance(part, Expression) else ():
            if isinstance(node, ast.Name) and node.id == name:
                return source.span.shift(node.col_offset, node.end_col_offset or 0)
    return source.span


def needs(argument: Argument) -> frozenset[str]:
    """The names that an argument depends on."""
    names: frozenset[str] = frozenset()
    if isinstance(argument, Literal):
        return names
    for formula in list_formulas(argument):
        names |= (
            formula.expression.names if isinstance(formula, Formula) else formula.template.names
        )
    return names


def view_shape(shape: Shape) -> dict[str, Value]:
    """The sizes of a value as expressions see them: ``x.channels``, ``x.height``."""
    view: dict[str, Value] = {"channels": shape.channels, "features": shape.channels}
    view.update(zip(shape.axes, shape.sizes, strict=True))
    return view
