"""How a unit's code passes arguments to the class or function of a block or stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnspec.backends.base import Fact
from cnnspec.backends.channels import ChannelFinder
from cnnspec.backends.guesses import Guess, guess_argument, guess_word
from cnnspec.backends.pycode import Expr
from cnnspec.backends.rows import Row
from cnnspec.backends.units import (
    IN_CHANNELS,
    Unit,
    list_parameters,
    same,
)
from cnnspec.expressions import parse_expression
from cnnspec.graph.arguments import read_given
from cnnspec.graph.ir import CallItem, GroupItem
from cnnspec.naming import variable_name
from cnnspec.spec.model import Argument

Keywords = tuple[tuple[str, Expr], ...]


def pass_arguments(
    finder: ChannelFinder,
    unit: Unit,
    rows: Sequence[Row],
    callee: Unit,
    indices: Sequence[int],
    with_channels: bool = True,
) -> tuple[tuple[Expr, ...], Keywords]:
    """The arguments of a call, by position and by keyword; defaults are left out.

    `indices` says which of the callee's uses each row is.
    """
    positional: list[Expr] = []
    keywords: list[tuple[str, Expr]] = []
    parameters = list_parameters(callee, with_channels)
    own = [p for p in parameters if p.name in callee.parameters and not p.has_default]
    given = read_arguments(rows)
    for parameter in parameters:
        name = parameter.name
        if name == IN_CHANNELS:
            positional.append(finder.say(unit, rows, [row.item.input for row in rows]))
            continue
        source = callee.extras.get(name)
        if source is None:
            source = [callee.translate(name, use.variables[name]) for use in callee.uses]
        values = [source[index] for index in indices]
        words = callee.words.get(name)
        if name in callee.computed and name not in given and words is None:
            continue
        guesses: tuple[Guess, ...] = ()
        if name not in callee.extras:
            guesses = guess_argument(given.get(name), words) or guess_same(name, rows, words)
        is_default = all(same(value, parameter.default) for value in values)
        # What follows a variable is passed even where the two agree: the variable may change.
        follows = any(guess.names and guess.names <= rows[0].variables.keys() for guess in guesses)
        if parameter.has_default and is_default and not follows:
            continue
        expr = unit.choose(rows, values, guesses, name)
        # One size needs no name; several would be a riddle.
        if parameter.has_default or name in callee.extras or len(own) > 1:
            keywords.append((parameter.code_name, expr))
        else:
            positional.append(expr)
    return tuple(positional), tuple(keywords)


def guess_same(
    name: str, rows: Sequence[Row], words: Mapping[str, Fact] | None
) -> tuple[Guess, ...]:
    """For a stage: the variable of the same name around it."""
    if not isinstance(rows[0].item, GroupItem):
        return ()
    if words is not None:
        return guess_word(parse_expression(name), words)
    return (Guess(variable_name(name), frozenset({name}), lambda values: values[name]),)


def read_arguments(rows: Sequence[Row]) -> Mapping[str, Argument]:
    """The arguments of a block call as written."""
    item = rows[0].item
    if not isinstance(item, CallItem):
        return {}
    given = read_given(item.step, next(iter(item.block.parameters), None)) or ()
    return {name: argument for name, _, argument in given}
