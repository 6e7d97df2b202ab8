"""Writes steps that are no plain chain as a class: attributes, and a ``forward`` to read."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.columns import (
    bodies,
    find_outside,
    find_references,
    last_name,
    one_kind,
    say_condition,
    turns,
)
from cnnspec.backends.pycode import (
    Call,
    Code,
    Expr,
    format_condition,
    format_inline,
    format_statement,
    literal,
)
from cnnspec.backends.torch.sequence import SequenceWriter, write_builder, write_inline
from cnnspec.backends.torch.table import LEAVES, MERGES
from cnnspec.backends.units import Row
from cnnspec.graph.ir import BranchItem, CallItem, GroupItem, LoopItem, OpItem, Region, SkipItem
from cnnspec.graph.scope import is_positional
from cnnspec.naming import attribute_name, variable_name
from cnnspec.ops import activation, pool, regularize
from cnnspec.ops.base import Op
from cnnspec.spec.model import ListArgument, Literal

# Where a line of forward ends: after one of these, or before it grows longer than this.
_LINE_ENDS: tuple[type[Op], ...] = (
    activation.Relu, activation.Relu6, activation.LeakyRelu, activation.Prelu, activation.Elu,
    activation.Selu, activation.Gelu, activation.Silu, activation.HardSwish,
    activation.HardSigmoid, activation.Mish, activation.Sigmoid, activation.Tanh,
    activation.Softmax,
)  # fmt: skip
_LONG = 56
# A value that goes into a sum or a concatenation is named unless it is shorter than this.
_SHORT = 36
_VARIABLES = ("x", "out", "y", "z")
_LIST_HINT = ": list[nn.Module]"
# What ends the line of the activation before it.
_TAILS: tuple[type[Op], ...] = (
    pool.MaxPool, pool.AvgPool, pool.MinPool, pool.LpPool, regularize.Dropout,
    regularize.SpatialDropout,
)  # fmt: skip


class ForwardWriter:
    """Writes one unit: `init` are the lines that make its attributes, `body` those of forward."""

    def __init__(self, sequence: SequenceWriter, is_model: bool) -> None:
        self.sequence = sequence
        self.unit = sequence.unit
        self.is_model = is_model
        self.init: list[str] = []
        self.body: list[str] = []
        self.values: dict[str, Expr] = {}
        self.held: list[str] = []
        self.assignments: list[tuple[str, Expr, int]] = []
        self.attributes: set[str] = set()
        self.condition: Expr | None = None
        self.line_ends = False
        self.referenced = find_references(self.unit.steps)

    def write(self, rows: Sequence[Row], regions: Sequence[Region], value: Expr) -> None:
        """Write the whole unit."""
        result = self.write_list(rows, regions, value)
        last = self.assignments[-1] if self.assignments else None
        if last is not None and isinstance(result, Code) and last[0] == result.text:
            # The last assignment is what is returned.
            del self.body[last[2] :]
            result = last[1]
        self.body += self.write_return(result, value)

    def write_return(self, result: Expr, start: Expr) -> list[str]:
        """The end of forward: what a module returns has no type until a variable gives it one."""
        typed = isinstance(result, Call) and str(result.function).startswith(("F.", "torch."))
        if typed or result == start:
            return format_statement("return ", result, indent=8)
        single = isinstance(start, Code) and start.text == "x"
        name, hint = ("x", "") if single else ("output", ": Tensor")
        lines = format_statement(f"{name}{hint} = ", result, indent=8)
        return [*lines, f"        return {name}"]

    # Lists and structure

    def write_list(self, rows: Sequence[Row], regions: Sequence[Region], value: Expr) -> Expr:
        """The value after a list of steps."""
        for index in range(len(regions[0].items)):
            column = [
                r.follow(region.items[index]) for r, region in zip(rows, regions, strict=True)
            ]
            value = self.write_column(column, value)
        return value

    def write_column(self, rows: Sequence[Row], value: Expr) -> Expr:
        """The value after one step."""
        taken = [row for row in rows if not isinstance(row.item, SkipItem)]
        if not taken:
            return value
        if len(taken) < len(rows):
            if self.condition is not None:
                raise UnshareableError("conditions inside conditions are written apart")
            self.condition = say_condition(self.unit, rows)
            try:
                return self.write_column(taken, value)
            finally:
                self.condition = None
        step = rows[0].item.step
        item = rows[0].item
        is_tail = isinstance(item, OpItem) and isinstance(item.node.op, _TAILS)
        if self.line_ends and not is_tail and not isinstance(item, LoopItem | GroupItem):
            value = self.assign(value)
            self.line_ends = False
        if step.source is not None and not isinstance(rows[0].item, LoopItem):
            value = self.find_value(step.source, value)
        match one_kind(rows):
            case LoopItem():
                return self.unroll(rows, value)
            case GroupItem(named=False):
                return self.write_list(rows, bodies(rows), value)
            case BranchItem():
                value = self.write_branches(rows, value)
            case OpItem():
                value = self.write_op(rows, value)
            case CallItem():
                value = self.call_attribute(rows, self.sequence.make_part(self.unit, rows), value)
                value = self.end_part(rows, value)
            case GroupItem():
                value = self.write_group(rows, value)
        return self.name_value(rows, value)

    def name_value(self, rows: Sequence[Row], value: Expr) -> Expr:
        """Keep a value under its name, where later steps take it by that."""
        name = last_name(rows)
        if rows[0].item.step.name is None or name not in self.referenced:
            return value
        self.values[name] = self.assign(value, name=name)
        return self.values[name]

    def unroll(self, rows: Sequence[Row], value: Expr) -> Expr:
        """The turns of a loop one by one: each has attributes of its own."""
        counts = {len(turns(row)) for row in rows}
        if len(counts) != 1:
            raise UnshareableError("uses take a loop's turns in different numbers")
        for index in range(counts.pop()):
            turn = [row.fix(turns(row)[index][1], turns(row)[index][0]) for row in rows]
            value = self.write_column(turn, value)
        return value

    def write_group(self, rows: Sequence[Row], value: Expr) -> Expr:
        """A named group: a sequence where it is a chain, else a class of its own."""
        steps = rows[0].item.step.branches[0].steps
        captured = [name for name in find_outside(steps) if name in self.values]
        expr = self.make_chain(rows, bodies(rows)) if not captured else None
        if expr is None:
            expr = self.sequence.make_part(self.unit, rows)
        more = tuple(self.values[name] for name in captured)
        if self.line_ends:
            value = self.assign(value)
            self.line_ends = False
        return self.end_part(rows, self.call_attribute(rows, expr, value, more))

    def end_part(self, rows: Sequence[Row], value: Expr) -> Expr:
        """After a part of the model its result's shape is told, on a line of its own."""
        if not self.is_model:
            return value
        shape = " x ".join(map(str, rows[0].item.output.known.dims))
        name = last_name(rows) if rows[0].item.step.name is not None else ""
        return self.assign(value, f"  # {shape}", name if name in self.referenced else "")

    def make_chain(self, rows: Sequence[Row], regions: Sequence[Region]) -> Expr | None:
        """A list of steps as one sequence; None where it is no chain."""
        saved = self.unit.save(), self.sequence.supports.save()
        named = not regions[0].positional
        try:
            entries = self.sequence.write_list(rows, regions)
        except UnshareableError:
            self.unit.restore(saved[0])
            self.sequence.supports.restore(saved[1])
            return None
        expr = write_inline(entries, named)
        if expr is not None:
            return expr
        if named or self.condition is not None:
            self.unit.restore(saved[0])
            self.sequence.supports.restore(saved[1])
            return None
        hint = "" if any(line.startswith("        layers") for line in self.init) else _LIST_HINT
        self.init += write_builder(entries, f"layers{hint}")
        return Call("nn.Sequential", (Code("*layers"),))

    def write_branches(self, rows: Sequence[Row], value: Expr) -> Expr:
        """All branches of a value, then the merge."""
        items = [row.item for row in rows if isinstance(row.item, BranchItem)]
        if self.condition is not None:
            raise UnshareableError("branches under a condition are written apart")
        labels = {tuple(label for label, _ in item.branches) for item in items}
        if len(labels) != 1:
            raise UnshareableError("uses have different branches")
        start = self.assign(value)
        assert isinstance(start, Code)
        self.held.append(start.text)
        outputs: list[Expr] = []
        depth = len(self.held)
        for index, branch in enumerate(rows[0].item.step.branches):
            regions = [item.branches[index][1] for item in items]
            output: Expr = start
            if branch.steps and is_positional(branch.steps):
                output = self.write_container(rows, regions, start)
            elif branch.steps:
                output = self.write_list(rows, regions, start)
            is_last = index == len(rows[0].item.step.branches) - 1
            if not is_last and not self.is_safe(output, start):
                output = self.assign(output)
            if isinstance(output, Code) and output.text.isidentifier():
                self.held.append(output.text)
            outputs.append(output)
        del self.held[depth - 1 :]
        merged = [row.follow(as_op(item)) for row, item in zip(rows, items, strict=True)]
        site = self.sequence.find_site(merged)
        return MERGES[type(site.op)](site, tuple(outputs))

    def is_safe(self, value: Expr, start: Code) -> bool:
        """Whether a pending value still holds after other statements: it is short and reads only
        variables that stay."""
        text = format_inline(value)
        fixed = {start.text, "self", "F", "torch", *(variable_name(name) for name in self.values)}
        names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        return names <= fixed and len(text) <= _LONG // 2

    def write_container(self, rows: Sequence[Row], regions: Sequence[Region], start: Expr) -> Expr:
        """A branch that is a plain chain: one attribute that holds a sequence."""
        names = {region.scope.rpartition(".")[2] for region in regions}
        if len(names) != 1:
            raise UnshareableError("branches are called differently")
        if all(not region.items or region.input is region.output for region in regions):
            return start
        expr = self.make_chain(rows, regions)
        if expr is None:
            raise UnshareableError("a branch cannot be written as a chain")
        name = attribute_name(names.pop())
        self.add_attribute(name, expr)
        return Call(f"self.{name}", (start,))

    # Ops

    def write_op(self, rows: Sequence[Row], value: Expr) -> Expr:
        """An op: an attribute where it holds state or has a name, else a function's call."""
        site = self.sequence.find_site(rows)
        step = rows[0].item.step
        merge = MERGES.get(type(site.op))
        if merge is not None:
            assert isinstance(step.argument, ListArgument)
            if len(format_inline(value)) > _SHORT:
                value = self.assign(value)
            taken = tuple(self.find_value(item, value) for item in step.argument.items)
            return merge(site, taken)
        leaf = LEAVES[type(site.op)]
        named = step.name is not None or self.condition is not None
        if leaf.function is not None and not named:
            result = leaf.function(site, value)
        else:
            result = self.call_attribute(rows, leaf.module(site), value)
            if leaf.flattens(site):
                result = Call("torch.flatten", (result, literal(1)))
        self.line_ends |= isinstance(site.op, _LINE_ENDS)
        if len(format_inline(result)) > _LONG:
            self.line_ends = False
            return self.assign(result)
        return result

    def find_value(self, reference: object, value: Expr) -> Expr:
        """The value that a name stands for in forward."""
        if not isinstance(reference, Literal):
            raise UnshareableError("values taken by a computed name are written apart")
        return value if reference.value == "_" else self.values[str(reference.value)]

    def call_attribute(
        self, rows: Sequence[Row], expr: Expr, value: Expr, more: tuple[Expr, ...] = ()
    ) -> Expr:
        """Make an attribute and call it."""
        name = last_name(rows)
        if not name or name.isdecimal():
            raise UnshareableError("a module has different names in different uses")
        self.add_attribute(attribute_name(name), expr)
        return Call(f"self.{attribute_name(name)}", (value, *more))

    def add_attribute(self, name: str, expr: Expr) -> None:
        """The lines that make an attribute, under the condition if there is one."""
        if name in self.attributes:
            raise UnshareableError(f"two modules are called {name}")
        self.attributes.add(name)
        if self.condition is None:
            self.init += format_statement(f"self.{name} = ", expr, indent=8)
            return
        self.init.append(f"        self.{name}: nn.Module = nn.Identity()")
        self.init += format_condition("if", self.condition, 8)
        self.init += format_statement(f"self.{name} = ", expr, indent=12)

    def assign(self, value: Expr, comment: str = "", name: str = "") -> Expr:
        """Put a value into the variable of that name, or into one that nothing still needs."""
        variable = variable_name(name) if name else self.pick_variable()
        held = isinstance(value, Code) and value.text.isidentifier()
        if held and isinstance(value, Code) and (not name or value.text == variable):
            return value
        self.assignments.append((variable, value, len(self.body)))
        lines = format_statement(f"{variable} = ", value, indent=8)
        if comment and len(lines[-1]) + len(comment) <= 88:
            lines[-1] += comment
        self.body += lines
        return Code(variable)

    def pick_variable(self) -> str:
        """A variable that nothing still needs."""
        # Names that the author gave to values are kept for them.
        taken = {*self.held, *map(variable_name, self.referenced)}
        free = next((name for name in _VARIABLES if name not in taken), None)
        return free or next(f"x{i}" for i in range(2, 10_000) if f"x{i}" not in taken)


def as_op(item: BranchItem) -> OpItem:
    """The merge of some branches as a step of its own."""
    return OpItem(item.step, item.input, item.output, item.path, node=item.merge)
