"""Names with variables of the author's in them, as f-strings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.guesses import Guess, guess_expression
from cnnspec.backends.rows import Row
from cnnspec.backends.units import Unit
from cnnspec.expressions import Expression, ExpressionError, Value
from cnnspec.spec.model import Formula, Pattern


def say_pattern(
    unit: Unit, name: Formula | Pattern, values: Sequence[str], rows: Sequence[Row]
) -> str:
    """The author's own text for a name, where its variables are those of the code."""
    parts = name.template.parts if isinstance(name, Pattern) else (name.expression,)
    said = [part if isinstance(part, str) else _say_value(unit, part, rows) for part in parts]
    for row, value in zip(rows, values, strict=True):
        if value != "".join(p if isinstance(p, str) else _fill(p, row) for p in said):
            raise UnshareableError("a name cannot be written as an f-string")
    text = ""
    for part in said:
        if isinstance(part, Guess):
            unit.take(part)
        text += part if isinstance(part, str) else f"{{{part.text}}}"
    return text


def _say_value(unit: Unit, expression: Expression, rows: Sequence[Row]) -> str | Guess:
    """A part of a name: code, or its value where the code has none of its variables."""
    guess = unit.resolve(guess_expression(expression))
    guess = guess.bind(rows, {}) or guess
    if not guess.names or not guess.names & rows[0].variables.keys():
        value = _compute(guess, {**rows[0].variables, **rows[0].constants})
        if all(_compute(guess, {**row.variables, **row.constants}) == value for row in rows):
            return str(value)
    # Before Python 3.12 an f-string cannot hold its own quotes.
    if any(mark in guess.text for mark in "'\"{}\\"):
        raise UnshareableError("a name's expression cannot stand in an f-string")
    return guess


def _fill(guess: Guess, row: Row) -> str:
    """What an f-string makes of an expression in one row."""
    return str(_compute(guess, row.variables))


def _compute(guess: Guess, variables: Mapping[str, Value]) -> Value:
    """The value of an expression; raises UnshareableError where it has none."""
    try:
        return guess.compute(variables)
    except (KeyError, ExpressionError):
        raise UnshareableError("a name's expression has no value here") from None
