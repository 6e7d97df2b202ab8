"""Steps whose op is given as a word: where uses give different ones, code has an argument for it.

That is for ops without fields or weights, whose layers are made alike. Others get a second class.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnnspec.backends.base import Fact, UnshareableError
from cnnspec.backends.guesses import guess_word
from cnnspec.backends.pycode import Expr
from cnnspec.backends.rows import Row
from cnnspec.backends.units import Unit
from cnnspec.graph.ir import OpItem


def choose_kind(
    unit: Unit, rows: Sequence[Row], spell: Callable[[Sequence[Row]], Fact]
) -> Expr | None:
    """The code for the kind of a layer that is not the same in all rows; None where it is.

    `spell` says what the code has for the op that some rows agree in.
    """
    choice = rows[0].item.step.choice
    parts: dict[str, list[Row]] = {}
    for row in rows:
        if not isinstance(row.item, OpItem):
            return None
        parts.setdefault(row.item.node.op.op, []).append(row)
    if choice is None:
        return None
    name = choice.expression.text
    if len(parts) == 1 and name not in unit.words:
        # What a step's code has as a name cannot be an argument for another's.
        unit.plain.add(name)
        return None
    saved = unit.save()
    try:
        words = {word: spell(part) for word, part in parts.items()}
    except UnshareableError:
        unit.restore(saved)
        if len(parts) == 1:
            return None
        raise
    unit.restore(saved)
    targets = [words[row.item.step.head] for row in rows]
    return unit.choose(rows, targets, guess_word(choice.expression, words), rows[0].item.step.label)


def refuse() -> UnshareableError:
    """What says that a layer cannot be given."""
    return UnshareableError("only layers that are made without arguments can be given")
