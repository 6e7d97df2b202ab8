"""The lists that generated loops walk, as short as they can be said."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.backends.base import Fact
from cnnspec.backends.pycode import Call, Expr, literal


def say_values(values: Sequence[Fact]) -> Expr:
    """A list for a loop: numbers that count up are a range."""
    numbers = [value for value in values if isinstance(value, int) and not isinstance(value, bool)]
    if len(numbers) == len(values) > 2:
        start = numbers[0]
        if numbers == list(range(start, start + len(numbers))):
            return say_range(start, literal(start + len(numbers)))
    return literal(tuple(values))


def say_range(start: int, end: Expr) -> Expr:
    """A range that begins with 0 or another number."""
    return Call("range", (literal(start), end) if start else (end,))
