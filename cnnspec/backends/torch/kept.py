"""A class's forward as far as it keeps values: those taken by name, and those that leave it."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.backends.columns import bodies
from cnnspec.backends.pycode import Code, Expr
from cnnspec.backends.rows import Row
from cnnspec.backends.taken import Taken, find_common, list_columns
from cnnspec.backends.torch.draft import Draft
from cnnspec.backends.torch.statements import Assign
from cnnspec.backends.units import Unit
from cnnspec.graph.ir import Region, Value
from cnnspec.naming import variable_name
from cnnspec.spec.model import Literal


class ValueDraft(Draft):
    """A draft that knows which of its values later steps take, and which leave the class."""

    def __init__(self, unit: Unit, taken: Taken, is_model: bool) -> None:
        super().__init__(unit)
        self.taken = taken
        self.is_model = is_model
        uses = [] if is_model else unit.uses
        self.results = {value for use in uses for value in taken.list_leaving(use.region)}

    def end_unit(self, regions: Sequence[Region], value: Expr, start: Expr) -> None:
        """End forward with all that the unit gives."""
        results = list_columns(list(map(self.taken.list_results, regions)))
        if self.is_model or (len(results) == 1 and results[0][0] is regions[0].output):
            self.end(value, start)
            return
        outputs = [region.output for region in regions]
        if results[-1] == outputs and any(output not in self.known for output in outputs):
            self.known.hold(outputs, self.assign(value))
        values = [self.find_known(column) for column in results]
        if len(values) == 1:
            self.end(values[0], start)
        else:
            self.end_several(values)

    def take_results(self, rows: Sequence[Row], call: Expr) -> Expr:
        """Call a part, and keep what it gives beside its result; gives back the result."""
        regions = bodies(rows)
        results = list_columns(list(map(self.taken.list_results, regions)))
        outputs = [region.output for region in regions]
        if results == [outputs]:
            return call
        names: list[str] = []
        for column in results:
            label = self.taken.name_value(column[0])
            if column == outputs:
                label = self.taken.find_name(rows[0].item) or self.pick_variable()
            names.append(variable_name(self.pick_kept(label)))
            self.known.hold(column, Code(names[-1]))
        self.body.append(Assign(", ".join(names), call))
        return self.known[outputs[0]] if outputs[0] in self.known else Code(names[-1])

    def name_value(self, rows: Sequence[Row], value: Expr) -> Expr:
        """Keep a value under its name, where later steps take it by that."""
        outputs = [row.item.output for row in rows]
        names = {self.taken.find_name(row.item) for row in rows}
        if not any(names) and all(output in self.results for output in outputs):
            names = {self.taken.name_value(outputs[0])}
        return self.keep(outputs, value, find_common(names)) if any(names) else value

    def find_value(self, reference: object, value: Expr, values: Sequence[Value]) -> Expr:
        """The value that a name stands for in forward; `values` are those of the graph."""
        if isinstance(reference, Literal) and reference.value == "_":
            return value
        return self.find_known(values)
