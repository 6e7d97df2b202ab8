"""What `when`, `repeat` and `for` may say; each check gives the rule broken and a message."""

from __future__ import annotations

from cnnspec.expressions import Value
from cnnspec.expressions.syntax import show
from cnnspec.graph import limits
from cnnspec.spec.model import Literal, Step

Problem = tuple[str, str]


def check_condition(value: Value) -> Problem | None:
    """What is wrong with the value of `when`."""
    return _check_truth("when", value)


def check_shortcut_condition(value: Value) -> Problem | None:
    """What is wrong with the value of `shortcut_when`."""
    return _check_truth("shortcut_when", value)


def _check_truth(word: str, value: Value) -> Problem | None:
    if isinstance(value, bool):
        return None
    return "invalid-modifier", f"{word} must be true or false, got {show(value)}"


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


def explain_turn_name(step: Step) -> tuple[str, ...]:
    """What to call the turns of a loop instead of one name for all."""
    assert isinstance(step.name, Literal)
    if step.loop:
        variable = step.loop[0][0]
        return (f"put a variable of the loop into the name: {step.name.value}$({variable})",)
    return (
        f"give it no name, or count the turns: for: {{i: $(range(3))}} with "
        f"name: {step.name.value}$(i)",
    )
