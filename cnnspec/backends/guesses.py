"""Expressions that may be right for a value in generated code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from cnnspec.backends.base import Fact
from cnnspec.backends.rows import Row
from cnnspec.expressions import Expression, Value, bind_names
from cnnspec.naming import variable_name
from cnnspec.records import dataclass
from cnnspec.spec.model import Argument, Formula, Pattern

# The variable of generated loops that carries the channels from one turn to the next. No name in
# a spec can be this.
CARRIED = "*channels"


@dataclass(frozen=True, slots=True)
class Guess:
    """An expression that may be right: its text, the variables it needs, and how to compute it.

    With `words` its variable holds a kind of layer, and they say what each word is in code.
    `iterated` is the text where a value is only gone through.
    """

    text: str
    names: frozenset[str]
    compute: Callable[[Mapping[str, Value]], Value]
    functions: frozenset[str] = frozenset()
    expression: Expression | None = None
    words: Mapping[str, Fact] | None = None
    iterated: str = ""

    def bind(self, rows: Sequence[Row], fixed: Mapping[str, Value]) -> Guess | None:
        """The guess with values in the place of names that the code has not.

        They are those of loop variables, where all rows agree, and of the network's `fixed`
        parameters.
        """
        missing = self.names - rows[0].variables.keys()
        if self.expression is None or not missing or missing == self.names:
            return None
        values: dict[str, Value] = {}
        for name in missing:
            first = rows[0].constants.get(name, fixed.get(name))
            if not isinstance(first, bool | int | str) or (isinstance(first, int) and first < 0):
                return None
            if any(row.constants.get(name, fixed.get(name)) != first for row in rows):
                return None
            values[name] = first
        return guess_expression(bind_names(self.expression, values))


def guess_expression(expression: Expression, carried: str = "") -> Guess:
    """A guess from an expression; `carried` is what the carried variable is called."""

    def compute(variables: Mapping[str, Value]) -> Value:
        return expression.evaluate({name: variables[name] for name in expression.names})

    spelling = {n: carried if n == CARRIED else variable_name(n) for n in expression.names}
    text, iterated = (expression.unparse(spelling, each) for each in (False, True))
    return Guess(
        text, expression.names, compute, expression.functions, expression, iterated=iterated
    )


def guess_word(expression: Expression, words: Mapping[str, Fact]) -> tuple[Guess, ...]:
    """The guess that a variable holds the kind of layer which an author's words stand for."""
    if not expression.text.isidentifier():
        return ()

    def compute(variables: Mapping[str, Value]) -> Value:
        word = variables[expression.text]
        found = words.get(word) if isinstance(word, str) else None
        return found if isinstance(found, str) else None

    text = variable_name(expression.text)
    return (Guess(text, frozenset({expression.text}), compute, expression=expression, words=words),)


def guess_argument(
    argument: Argument | None, words: Mapping[str, Fact] | None = None
) -> tuple[Guess, ...]:
    """The guesses that an argument as written gives; `words` as for a kind of layer."""
    if not isinstance(argument, Formula):
        return ()
    if words is not None:
        return guess_word(argument.expression, words)
    return (guess_expression(argument.expression),)


def guess_text(argument: Argument) -> tuple[Guess, ...]:
    """The guess that a text with expressions in it gives."""
    if not isinstance(argument, Pattern):
        return guess_argument(argument)
    template = argument.template
    text = ""
    for part in template.parts:
        spelling = {} if isinstance(part, str) else {n: variable_name(n) for n in part.names}
        text += part if isinstance(part, str) else f"{{{part.unparse(spelling)}}}"
    if re.search(r"[\"'\\]", text):
        return ()

    def compute(variables: Mapping[str, Value]) -> Value:
        return template.evaluate({name: variables[name] for name in template.names})

    return (Guess(f'f"{text}"', template.names, compute),)


NOTHING = Guess("", frozenset(), lambda variables: None)
