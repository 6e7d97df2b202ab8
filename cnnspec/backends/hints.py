"""The type hints of arguments in generated code."""

from __future__ import annotations

from collections.abc import Iterable

from cnnspec.backends.base import Fact
from cnnspec.backends.pytext import Reference


def join_hints(values: Iterable[Fact]) -> str:
    """The type hint for an argument with any of some values."""
    hints = {hint_type(value) for value in values}
    if hints == {"int", "tuple[int, ...]"}:
        # A size that is given for each axis where it is not alike for all.
        ranks = {len(value) for value in values if isinstance(value, tuple)}
        sizes = (f"tuple[{', '.join(['int'] * rank)}]" for rank in sorted(ranks))
        return " | ".join(("int", *sizes))
    return "float" if hints == {"float", "int"} else " | ".join(sorted(hints))


def hint_type(value: Fact) -> str:
    """The type hint for an argument with that value."""
    if isinstance(value, tuple):
        inner = {hint_type(item) for item in value} or {"int"}
        return f"tuple[{inner.pop() if len(inner) == 1 else 'object'}, ...]"
    if isinstance(value, Reference):
        return "type[nn.Module]"
    return "None" if value is None else type(value).__name__
