"""Writes steps that are no plain chain as a class: attributes, and a ``forward`` to read."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.columns import (
    USE_SHORTCUT,
    bodies,
    find_merged,
    last_name,
    list_branches,
    one_kind,
    say_condition,
    say_shortcut_condition,
    turns,
)
from cnnspec.backends.header import spell_shape
from cnnspec.backends.pycode import Call, Code, Expr, Star, format_inline, literal
from cnnspec.backends.rows import Row
from cnnspec.backends.site import OpSite
from cnnspec.backends.taken import find_common, join_captured, list_inputs
from cnnspec.backends.torch.entries import (
    NAMED,
    can_be_keyed,
    has_keys,
    write_builder,
    write_inline,
    write_named,
)
from cnnspec.backends.torch.initial import write_fills
from cnnspec.backends.torch.kept import ValueDraft
from cnnspec.backends.torch.leaf import Held
from cnnspec.backends.torch.lines import LINE_ENDS, TAILS
from cnnspec.backends.torch.optional import find_word, is_module
from cnnspec.backends.torch.sequence import SequenceWriter
from cnnspec.backends.torch.slices import call_pieces
from cnnspec.backends.torch.statements import Assign, find_names
from cnnspec.backends.torch.table import LEAVES, MERGES
from cnnspec.backends.units import IN_CHANNELS
from cnnspec.graph.ir import (
    BranchItem,
    CallItem,
    GroupItem,
    LoopItem,
    OpItem,
    Region,
    SkipItem,
)
from cnnspec.graph.scope import is_positional
from cnnspec.naming import attribute_name, value_name, variable_name
from cnnspec.ops.merge import Add

# A line of forward grows no longer than this, nor any value that is still to be named.
_LONG, _LONGEST = 56, 240
# A value that goes into a sum or a concatenation is named unless it is shorter than this.
_SHORT = 36


class ForwardWriter(ValueDraft):
    """Writes one unit, step by step."""

    def __init__(self, sequence: SequenceWriter, is_model: bool) -> None:
        super().__init__(sequence.unit, sequence.finder.taken, is_model)
        self.sequence = sequence
        self.line_ends = False

    def write(self, rows: Sequence[Row], regions: Sequence[Region], start: Expr) -> None:
        """Write the whole unit, which gives its result and the values that leave it."""
        self.end_unit(regions, self.write_list(rows, regions, start), start)

    def write_pieces(self, rows: Sequence[Row], regions: Sequence[Region], start: Expr) -> None:
        """Write forward of a chain that values leave."""
        # A piece of a subclass would be made by its constructor.
        self.body.append(Assign("layers", Call("nn.Sequential", (Star(Code("self")),))))
        self.end_unit(regions, call_pieces(self, "layers", rows, regions, start), start)

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
            return self.write_optional(say_condition(self.unit, rows), taken, value)
        step = rows[0].item.step
        item = rows[0].item
        is_tail = isinstance(item, OpItem) and isinstance(item.node.op, TAILS)
        if self.line_ends and not is_tail and not isinstance(item, LoopItem | GroupItem):
            value = self.assign(value)
            self.line_ends = False
        if step.source is not None and not isinstance(rows[0].item, LoopItem):
            value = self.find_value(step.source, value, [row.item.input for row in rows])
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
                call = self.write_call(rows, value)
                value = self.end_part(rows, self.take_results(rows, call))
            case GroupItem():
                value = self.write_group(rows, value)
        value = self.name_value(rows, value)
        return self.assign(value) if len(format_inline(value)) > _LONGEST else value

    def write_optional(self, condition: Expr, rows: Sequence[Row], value: Expr) -> Expr:
        """A step that is there under a condition: one module may do nothing where it is not."""
        item = rows[0].item
        known = (*self.guards, condition) in self.flags
        if known or not is_module(item, self.taken) or item.step.source is not None:
            flag = self.add_flag(condition, f"with_{find_word(item)}")
            self.line_ends = False
            result = self.guard(flag, value, lambda own: self.write_column(rows, own))
            self.line_ends = False
            return result
        self.condition = condition
        try:
            return self.write_column(rows, value)
        finally:
            self.condition = None

    def unroll(self, rows: Sequence[Row], value: Expr) -> Expr:
        """The turns of a loop one by one: each has attributes of its own."""
        counts = {len(turns(row)) for row in rows}
        if len(counts) != 1:
            raise UnshareableError("uses take a loop's turns in different numbers")
        self.sequence.share_turns(self.unit, rows)
        for index in range(counts.pop()):
            turn = [row.fix(turns(row)[index][1], turns(row)[index][0]) for row in rows]
            value = self.write_column(turn, value)
        return value

    def write_group(self, rows: Sequence[Row], value: Expr) -> Expr:
        """A named group: a sequence where it is a chain, else a class of its own."""
        regions = bodies(rows)
        captured = join_captured(self.taken, regions)
        expr = self.make_chain(rows, regions) if self.is_chain(regions) and not captured else None
        if expr is not None and not all(map(self.taken.is_plain, regions)):
            self.add_attribute(attribute_name(last_name(rows)), expr)
            base = f"self.{attribute_name(last_name(rows))}"
            return self.end_part(rows, call_pieces(self, base, rows, regions, value))
        if expr is None:
            expr = self.sequence.make_part(self.unit, rows)
        more = tuple(map(self.find_known, captured.values()))
        if self.line_ends:
            value = self.assign(value)
            self.line_ends = False
        detached = isinstance(expr, Call) and expr.function in self.sequence.supports.detached
        call = self.call_attribute(rows, expr, *(() if detached else (value,)), *more)
        return self.end_part(rows, self.take_results(rows, call))

    def is_chain(self, regions: Sequence[Region]) -> bool:
        """Whether a part is tried as a sequence: one by names can only be called as a whole."""
        fits = regions[0].positional or all(map(self.taken.is_plain, regions))
        return fits and self.sequence.finder.room.may_try

    def write_call(self, rows: Sequence[Row], value: Expr) -> Expr:
        """A call of a block, whose module is made unless an earlier step shares it."""
        if self.find_shared(rows):
            return self.call_shared(rows, value)
        return self.call_attribute(rows, self.sequence.make_part(self.unit, rows), value)

    def find_shared(self, rows: Sequence[Row]) -> bool:
        """Whether a step has a module that an earlier step has made."""
        return rows[0].item.step.shared is not None and self.is_made(last_name(rows))

    def call_shared(self, rows: Sequence[Row], value: Expr) -> Expr:
        """Call a module that is there."""
        return Call(f"self.{attribute_name(last_name(rows))}", (value,))

    def end_part(self, rows: Sequence[Row], value: Expr) -> Expr:
        """After a part of the model its result's shape is told, on a line of its own."""
        if not self.is_model:
            return value
        shape = spell_shape(self.sequence.finder.graph, rows[0].item.output)
        name = find_common({self.taken.find_name(row.item) for row in rows})
        return self.assign(value, f"  # {shape}", name and self.pick_kept(name))

    def make_chain(self, rows: Sequence[Row], regions: Sequence[Region]) -> Expr | None:
        """A list of steps as one sequence; None where it is no chain."""
        attempt = self.sequence.begin_attempt(rows)
        named = not regions[0].positional
        try:
            entries = self.sequence.write_list(rows, regions)
        except UnshareableError:
            attempt.undo()
            return None
        expr = write_inline(entries, named)
        if expr is not None:
            return expr
        if named and has_keys(entries) and can_be_keyed(entries):
            declared, self.has_named = self.has_named, True
            self.add_setup(lambda indent: write_named(entries, indent, declared))
            return Call("nn.Sequential", (Code(NAMED),))
        if named:
            attempt.undo()
            return None
        declaration = "layers" if self.has_layers else "layers: list[nn.Module]"
        self.has_layers = True
        self.add_setup(lambda indent: write_builder(entries, declaration, indent))
        return Call("nn.Sequential", (Code("*layers"),))

    def write_branches(self, rows: Sequence[Row], value: Expr) -> Expr:
        """All branches of a value, then the merge."""
        merged = find_merged(rows)
        if not merged:
            return self.write_branch(rows, 0, value)
        if len(merged) < len(rows):
            return self.write_optional_shortcut(rows, merged, value)
        start = self.assign(value)
        assert isinstance(start, Code)
        self.held.append(start.text)
        outputs: list[Expr] = []
        depth = len(self.held)
        for index in range(len(rows[0].item.step.branches)):
            output = self.write_branch(rows, index, start)
            is_last = index == len(rows[0].item.step.branches) - 1
            if not is_last and not self.is_safe(output, start):
                output = self.assign(output, name=self.name_branch(rows, index, output))
            if isinstance(output, Code) and output.text.isidentifier():
                self.held.append(output.text)
            outputs.append(output)
        del self.held[depth - 1 :]
        return self.merge(merged, tuple(outputs))

    def name_branch(self, rows: Sequence[Row], index: int, output: Expr) -> str:
        """What a branch's result is called: as the author calls it, where nothing holds it yet."""
        step = rows[0].item.step
        label = step.branches[index].label
        held = isinstance(output, Code) and output.text.isidentifier()
        if held or step.head != "parallel" or label == f"branch{index + 1}":
            return ""
        return self.pick_name(variable_name(value_name(label)))

    def write_branch(self, rows: Sequence[Row], index: int, start: Expr) -> Expr:
        """The value after one branch, for the rows that carry it out."""
        branch = rows[0].item.step.branches[index]
        taken, regions = list_branches(rows, index)
        if branch.steps and is_positional(branch.steps):
            return self.write_container(taken, regions, start)
        return self.write_list(taken, regions, start) if branch.steps else start

    def write_optional_shortcut(
        self, rows: Sequence[Row], merged: Sequence[Row], value: Expr
    ) -> Expr:
        """A body, to which the shortcut is added under a condition."""
        flag = self.add_flag(say_shortcut_condition(self.unit, rows), USE_SHORTCUT)
        start = kept = self.assign(value)
        assert isinstance(start, Code) and isinstance(kept, Code)
        if self.is_free(start.text):
            kept = Code(self.pick_name("identity"))
            self.body.append(Assign(kept.text, start))
        self.held.append(kept.text)

        def add_shortcut(own: Expr) -> Expr:
            self.held.append(format_inline(own))
            shortcut = self.write_branch(rows, 1, kept)
            self.held.pop()
            return self.merge(merged, (own, shortcut))

        result = self.guard(flag, self.write_branch(rows, 0, start), add_shortcut)
        self.held.pop()
        return result

    def merge(self, rows: Sequence[Row], values: tuple[Expr, ...]) -> Expr:
        """The merge of some values; a sum may be written over the first of them."""
        site = self.sequence.find_site(rows)
        first = values[0]
        if (
            isinstance(site.op, Add)
            and len(values) == 2
            and isinstance(first, Code)
            and self.is_free(first.text)
            and site.may_overwrite()
            and all(node.inputs[0].shape == node.output.shape for node in site.nodes)
        ):
            self.body.append(Assign(first.text, values[1], sign="+="))
            return first
        return MERGES[type(site.op)](site, values)

    def is_safe(self, value: Expr, start: Code) -> bool:
        """Whether a pending value still holds after other statements: it is short and reads only
        variables that stay."""
        fixed = {start.text, "self", "F", "torch"}
        text = format_inline(value)
        # Statistics that calls share are updated in the order of the steps.
        late = any(f"self.{attribute_name(name)}(" in text for name in self.shared)
        moving = {name for name in find_names(value) - fixed if name not in self.known.texts}
        return not moving and len(text) <= _LONG // 2 and not late

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
        if (chosen := self.sequence.choose_module(rows)) is not None:
            self.line_ends = True
            return self.call_attribute(rows, chosen, value)
        site = self.sequence.find_site(rows)
        step = rows[0].item.step
        merge = MERGES.get(type(site.op))
        if merge is not None:
            if len(format_inline(value)) > _SHORT:
                value = self.assign(value)
            taken = tuple(self.find_value(i, value, column) for i, column in list_inputs(rows))
            merged = self.merge(rows, (value, *taken) if site.op.refers else taken)
            if self.needs_arguments(merged, value):
                raise UnshareableError("forward does not have what the constructor gets")
            return merged
        leaf = LEAVES[type(site.op)]
        call = None
        if leaf.function is not None and step.name is None and self.condition is None:
            saved = self.unit.save()
            value = self.assign(value) if leaf.names_input else value
            call = leaf.function(site, value)
            if self.needs_arguments(call, value):
                self.unit.restore(saved)
                call = None
        if call is not None:
            result = call
        elif leaf.held is not None and self.condition is None:
            result = self.write_held(rows, site, leaf.held, value)
        elif self.find_shared(rows):
            result = self.call_shared(rows, value)
        elif self.condition is not None:
            result = self.call_attribute(rows, self.sequence.make_op(rows), value)
        else:
            result = self.call_attribute(rows, leaf.module(site), value)
            self.fill_attribute(rows, site)
            if leaf.flattens(site):
                result = Call("torch.flatten", (result, literal(1)))
        self.line_ends |= isinstance(site.op, LINE_ENDS)
        if len(format_inline(result)) > _LONG:
            self.line_ends = False
            return self.assign(result)
        return result

    def needs_arguments(self, result: Expr, value: Expr) -> bool:
        """Whether a call in forward reads what the constructor alone has."""
        given = {*map(variable_name, (*self.unit.parameters, *self.unit.extras)), IN_CHANNELS}
        read = (find_names(result) & given) - find_names(value)
        return any(name not in self.known.texts for name in read)

    def write_held(self, rows: Sequence[Row], site: OpSite, held: Held, value: Expr) -> Expr:
        """An attribute that is not called as a module is."""
        name = self.name_attribute(rows)
        if not self.find_shared(rows):
            add = self.add_buffer if held.is_buffer else self.add_attribute
            add(name, held.make(site))
            self.fill_attribute(rows, site)
        return held.call(site, Code(f"self.{name}"), self.assign(value))

    def fill_attribute(self, rows: Sequence[Row], site: OpSite) -> None:
        """Fill the weights of an attribute, where they start like no others of its class."""
        fills = self.sequence.find_fills(site)
        module = f"self.{attribute_name(last_name(rows))}"
        if fills:
            self.add_setup(lambda indent: write_fills(site, fills, module, indent))

    def call_attribute(self, rows: Sequence[Row], expr: Expr, *values: Expr) -> Expr:
        """Make an attribute and call it."""
        name = self.name_attribute(rows)
        self.add_attribute(name, expr)
        return Call(f"self.{name}", values)

    def name_attribute(self, rows: Sequence[Row]) -> str:
        """What the attribute of a step is called."""
        name = last_name(rows)
        if not name or name.isdecimal():
            raise UnshareableError("a module has different names in different uses")
        return attribute_name(name)
