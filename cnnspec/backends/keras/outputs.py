"""Writes a Keras model that gives its outputs by name, some of them in training only."""

from __future__ import annotations

from collections.abc import Sequence, Set

from cnnspec.backends.channels import ChannelFinder
from cnnspec.backends.keras.draft import INDENT
from cnnspec.backends.keras.functions import CallBlock, FunctionWriter
from cnnspec.backends.keras.layout import Shorthand
from cnnspec.backends.later import Later
from cnnspec.backends.pycode import Code, Pairs, format_statement
from cnnspec.backends.rows import Row
from cnnspec.backends.site import Supports
from cnnspec.backends.units import Unit
from cnnspec.graph.ir import Output

# The argument of the function that makes a model.
TRAINING = "training_outputs"


class OutputWriter(FunctionWriter):
    """Writes the function of a model: what serves training alone comes last."""

    def __init__(
        self,
        finder: ChannelFinder,
        supports: Supports,
        unit: Unit,
        call_block: CallBlock,
        functions: Set[str],
        shorthand: Shorthand,
    ) -> None:
        super().__init__(finder, supports, unit, call_block, functions, shorthand, is_model=True)
        self.graph = graph = finder.graph
        self.later: Later[str] = Later(graph)
        self.puts_off = True

    def write_column(self, rows: Sequence[Row]) -> None:
        """Write one step; one that serves training alone is put off."""
        if not self.puts_off or not self.later.holds(rows):
            super().write_column(rows)
            return
        start = None
        if self.later.takes_above(rows):
            start = self.current
            self.taken.add(start)
        self.later.steps.append((rows, start))

    def write_outputs(self) -> str:
        """Write what gathers the outputs after all steps; gives what the model is made of."""
        every, last = self.graph.every_output, self.current
        always = [output for output in every if not output.training]
        result = Pairs(tuple((o.name, Code(self.find_output(o, last))) for o in always))
        variable = self.pick("outputs")
        self.begin_line()
        self.lines += format_statement(f"{variable} = ", result, indent=self.indent)
        if not self.graph.training_outputs:
            return variable
        self.lines += [f"{' ' * self.indent}if {TRAINING}:"]
        self.indent += INDENT
        self.puts_off = False
        self.taken |= {variable, last}
        for rows, start in self.later.steps:
            self.current = start or self.current
            self.target = "x"
            self.write_column(rows)
        for output in every:
            if output.training:
                value = self.current if self.later.ends_with(output) else last
                self.add(f'{variable}["{output.name}"] = {self.find_output(output, value)}')
        self.indent -= INDENT
        return variable

    def find_output(self, output: Output, last: str) -> str:
        """The variable of an output."""
        return last if output.source == "_" else self.values[output.value]
