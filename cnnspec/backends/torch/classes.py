"""Writes the classes of a generated PyTorch file: one for each block, stage and the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from cnnspec.backends.arguments import pass_arguments
from cnnspec.backends.base import UnshareableError
from cnnspec.backends.channels import ChannelFinder
from cnnspec.backends.columns import bodies, turns
from cnnspec.backends.pycode import (
    Call,
    Code,
    Expr,
    format_docstring,
    format_signature,
    format_statement,
    spell_tuple,
)
from cnnspec.backends.rows import Row, Use
from cnnspec.backends.site import Supports
from cnnspec.backends.taken import find_word, join_captured, reads_input
from cnnspec.backends.torch.attempt import Attempt
from cnnspec.backends.torch.entries import (
    NAMED,
    has_keys,
    write_builder,
    write_inline,
    write_items,
    write_named,
)
from cnnspec.backends.torch.forward import ForwardWriter
from cnnspec.backends.torch.initial import METHOD, Plan, list_supports, plan_loop, write_loop
from cnnspec.backends.torch.outputs import MANY, OutputWriter, write_chain_outputs
from cnnspec.backends.torch.sequence import SequenceWriter
from cnnspec.backends.units import (
    IN_CHANNELS,
    Unit,
    list_parameters,
    say_computed,
    spell_parameter,
)
from cnnspec.graph.ir import CallItem, Graph, GroupItem, Item, Region
from cnnspec.naming import class_name, variable_name
from cnnspec.ops.attention import Attention
from cnnspec.records import dataclass
from cnnspec.spec.model import Argument, Pattern


@dataclass(slots=True, eq=False)
class ClassCode:
    """One class as lines, and what its calls must know."""

    unit: Unit
    lines: list[str]
    summary: str = ""


@dataclass(slots=True)
class ClassWriter:
    """Writes all classes of one file; a class comes before those that use it."""

    graph: Graph
    finder: ChannelFinder
    supports: Supports = field(default_factory=Supports)
    classes: list[ClassCode] = field(default_factory=list)
    homes: dict[Item, tuple[ClassCode, int]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    plan: Plan = field(init=False)

    def __post_init__(self) -> None:
        """Let failed attempts take their classes back."""
        self.plan = plan_loop(self.graph)
        self.supports.classes = self.classes  # type: ignore[assignment]
        self.supports.taken = self.names

    def write_unit(self, unit: Unit, is_model: bool = False) -> ClassCode:
        """Write one class and keep it."""
        saved = unit.save(), self.supports.save()
        code = self.write_once(unit, is_model)
        if unit.keeps_received:
            unit.restore(saved[0])
            self.supports.restore(saved[1])
            code = self.write_once(unit, is_model)
        return code

    def write_once(self, unit: Unit, is_model: bool) -> ClassCode:
        """Write one class as far as is known what its code needs."""
        sequence = SequenceWriter(
            self.finder, self.supports, unit, self.make_part, self.plan, self.share_turns
        )
        rows = unit.list_rows()
        regions = [use.region for use in unit.uses]
        is_named = is_model and not self.graph.is_plain
        writer = ForwardWriter(sequence, is_model)
        if is_named:
            writer = OutputWriter(sequence, self.graph)
        init, forward, base = self.write_body(writer, rows, regions, is_named)
        if is_model and self.plan:
            init = [*init, f"        self.{METHOD}()"]
            forward = [*forward, *([""] if forward else []), *self.write_method()]
        lines = [f"class {unit.name}({base}):", *self.write_head(unit, base, init)]
        if forward:
            lines += ["", *forward]
        self.functions |= unit.functions
        code = ClassCode(unit, lines)
        self.classes.append(code)
        return code

    def write_body(
        self, writer: ForwardWriter, rows: Sequence[Row], regions: Sequence[Region], is_named: bool
    ) -> tuple[list[str], list[str], str]:
        """The constructor's statements, forward where the base has not the right one, the base."""
        unit, taken = writer.unit, self.finder.taken
        inputs = [variable_name(v.name) for v in self.graph.inputs] if writer.is_model else ["x"]
        if len(inputs) == 1:
            inputs = ["x"]
        named = None if writer.is_model else self.write_named_chain(writer.sequence, rows)
        if named is not None:
            return named, [], "nn.Sequential"
        if regions[0].positional:
            init, base = self.write_chain(writer.sequence, rows), "nn.Sequential"
            if all(map(taken.is_plain, regions)) and not is_named:
                return init, [], base
            if is_named:
                forward = write_chain_outputs(self.graph.every_output, "x")
            else:
                writer.write_pieces(rows, regions, Code("x"))
                forward = writer.lay_out()[1]
        else:
            for name, values in unit.captured.items():
                writer.known.hold(values, Code(variable_name(name)))
            if isinstance(unit.uses[0].item, CallItem):
                received = {v for region in regions for v in taken.find_captured(region).values()}
                writer.known.hold(received, Code("x"))
            first = self.graph.inputs if writer.is_model else ()
            for value, name in zip(first, inputs, strict=bool(first)):
                if value in taken.names:
                    writer.known.hold([value], Code(name))
            writer.write(rows, regions, Code(inputs[0]))
            init, forward = writer.lay_out()
            base = "nn.Module"
        names = (*(inputs if unit.flows else ()), *map(variable_name, unit.captured))
        hints = [f"{name}: Tensor" for name in names]
        count = 1 if writer.is_model else len(taken.list_results(regions[0]))
        result = spell_tuple("Tensor", count, 4)
        head = format_signature("forward", ["self", *hints], MANY if is_named else result, 4)
        described = "outputs" if is_named else "result"
        return init, [*head, f'        """Compute the {described} for a batch."""', *forward], base

    def write_method(self) -> list[str]:
        """The model's method that fills weights."""
        for name in list_supports(agreed.fill for agreed in self.plan.values()):
            self.supports.names[name] = None
        has_attention = any(isinstance(node.op, Attention) for node in self.graph.nodes)
        return write_loop(self.plan, has_attention)

    def write_head(self, unit: Unit, base: str, init: list[str]) -> list[str]:
        """The docstring and the constructor."""
        computed = say_computed(unit)
        parameters = [spell_parameter(parameter) for parameter in list_parameters(unit)]
        lines = [*format_docstring(unit.title, 4), ""]
        lines += format_signature("__init__", ["self", *parameters], "None", 4)
        lines.append('        """Make the layers."""')
        if base == "nn.Module":
            lines.append("        super().__init__()")
        for name, text in computed:
            lines.append(f"        if {name} is None:")
            lines += format_statement(f"{name} = ", Code(text), indent=12)
        return lines + init

    def write_chain(self, sequence: SequenceWriter, rows: Sequence[Row]) -> list[str]:
        """The constructor of a class that is a sequence itself."""
        entries = sequence.write_list(rows, [use.region for use in sequence.unit.uses])
        items = write_items(entries)
        if items is not None:
            return format_statement(
                "", Call("super().__init__", items, split=len(items) > 1), indent=8
            )
        lines = write_builder(entries, "layers: list[nn.Module]", 8)
        return [*lines, "        super().__init__(*layers)"]

    def write_named_chain(self, sequence: SequenceWriter, rows: Sequence[Row]) -> list[str] | None:
        """The constructor of a sequence whose modules a loop names; None where there is none."""
        unit = sequence.unit
        steps = [step for step in unit.steps if step.loop and isinstance(step.name, Pattern)]
        plain = all(self.finder.taken.is_plain(use.region) for use in unit.uses)
        room = self.finder.room
        if not steps or unit.captured or not plain or not room.may_try:
            return None
        attempt = sequence.begin_attempt(rows)
        try:
            entries = sequence.write_list(rows, [use.region for use in unit.uses])
            if has_keys(entries):
                lines = write_named(entries, 8, declared=False)
                return [*lines, f"        super().__init__({NAMED})"]
        except UnshareableError:
            attempt.undo()
        return None

    def make_part(self, unit: Unit, rows: Sequence[Row]) -> Expr:
        """A block call or a named group as a call of its class."""
        items = [row.item for row in rows]
        known = all(item in self.homes for item in items)
        if not known and all(isinstance(item, GroupItem) for item in items):
            return self.make_group(unit, rows)
        for item in items:
            if item not in self.homes and isinstance(item, CallItem):
                raise AssertionError(f"block {item.block.name} was not written before its call")
        codes = {id(self.homes[item][0]): self.homes[item][0] for item in items}
        if len(codes) != 1:
            raise UnshareableError("uses call different classes")
        code = codes.popitem()[1]
        return self.call_class(unit, rows, code, [self.homes[item][1] for item in items])

    def make_group(self, unit: Unit, rows: Sequence[Row]) -> Expr:
        """A named group: in line where that is possible, else as a class for this place."""
        regions, taken = bodies(rows), self.finder.taken
        captured = join_captured(taken, regions)
        plain = regions[0].positional or all(map(taken.is_plain, regions))
        if not captured and plain and self.finder.room.may_try:
            sequence = SequenceWriter(
                self.finder, self.supports, unit, self.make_part, self.plan, self.share_turns
            )
            attempt = sequence.begin_attempt(rows)
            try:
                expr = write_inline(
                    sequence.write_list(rows, regions), named=not regions[0].positional
                )
            except UnshareableError:
                expr = None
            if expr is not None:
                return expr
            attempt.undo()
        code = self.write_group(unit, rows, rows[0].item.path.rpartition(".")[2])
        return self.call_class(unit, rows, code, list(range(len(rows))))

    def share_turns(self, unit: Unit, rows: Sequence[Row]) -> None:
        """One class for a loop's turns, where they are parts that take values from outside."""
        found = [row.follow(turn, values) for row in rows for values, turn in turns(row)]
        parts = [row for row in found if isinstance(row.item, GroupItem) and row.item.named]
        captures = any(map(self.finder.taken.find_captured, bodies(parts)))
        if len(parts) < max(len(found), 2) or not captures or not self.finder.room.may_try:
            return
        attempt = Attempt(self.finder.room, unit, self.supports, parts)
        names = [row.item.path.rpartition(".")[2] for row in parts]
        try:
            code = self.write_group(unit, parts, find_word(names) or "part")
        except UnshareableError:
            attempt.undo()
            return
        self.homes.update((row.item, (code, index)) for index, row in enumerate(parts))

    def write_group(self, unit: Unit, rows: Sequence[Row], last: str) -> ClassCode:
        """The class of a named group, whose uses may take different values from outside."""
        regions = bodies(rows)
        steps = rows[0].item.step.branches[0].steps
        captured = join_captured(self.finder.taken, regions)
        uses = []
        for row, region in zip(rows, regions, strict=True):
            variables = {k: v for k, v in row.variables.items() if not k.startswith("*")}
            variables[IN_CHANNELS] = region.input.known.channels
            uses.append(Use(row.item, region, variables, unit.uses[row.use].calls))
        visible: dict[str, Argument | None] = {
            name: None for name in uses[0].variables if name != IN_CHANNELS
        }
        # A position is no name for a class.
        name = self.name_class("part" if last.isdecimal() else last)
        flows = any(map(reads_input, regions))
        if not flows:
            self.supports.detached.add(name)
        inner = Unit(
            name, f"The part '{last}' of {unit.name}.", steps, tuple(uses), visible,
            captured=captured, flows=flows,
        )  # fmt: skip
        return self.write_unit(inner)

    def call_class(
        self, unit: Unit, rows: Sequence[Row], code: ClassCode, indices: Sequence[int]
    ) -> Expr:
        """The call of a class's constructor, with the arguments that it needs."""
        arguments, keywords = pass_arguments(self.finder, unit, rows, code.unit, indices)
        return Call(code.unit.name, arguments, keywords)

    def name_class(self, word: str) -> str:
        """A class name that is not taken."""
        base, count = class_name(word), 2
        name = base
        while name in self.names:
            name, count = f"{base}{count}", count + 1
        self.names.add(name)
        return name
