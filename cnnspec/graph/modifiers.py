"""What `when`, `repeat` and `for` may say."""

from __future__ import annotations

from cnnspec.expressions import Value
from cnnspec.expressions.syntax import show
from cnnspec.graph import limits


def check_condition(value: Value) -> str:
    """What is wrong with the value of `when`, or nothing."""
    return "" if isinstance(value, bool) else f"when must be true or false, got {show(value)}"


def check_count(value: Value) -> str:
    """What is wrong with the value of `repeat`, or nothing."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return f"repeat must be a whole number from 0, got {show(value)}"
    if value > limits.MAX_NODES:
        return f"repeat {value:,} is above the limit of {limits.MAX_NODES:,} steps"
    return ""


def check_list(value: Value) -> str:
    """What is wrong with a list of `for`, or nothing."""
    if not isinstance(value, list):
        return f"for needs a list, got {show(value)}"
    if len(value) > limits.MAX_NODES:
        return f"a list of {len(value):,} is above the limit of {limits.MAX_NODES:,} steps"
    return ""
