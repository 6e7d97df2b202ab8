"""A function's body as far as it keeps values: those taken by name, and those that leave it."""

from __future__ import annotations

from collections.abc import Sequence, Set

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.columns import bodies
from cnnspec.backends.keras.draft import Draft
from cnnspec.backends.pycode import Bracketed, Code, Expr
from cnnspec.backends.rows import Row
from cnnspec.backends.taken import Taken, find_common, list_columns
from cnnspec.backends.units import Unit
from cnnspec.graph.ir import Value
from cnnspec.spec.model import Literal

# So many characters are one line: longer tuples stand in brackets.
_LONG_RESULT = 76


class ValueDraft(Draft):
    """A draft that knows which of its values later steps take, and which leave the function."""

    def __init__(self, unit: Unit, functions: Set[str], taken_values: Taken) -> None:
        super().__init__(unit, functions)
        self.taken_values = taken_values
        uses = [use for use in unit.uses if use.item is not None]
        self.results = {value for use in uses for value in taken_values.list_leaving(use.region)}

    def find_kept(self, rows: Sequence[Row]) -> str:
        """The name by which later steps take a step's value, or nothing."""
        names = {self.taken_values.find_name(row.item) for row in rows}
        outputs = [row.item.output for row in rows]
        if not any(names) and all(output in self.results for output in outputs):
            names = {self.taken_values.name_value(outputs[0])}
        return find_common(names) if any(names) else ""

    def keep_value(self, rows: Sequence[Row], target: str) -> None:
        """Keep a value under its name, where later steps take it by that."""
        name = self.find_kept(rows)
        outputs = [row.item.output for row in rows]
        if not name or all(output in self.values for output in outputs):
            self.target = target
            return
        if self.target == target:
            variable = self.pick(name)
            if not self.rename_last(variable):
                self.add(f"{variable} = {self.current}")
            self.current = variable
        self.values.update(dict.fromkeys(outputs, self.current))
        self.target = target

    def take_results(self, rows: Sequence[Row], call: Expr) -> None:
        """Call a block's function, and keep what it gives beside its result."""
        regions = bodies(rows)
        results = list_columns(list(map(self.taken_values.list_results, regions)))
        outputs = [region.output for region in regions]
        if results == [outputs]:
            self.assign(call)
            return
        self.free_target()
        names: list[str] = []
        for column in results:
            word = self.taken_values.name_value(column[0])
            names.append(self.target if column == outputs else self.pick(word))
            if column != outputs:
                self.values.update(dict.fromkeys(column, names[-1]))
        self.write_line(", ".join(names), call)
        self.current, self.last = names[-1], None

    def find_value(self, reference: object, values: Sequence[Value]) -> str:
        """The variable that holds a named value; `values` are those of the graph."""
        if isinstance(reference, Literal) and reference.value == "_":
            return self.current
        return self.find_variable(values)

    def find_variable(self, values: Sequence[Value]) -> str:
        """The variable that holds a value in every use."""
        found = {self.values.get(value, "") for value in values}
        if len(found) != 1 or "" in found:
            raise UnshareableError("different values are taken in different uses")
        return found.pop()


def join_names(names: Sequence[str]) -> Expr:
    """One variable, or a tuple of several."""
    text = ", ".join(names)
    return Code(text) if len(text) < _LONG_RESULT else Bracketed(tuple(map(Code, names)), "()")
