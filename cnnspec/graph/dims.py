"""The axes of a value as text: numbers, and formulas where sizes are open."""

from __future__ import annotations

from collections.abc import Sequence


def write_dims(dims: Sequence[int | str], joint: str = "x") -> str:
    """Axes as one text; formulas are set apart, and a sum among them is put into brackets."""
    if all(isinstance(dim, int) for dim in dims):
        return joint.join(map(str, dims))
    return " x ".join(f"({dim})" if is_sum(str(dim)) else str(dim) for dim in dims)


def is_sum(text: str) -> bool:
    """Whether a formula has a plus or a minus outside of its brackets."""
    depth = 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == " " and not depth:
            return True
    return False
