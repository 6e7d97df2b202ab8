"""The body of a function as far as it is written: its lines and its variables."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Sequence, Set
from copy import copy
from functools import cached_property
from typing import Any

from cnnspec.backends.keras.layout import format_assignment
from cnnspec.backends.keras.paths import PathNamer
from cnnspec.backends.keras.turns import spell_variables
from cnnspec.backends.pycode import Expr, format_condition
from cnnspec.backends.rows import Row
from cnnspec.backends.units import Unit
from cnnspec.graph.ir import Item
from cnnspec.graph.ir import Value as Flow
from cnnspec.graph.walk import walk_items
from cnnspec.naming import variable_name

INDENT = 4

# The attributes of a draft that change as it is written.
_STATE = (
    "lines", "indent", "current", "target", "values", "taken", "loop_variables", "after_stage",
    "last", "conditions", "closed", "shared",
)  # fmt: skip


class Draft:
    """What has been written of one function.

    `functions` are the names that the file has for something else. `current` is the variable
    that holds the value so far, and `target` the one that the next layer's result goes to.
    `values` are those that later steps take by name, and `taken` the variables that are still
    needed. `last` is the statement before: its first line and what it computes. `after_stage`
    says that the lines so far end a stage's. `conditions` are those of what is being written,
    each with the variable that its steps change; `closed` is the one that ended last, with the
    place where. `shared` has the variables that hold the layers of steps
    with the same weights, by what these are called.
    """

    def __init__(self, unit: Unit, functions: Set[str]) -> None:
        self.unit = unit
        self.authors = spell_variables(unit.steps)
        self.functions = functions
        self.namer = PathNamer(unit)
        self.lines: list[str] = []
        self.indent = INDENT
        self.current = "x"
        self.target = "x"
        self.values: dict[Flow, str] = {}
        self.taken: set[str] = set()
        self.loop_variables: set[str] = set()
        self.after_stage = False
        self.last: tuple[int, Expr] | None = None
        self.conditions: list[tuple[Expr, str]] = []
        self.closed: tuple[Expr | None, int, int] = (None, 0, 0)
        self.shared: dict[str, tuple[str, ...]] = {}

    @cached_property
    def sharing(self) -> list[dict[str, list[Item]]]:
        """The steps that share weights in each use of the unit, by the path of these."""
        every: list[dict[str, list[Item]]] = []
        for use in self.unit.uses:
            found: dict[str, list[Item]] = {}
            for item in walk_items(use.region):
                if item.step.shared is not None:
                    found.setdefault(item.path, []).append(item)
            every.append(found)
        return every

    def save(self) -> tuple[object, ...]:
        """What an attempt may change, to come back to when it fails."""
        parts = {name: copy(getattr(self, name)) for name in _STATE}
        return self.unit.save(), self.namer.save(), parts

    def restore(self, saved: tuple[Any, ...]) -> None:
        """Forget what was written since `save`."""
        unit, namer, parts = saved
        self.unit.restore(unit)
        self.namer.restore(namer)
        for name, value in parts.items():
            setattr(self, name, value)

    # Variables

    def pick(self, word: str) -> str:
        """A variable called by a word that holds nothing still needed."""
        given = {variable_name(name) for name in (*self.unit.parameters, *self.unit.extras)}
        taken = {*self.taken, *self.values.values(), *given, *self.authors}
        taken |= set().union(self.functions, *self.shared.values())
        taken |= {*self.namer.counts.variables, *(loop.index for loop in self.namer.loops)}
        meant = word in self.functions or word in ("name", "in_channels", "inputs", "x")
        reserved = keyword.iskeyword(word) or keyword.issoftkeyword(word) or hasattr(builtins, word)
        base = f"{word}_" if meant or reserved else word
        name, count = base, 2
        while name in taken:
            name, count = f"{base}{count}", count + 1
        return name

    def is_kept(self, variable: str) -> bool:
        """Whether something still needs what a variable holds."""
        return variable in self.values.values() or variable in self.taken

    def free_target(self) -> None:
        """Go on with another variable where the target still holds what is needed."""
        if self.is_kept(self.target):
            self.target = self.pick("x")

    def settle(self) -> None:
        """Put the value so far into the variable that the next steps change."""
        self.free_target()
        if self.current != self.target:
            self.add(f"{self.target} = {self.current}")
            self.current = self.target

    # Statements

    def assign(self, expr: Expr) -> None:
        """A statement that computes the next value."""
        self.free_target()
        self.write_line(self.target, expr)

    def write_line(self, variable: str, expr: Expr) -> None:
        """A statement that computes the next value, into a variable that is free."""
        self.begin_line()
        self.last = (len(self.lines), expr)
        self.lines += format_assignment(variable, expr, self.indent)
        self.current = variable

    def rename_last(self, variable: str) -> bool:
        """Give the value so far a variable of its own, where the last statement computes it."""
        if self.last is None:
            return False
        start, expr = self.last
        if self.lines[start:] != format_assignment(self.current, expr, self.indent):
            return False
        del self.lines[start:]
        self.write_line(variable, expr)
        return True

    def add(self, text: str) -> None:
        """A statement of a few words, if there are any."""
        if text:
            self.begin_line()
            self.lines.append(f"{' ' * self.indent}{text}")

    def begin_line(self) -> None:
        """Leave a line empty after the last stage."""
        if self.after_stage:
            self.lines.append("")
            self.after_stage = False

    # Conditions and loops

    def open_condition(self, condition: Expr) -> None:
        """Begin steps under a condition: they change a variable, or leave it.

        They go on with those before them, if these are under the same condition.
        """
        self.settle()
        if self.closed != (condition, self.indent, len(self.lines)):
            self.begin_line()
            self.lines += format_condition("if", condition, self.indent)
        self.indent += INDENT
        self.conditions.append((condition, self.target))

    def close_condition(self) -> None:
        """End the steps under a condition."""
        condition, target = self.conditions.pop()
        self.end_in(target)
        self.indent -= INDENT
        self.closed = condition, self.indent, len(self.lines)

    def end_in(self, variable: str) -> None:
        """Put the value so far into the variable that the steps began with."""
        self.add(f"{variable} = {self.current}" if self.current != variable else "")
        self.current = self.target = variable

    def count(self, rows: Sequence[Row]) -> None:
        """Count the positions from a column on, where a number in the code cannot say them."""
        self.add(self.namer.begin_count(rows, {*self.values.values(), *self.taken}))

    def count_on(self, rows: Sequence[Row], ahead: int = 0) -> None:
        """Bring the counter behind a column, less what it was `ahead`, where one counts it."""
        self.add(self.namer.counts.move(rows, True, ahead))
