"""Writes one unit as Keras's functional API has it: a function that calls layers in order."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence, Set

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.channels import ChannelFinder
from cnnspec.backends.choices import choose_kind
from cnnspec.backends.columns import (
    bodies,
    find_merged,
    is_loop,
    list_branches,
    one_kind,
    say_condition,
    say_shortcut_condition,
    turns,
)
from cnnspec.backends.keras.activation import spell_kind
from cnnspec.backends.keras.draft import INDENT
from cnnspec.backends.keras.kept import ValueDraft
from cnnspec.backends.keras.layout import Shorthand
from cnnspec.backends.keras.names import find_suffixes
from cnnspec.backends.keras.paths import name_layer
from cnnspec.backends.keras.shared import call_shared, holds_shared, make_model
from cnnspec.backends.keras.table import LAYERS, MERGES, count_inputs
from cnnspec.backends.keras.turns import (
    check_loop,
    holds_ops,
    list_unnamed,
    read_names,
    say_iteration,
)
from cnnspec.backends.pycode import (
    Bracketed,
    Call,
    Code,
    Expr,
    format_comment,
    format_statement,
)
from cnnspec.backends.rows import Row
from cnnspec.backends.site import OpSite, Supports
from cnnspec.backends.tables import LoopTable
from cnnspec.backends.taken import list_columns, list_inputs
from cnnspec.backends.units import Unit
from cnnspec.graph.dims import write_dims
from cnnspec.graph.ir import (
    BranchItem,
    CallItem,
    GroupItem,
    Item,
    LoopItem,
    Node,
    OpItem,
    Region,
    SkipItem,
    Value,
)
from cnnspec.graph.variations import list_dims
from cnnspec.naming import value_name
from cnnspec.ops.shapes import Kind

# A call of a block: the unit, its rows, the value it takes and the name it passes on.
CallBlock = Callable[[Unit, Sequence[Row], Expr, Expr], Expr]


class FunctionWriter(ValueDraft):
    """Writes the body of one function, step by step."""

    def __init__(
        self,
        finder: ChannelFinder,
        supports: Supports,
        unit: Unit,
        call_block: CallBlock,
        functions: Set[str],
        shorthand: Shorthand,
        is_model: bool = False,
    ) -> None:
        super().__init__(unit, functions, finder.taken)
        self.finder = finder
        self.supports = supports
        self.call_block = call_block
        self.shorthand = shorthand
        self.is_model = is_model
        self.layer_names: dict[Node, list[str]] = {}

    def write_list(self, rows: Sequence[Row], regions: Sequence[Region]) -> None:
        """Write a list of steps."""
        for index in range(len(regions[0].items)):
            column = [
                r.follow(region.items[index]) for r, region in zip(rows, regions, strict=True)
            ]
            self.write_column(column)

    def write_column(self, rows: Sequence[Row]) -> None:
        """Write one step."""
        taken = [row for row in rows if not isinstance(row.item, SkipItem)]
        if not taken:
            return
        if len(taken) < len(rows):
            self.write_optional(rows, taken)
            return
        step = rows[0].item.step
        item = one_kind(rows)
        if step.source is not None and not isinstance(item, LoopItem):
            self.current = self.find_value(step.source, [row.item.input for row in rows])
        target = self.target
        if isinstance(item, OpItem | CallItem) and (kept := self.find_kept(rows)):
            self.target = self.pick(kept)
        match item:
            case LoopItem():
                self.write_loop(rows)
                return
            case GroupItem(named=False):
                self.write_list(rows, bodies(rows))
                return
            case GroupItem():
                self.write_stage(rows)
            case BranchItem():
                self.write_branches(rows)
            case OpItem():
                self.write_op(rows)
            case CallItem() if step.shared is not None:
                call_shared(self, rows, lambda: [("", make_model(self, rows, self.write_call))])
            case CallItem():
                self.take_results(rows, self.write_call(rows, self.current))
        self.keep_value(rows, target)
        self.after_stage |= self.is_stage(item)

    def write(self, rows: Sequence[Row], regions: Sequence[Region]) -> list[str]:
        """Write the whole body; gives back the variables that hold what it gives."""
        for region in regions:
            received = self.taken_values.find_captured(region).values()
            self.values.update(dict.fromkeys(received, self.current))
        self.write_list(rows, regions)
        results = list_columns(list(map(self.taken_values.list_results, regions)))
        outputs = [region.output for region in regions]
        return [
            self.current if column == outputs else self.find_variable(column) for column in results
        ]

    def is_stage(self, item: Item) -> bool:
        """Whether an item is a part of the model that stands under a comment."""
        named = isinstance(item, GroupItem) and item.named and not item.step.is_part
        return named and self.is_model and self.indent == INDENT

    def write_optional(self, rows: Sequence[Row], taken: Sequence[Row]) -> None:
        """Write a step that some rows leave out."""
        saved, counts = self.save(), self.namer.counts
        condition = say_condition(self.unit, rows)
        # A loop begins where its counter is.
        looping = any(list_unnamed(row.item).has_loops for row in taken)
        if looping if counts.is_live(rows) else counts.differ_behind(rows):
            self.count(rows)
        ahead = counts.measure(rows)
        self.open_condition(condition)
        mark = len(self.lines)
        self.write_column(taken)
        self.count_on(taken, ahead)
        written = len(self.lines) > mark
        self.close_condition()
        if not written:
            self.restore(saved)

    def write_chain(self, rows: Sequence[Row], regions: Sequence[Region]) -> None:
        """Write a list whose steps are counted on their own, if they are."""
        self.write_list(rows, regions)
        self.namer.counts.forget(regions)

    def write_stage(self, rows: Sequence[Row]) -> None:
        """A named group: its steps in line, under a comment where the model has stages."""
        item = rows[0].item
        if self.is_stage(item):
            self.label(item.path, item.output)
        depth = self.namer.enter_stage(rows)
        self.write_chain(rows, bodies(rows))
        self.namer.leave_stage(depth)

    def label(self, path: str, value: Value) -> None:
        """The comment over a part of the model, with the shape of what it gives."""
        dims = list_dims(self.finder.graph, value)
        last = (*dims[1:], dims[0]) if value.known.kind is not Kind.TOKENS else dims
        sizes = write_dims(last, " x ")
        text = f"{path.replace('.', '/')}: {sizes}"
        self.lines += ["", *format_comment(text, self.indent)]
        self.after_stage = False

    # Loops

    def write_loop(self, rows: Sequence[Row]) -> None:
        """A loop where one can say the turns and their names, else one turn after the other."""
        counts = {len(turns(row)) for row in rows}
        room = self.finder.room
        if is_loop(rows) and room.may_try and not self.is_row_of_stages(rows):
            saved = self.save()
            try:
                self.make_loop(rows)
                return
            except UnshareableError:
                room.waste(rows)
                self.restore(saved)
        if len(counts) != 1:
            raise UnshareableError("uses take a loop's turns in different numbers")
        for index in range(counts.pop()):
            self.write_column([row.fix(turns(row)[index][1], turns(row)[index][0]) for row in rows])

    def is_row_of_stages(self, rows: Sequence[Row]) -> bool:
        """Whether the turns are stages that only call blocks: each has a comment with its shape."""
        stages = [turn for row in rows for _, turn in turns(row)]
        return self.are_stages(rows) and not any(map(holds_ops, stages))

    def are_stages(self, rows: Sequence[Row]) -> bool:
        """Whether a loop's turns are stages of the model."""
        stages = [turn for row in rows for _, turn in turns(row)]
        named = all(
            isinstance(stage, GroupItem) and stage.named and not stage.step.is_part
            for stage in stages
        )
        return self.is_model and self.indent == INDENT and named

    def make_loop(self, rows: Sequence[Row]) -> None:
        """A loop, with an index or a counter where the layers' names need one."""
        check_loop(rows, {*self.unit.parameters, *self.loop_variables}, self.taken_values)
        if self.are_stages(rows):
            stages = [turn.path for _, turn in turns(rows[0])]
            self.label(f"{stages[0]} to {stages[-1].rpartition('.')[2]}", rows[0].item.output)
        self.settle()
        self.begin_line()
        held, counts = self.current, self.namer.counts
        loop = self.namer.open_loop(rows, {*self.values.values(), *self.loop_variables})
        begun = loop.counted and not counts.is_live(rows)
        if loop.counted:
            self.count(rows)
            if not counts.is_live(rows):
                raise UnshareableError("the positions of a loop begin with different numbers")
        mark, around = len(self.lines), self.loop_variables
        inner = [
            row.enter(turn, values, number)
            for row in rows
            for number, (values, turn) in enumerate(turns(row))
        ]
        table = LoopTable(frozenset(row.turns[-1] for row in inner))
        self.unit.tables.append(table)
        counts.enter(rows, inner)
        self.loop_variables = {*around, *(name for name, _ in rows[0].item.step.loop)}
        self.indent += INDENT
        self.write_column(inner)
        self.end_in(held)
        self.count_on(inner)
        self.indent -= INDENT
        self.loop_variables = around
        self.namer.loops.pop()
        self.unit.tables.remove(table)
        counts.leave(rows, begun)
        body = self.lines[mark:]
        if not body:
            raise UnshareableError("no turn of a loop has a layer")
        del self.lines[mark:]
        kept = {*self.values.values(), *self.taken, *read_names(body, ast.Store)}
        if kept & table.columns.keys():
            raise UnshareableError("a loop's number has the name of a value")
        target, iterable = say_iteration(self.unit, rows, read_names(body), loop, table)
        self.lines += format_statement(f"for {target} in ", iterable, ":", self.indent)
        self.lines += body
        self.after_stage = self.are_stages(rows)

    # Branches and ops

    def write_branches(self, rows: Sequence[Row]) -> None:
        """The branches of a value one after the other, then the merge."""
        merged = find_merged(rows)
        if not merged:
            self.write_chain(*list_branches(rows, 0))
            return
        if len(merged) < len(rows):
            self.write_optional_shortcut(rows, merged)
            return
        start, target = self.current, self.target
        branches = list(enumerate(rows[0].item.step.branches))
        residual = rows[0].item.step.head == "residual" and not holds_shared(rows)
        outputs: dict[int, str] = {}
        around = set(self.taken)
        # The shortcut comes first: the body may then go on in the variable of the value.
        for position, branch in reversed(branches) if residual else branches:
            last = residual and position == 0
            self.current = start
            self.target = target if last else self.pick(value_name(branch.label))
            if last and self.target in (start, *outputs.values()) and start in self.values.values():
                self.target = self.pick("x")
            before = len(self.lines)
            self.write_chain(*list_branches(rows, position))
            if residual and not last and len(self.lines) == before:
                self.add(f"{self.target} = {start}")
                self.current = self.target
            outputs[position] = self.current
            self.taken.add(self.current)
        values = tuple(outputs[position] for position, _ in branches)
        layer = self.merge(merged, values, self.taken - around - {start})
        self.taken, self.target = around, target
        self.assign(layer)

    def write_optional_shortcut(self, rows: Sequence[Row], merged: Sequence[Row]) -> None:
        """A body, to which the shortcut is added under a condition."""
        condition = say_shortcut_condition(self.unit, rows)
        shortcut = self.pick(value_name(rows[0].item.step.branches[1].label))
        self.add(f"{shortcut} = {self.current}")
        around = set(self.taken)
        self.taken.add(shortcut)
        self.write_chain(*list_branches(rows, 0))
        self.open_condition(condition)
        body = self.current
        self.taken = around | {body}
        self.current = self.target = shortcut
        self.write_chain(*list_branches(rows, 1))
        layer = self.merge(merged, (body, self.current), {body, self.current} - around)
        self.taken, self.target = around, body
        self.assign(layer)
        self.close_condition()

    def write_op(self, rows: Sequence[Row]) -> None:
        """An op: its layers, one statement each."""
        if self.write_chosen(rows):
            return
        site = self.find_site(rows)
        if type(site.op) in MERGES:
            values = tuple(self.find_value(item, column) for item, column in list_inputs(rows))
            if site.op.refers:
                values = (self.current, *values)
            self.assign(self.merge(rows, values, set()))
            return
        if rows[0].item.step.shared is not None:
            call_shared(self, rows, lambda: list(zip(*self.make_layers(rows, site), strict=True)))
            return
        for layer in self.make_layers(rows, site)[1]:
            self.assign(Call(layer, (Code(self.current),) * count_inputs(site.op)))

    def make_layers(
        self, rows: Sequence[Row], site: OpSite
    ) -> tuple[tuple[str, ...], tuple[Expr, ...]]:
        """The layers that an op becomes, with what their names add to its own."""
        name = self.namer.say([node.path for node in site.own], rows)
        layers = LAYERS[type(site.op)](site, name)
        suffixes = find_suffixes(name, layers)
        self.note_names(site, suffixes)
        return suffixes, tuple(map(self.shorthand.shorten, layers))

    def write_call(self, rows: Sequence[Row], value: str) -> Expr:
        """The call of a block's function on a variable."""
        name = self.namer.say([row.item.path for row in rows], rows)
        return self.call_block(self.unit, rows, Code(value), name)

    def write_chosen(self, rows: Sequence[Row]) -> bool:
        """Write an op that is given, where it is not the same in all rows."""
        kind = choose_kind(self.unit, rows, lambda part: spell_kind(self.find_site(part)))
        if kind is None:
            return False
        nodes = [row.item.node for row in rows if isinstance(row.item, OpItem)]
        name = self.namer.say([node.path for node in nodes], rows)
        for node in nodes:
            self.layer_names[node] = [name_layer(node.path)]
        layer = Call("layers.Activation", (kind,), (("name", name),))
        self.assign(Call(layer, (Code(self.current),)))
        return True

    def merge(self, rows: Sequence[Row], values: tuple[str, ...], own: Set[str]) -> Expr:
        """A merging layer's call, after the layers that its inputs pass.

        `own` variables hold what only the merge takes.
        """
        site = self.find_site(rows)
        name = self.namer.say([node.path for node in site.own], rows)
        merged = MERGES[type(site.op)](site, name)
        every = (*(layer for layers in merged.inputs for layer in layers), merged.layer)
        self.note_names(site, find_suffixes(name, every))
        inputs: list[Expr] = []
        for value, layers in zip(values, merged.inputs, strict=True):
            variable = value
            if layers and (value not in own or values.count(value) > 1):
                variable = self.pick("gate")
                self.taken.add(variable)
            for layer in layers:
                self.write_line(variable, Call(layer, (Code(value),)))
            inputs.append(Code(variable))
        return Call(merged.layer, (Bracketed(tuple(inputs)),))

    def note_names(self, site: OpSite, suffixes: Sequence[str]) -> None:
        """Remember which layers each op becomes."""
        for node in (node for node in site.own if node.shares is None):
            self.layer_names[node] = [f"{name_layer(node.path)}{suffix}" for suffix in suffixes]

    def find_site(self, rows: Sequence[Row]) -> OpSite:
        """The site of a step that is an op."""
        nodes = tuple(row.item.node for row in rows if isinstance(row.item, OpItem))
        if len({type(node.op) for node in nodes}) != 1:
            raise UnshareableError("uses call different ops")
        return OpSite(self.finder, self.supports, self.unit, rows, nodes)
