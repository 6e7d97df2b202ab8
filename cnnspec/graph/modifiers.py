"""What `when`, `repeat` and `for` may say; each check gives the rule broken and a message."""

from __future__ import annotations

from cnnspec.expressions import Value
from cnnspec.expressions.syntax import show
from cnnspec.graph import limits

Problem = tuple[str, str]


def check_condition(value: Value) -> Problem | None:
    """What is wrong with the value of `when`."""
    if isinstance(value, bool):
        return None
    return "invalid-modifier", f"when must be true or false, got {show(value)}"


def check_count(value: Value) -> Problem | None:
    """What is wrong with the value of `repeat`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return "invalid-modifier", f"repeat must be a whole number from 0, got {show(value)}"
    return _check_turns("repeat", value)


def check_list(value: Value) -> Problem | None:
    """What is wrong with a list of `for`."""
    if not isinstance(value, list):
        return "invalid-modifier", f"for needs a list, got {show(value)}"
    return _check_turns("a list of", len(value))


def _check_turns(what: str, turns: int) -> Problem | None:
    if turns <= limits.MAX_NODES:
        return None
    return "too-large", f"{what} {turns:,} is above the limit of {limits.MAX_NODES:,} turns"
