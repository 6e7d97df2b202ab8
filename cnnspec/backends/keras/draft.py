"""The body of a function as far as it is written: its lines and its variables."""

from __future__ import annotations

from collections.abc import Set
from copy import copy
from typing import cast

from cnnspec.backends.keras.counts import Note
from cnnspec.backends.pycode import Expr, format_condition, format_statement
from cnnspec.backends.units import Unit
from cnnspec.naming import variable_name

# The attributes of a writer that change as it writes.
_STATE = ("lines", "indent", "current", "target", "values", "taken", "conditions", "closed")


class Draft:
    """What has been written of one function.

    `current` is the variable that holds the value so far, and `target` the one that the next
    layer's result goes to. `values` are the author's names for values, and `taken` the variables
    that are still needed. `conditions` are those of what is being written, each with the variable
    that its steps change; `closed` is the one that ended last, with the place where.
    `functions` are those that it may call, which no variable can hide.
    """

    def __init__(self, unit: Unit, functions: Set[str]) -> None:
        self.unit = unit
        self.functions = functions
        self.lines: list[str] = []
        self.indent = 4
        self.current = "x"
        self.target = "x"
        self.values: dict[str, str] = {}
        self.taken: set[str] = set()
        self.conditions: list[tuple[Expr, str]] = []
        self.closed: tuple[Expr | None, int, int] = (None, 0, 0)

    def save(self) -> tuple[object, ...]:
        """What has been written so far, to come back to when an attempt fails."""
        parts = {name: copy(getattr(self, name)) for name in _STATE}
        return self.unit.save(), parts

    def restore(self, saved: tuple[object, ...]) -> None:
        """Forget what was written since `save`."""
        self.unit.restore(saved[0])  # type: ignore[arg-type]
        for name, value in cast(dict[str, object], saved[1]).items():
            setattr(self, name, value)

    def open_condition(self, condition: Expr) -> None:
        """Begin steps under a condition: they change a variable, or leave it.

        They go on with those before them, if these are under the same condition.
        """
        if self.is_kept(self.target):
            self.target = self.pick("x")
        if self.current != self.target:
            self.add(f"{self.target} = {self.current}")
            self.current = self.target
        if self.closed != (condition, self.indent, len(self.lines)):
            self.lines += format_condition("if", condition, self.indent)
        self.indent += 4
        self.conditions.append((condition, self.target))

    def close_condition(self) -> None:
        """End the steps under a condition."""
        condition, target = self.conditions.pop()
        if self.current != target:
            self.add(f"{target} = {self.current}")
            self.current = self.target = target
        self.indent -= 4
        self.closed = condition, self.indent, len(self.lines)

    def pick(self, word: str) -> str:
        """A variable called by a word that holds nothing still needed."""
        base, count = variable_name(word), 2
        taken = self.taken | set(self.values.values()) | {*self.unit.parameters, *self.unit.extras}
        taken |= self.functions
        name = base
        while name in taken or name in ("layers", "keras", "ops", "name", "in_channels"):
            name, count = f"{base}{count}", count + 1
        return name

    def is_kept(self, variable: str) -> bool:
        """Whether something still needs what a variable holds."""
        return variable in self.values.values() or variable in self.taken

    def assign(self, expr: Expr) -> None:
        """A statement that computes the next value."""
        if self.is_kept(self.target):
            self.target = self.pick("x")
        self.lines += format_statement(f"{self.target} = ", expr, indent=self.indent)
        self.current = self.target

    def add(self, text: str) -> None:
        """A statement of a few words."""
        self.lines.append(f"{' ' * self.indent}{text}")

    def note(self, text: str) -> None:
        """A statement that keeps a count."""
        self.lines.append(Note(f"{' ' * self.indent}{text}"))
