"""Writes a model that gives its outputs by name, some of them in training only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cnnspec.backends.later import Later
from cnnspec.backends.pycode import Call, Code, Expr, Pairs, format_inline, format_statement
from cnnspec.backends.rows import Row
from cnnspec.backends.taken import name_step
from cnnspec.backends.torch.forward import ForwardWriter
from cnnspec.backends.torch.sequence import SequenceWriter
from cnnspec.backends.torch.statements import (
    Assign,
    Guard,
    Setup,
    Statement,
    drop_unused,
    find_names,
    lay_out,
)
from cnnspec.graph.ir import Graph, Output, Region
from cnnspec.naming import variable_name

# What forward gives.
MANY = "dict[str, Tensor]"
_TRAINING = Code("self.training")
# What is longer than this gets a line of its own.
_SHORT = 36


class OutputWriter(ForwardWriter):
    """Writes the model's forward: what serves training alone comes last."""

    def __init__(self, sequence: SequenceWriter, graph: Graph) -> None:
        super().__init__(sequence, is_model=True)
        self.graph = graph
        self.referenced.update(
            variable_name(name_step(output.source)) for output in graph.every_output
        )
        self.later: Later[Expr] = Later(graph)
        self.puts_off = True
        # Where the modules of steps that are put off belong, by their columns.
        self.places: list[Setup] = []

    def write(self, rows: Sequence[Row], regions: Sequence[Region], start: Expr) -> None:
        """Write the whole model."""
        always, late = (
            [output for output in self.graph.every_output if output.training is chosen]
            for chosen in (False, True)
        )
        last = self.write_list(rows, regions, start)
        if len(format_inline(last)) > _SHORT or len(always) > 1 or late:
            last = self.assign(last)
            self.held.append(format_inline(last))
        values = [(output.name, self.find_output(output, last)) for output in always]
        body, self.body, self.puts_off = self.body, [], False
        current = last
        for (column, own), place in zip(self.later.steps, self.places, strict=True):
            current = self.write_late(column, own or current, place)
        ends = {True: current, False: last}
        training = [(o.name, self.find_output(o, ends[self.later.ends_with(o)])) for o in late]
        variable = self.pick_name("outputs")
        self.body, self.result = end_forward(body, values, self.body, training, variable)

    def write_column(self, rows: Sequence[Row], value: Expr) -> Expr:
        """The value after one step; a step that serves training alone is put off."""
        if not self.puts_off or not self.later.holds(rows):
            return super().write_column(rows, value)
        start = None
        if self.later.takes_above(rows):
            start = self.assign(value)
            self.held.append(format_inline(start))
        self.later.steps.append((rows, start))
        self.places.append(Setup())
        self.setup.parts.append(self.places[-1])
        self.line_ends = False
        return value

    def write_late(self, rows: Sequence[Row], value: Expr, place: Setup) -> Expr:
        """The value after a step that was put off, whose modules stand in the author's order."""
        # A list of modules is declared where it is first filled: what fills it again stays behind.
        if self.has_layers or self.has_named:
            return self.write_column(rows, value)
        setup, self.setup = self.setup, place
        try:
            return self.write_column(rows, value)
        finally:
            self.setup = setup

    def find_output(self, output: Output, last: Expr) -> Expr:
        """The value of an output."""
        return last if output.source == "_" else self.find_known([output.value])


def write_chain_outputs(outputs: Sequence[Output], value: str) -> list[str]:
    """The forward of a model that is a sequence, whose outputs are all its last value."""
    last: Expr = Call("super().forward", (Code(value),))
    body: list[Statement] = []
    if len(outputs) > 1:
        body, last = [Assign(value, last)], Code(value)
    always, training = (
        tuple((output.name, last) for output in outputs if output.training is chosen)
        for chosen in (False, True)
    )
    body, result = end_forward(body, always, [], training, "outputs")
    return [*lay_out(body, 8), *format_statement("return ", result, indent=8)]


def end_forward(
    body: Sequence[Statement],
    values: Sequence[tuple[str, Expr]],
    later: Sequence[Statement],
    training: Sequence[tuple[str, Expr]],
    variable: str,
) -> tuple[list[Statement], Expr]:
    """The statements of forward and what it returns.

    Args:
        body: the statements so far.
        values: the outputs that are always there.
        later: the statements that serve those of training alone.
        training: these outputs.
        variable: what gathers the outputs.
    """
    result = Pairs(tuple(values))
    live = {name for _, value in training for name in find_names(value)}
    kept = drop_unused(later, live)
    live |= find_names(result)
    start = drop_unused(body, live)
    if not training:
        return start, result
    _put_outputs(kept, [Assign(f'{variable}["{name}"]', value) for name, value in training])
    return [*start, Assign(variable, result), Guard(_TRAINING, kept)], Code(variable)


def _put_outputs(statements: list[Statement], outputs: Sequence[Assign]) -> None:
    """Add outputs: each in the place of the variable that holds it, where nothing else reads that.

    What is under a condition, or written over another value, may read any variable.
    """
    made: dict[str, int] = {}
    reads: dict[str, int] = {}
    opaque = -1
    for place, statement in enumerate(statements):
        if isinstance(statement, Guard) or statement.sign != "=":
            opaque = place
            continue
        reads.update(dict.fromkeys(find_names(statement.value), place))
        made[statement.target] = place
    takers = Counter(name for output in outputs for name in find_names(output.value))
    for output in outputs:
        name = output.value.text if isinstance(output.value, Code) else ""
        index = made.get(name)
        own = None if index is None else statements[index]
        is_read = index is not None and index < max(opaque, reads.get(name, -1))
        if index is None or not isinstance(own, Assign) or is_read or takers[name] > 1:
            statements.append(output)
        else:
            statements[index] = Assign(output.target, own.value, own.comment)
