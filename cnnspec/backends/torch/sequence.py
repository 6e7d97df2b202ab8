"""Writes chains of steps as ``nn.Sequential``, with the loops and conditions of the spec."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.carried import drop_after, drop_carried, last_loop, mark_after
from cnnspec.backends.channels import ChannelFinder
from cnnspec.backends.choices import choose_kind, refuse
from cnnspec.backends.columns import (
    bodies,
    choose_constant,
    is_loop,
    last_name,
    one_kind,
    say_condition,
    say_rows,
    say_values,
    turns,
)
from cnnspec.backends.guesses import CARRIED
from cnnspec.backends.pycode import Call, Code, Expr, format_inline, literal
from cnnspec.backends.pytext import Reference
from cnnspec.backends.rows import Row
from cnnspec.backends.site import OpSite, Supports
from cnnspec.backends.tables import LoopTable
from cnnspec.backends.torch.attempt import Attempt
from cnnspec.backends.torch.entries import (
    Entry,
    Loop,
    Make,
    Nest,
    When,
    add_entries,
    contains_name,
    find_carried,
    has_keys,
    holds_carrying,
    is_plain_name,
    list_entries,
    spell,
    write_inline,
)
from cnnspec.backends.torch.initial import (
    HELPER,
    Fill,
    Plan,
    find_fills,
    list_supports,
    wrap_module,
)
from cnnspec.backends.torch.leaf import INPLACE
from cnnspec.backends.torch.table import LEAVES
from cnnspec.backends.units import CARRIED_NAME, IN_CHANNELS, IN_FEATURES, Unit, normalize
from cnnspec.graph.ir import (
    CallItem,
    GroupItem,
    LoopItem,
    OpItem,
    Region,
    SkipItem,
)
from cnnspec.naming import attribute_name, variable_name
from cnnspec.ops.shapes import Kind

# So many turns are few.
_FEW = 4


class SequenceWriter:
    """Writes the steps of one unit as entries of a sequence.

    `make_part` writes a block call or a named group as an expression that makes its module, and
    `share_turns` one class for the turns of a loop that take values from outside.
    """

    def __init__(
        self,
        finder: ChannelFinder,
        supports: Supports,
        unit: Unit,
        make_part: Callable[[Unit, Sequence[Row]], Expr],
        plan: Plan,
        share_turns: Callable[[Unit, Sequence[Row]], None],
    ) -> None:
        self.finder = finder
        self.supports = supports
        self.unit = unit
        self.make_part = make_part
        self.plan = plan
        self.share_turns = share_turns

    def write_list(self, rows: Sequence[Row], regions: Sequence[Region]) -> tuple[Entry, ...]:
        """The entries of a list of steps, for all rows at once."""
        entries: list[Entry] = []
        for index in range(len(regions[0].items)):
            column = [
                row.follow(region.items[index]) for row, region in zip(rows, regions, strict=True)
            ]
            written = self.write_column(column)
            add_entries(entries, written)
            if written and (carried := find_carried(written[-1])):
                rows = [mark_after(row, carried) for row in column]
        return tuple(entries)

    def write_column(self, rows: Sequence[Row]) -> tuple[Entry, ...]:
        """The entries of one step."""
        taken = [row for row in rows if not isinstance(row.item, SkipItem)]
        if not taken:
            return ()
        if len(taken) < len(rows):
            condition = say_condition(self.unit, rows)
            entries = self.write_column(taken)
            return (When(condition, entries),) if entries else ()
        step = rows[0].item.step
        if step.source is not None:
            raise UnshareableError("a step that goes back to an earlier value is no chain's")
        if step.shared is not None:
            raise UnshareableError("a module that is called several times is no chain's")
        match one_kind(rows):
            case LoopItem():
                return self.write_loop(rows)
            case GroupItem(named=False):
                return self.write_list(rows, bodies(rows))
            case OpItem():
                return (self.name_module(rows, self.make_op(rows)),)
            case GroupItem() if any(map(self.finder.taken.find_captured, bodies(rows))):
                raise UnshareableError("a part that takes values from outside is no chain's")
            case GroupItem() if step.is_part and bodies(rows)[0].positional:
                return (self.write_part(rows),)
            case CallItem() | GroupItem():
                return (self.name_module(rows, self.make_part(self.unit, rows)),)
        raise UnshareableError("a chain holds ops, blocks and groups only")

    def name_module(self, rows: Sequence[Row], expr: Expr) -> Make:
        """A module under its name, which may have the variable of a loop in it."""
        name, written = last_name(rows), rows[0].item.step.name
        if name or written is None:
            return Make(name, expr)
        names = [row.item.path.rpartition(".")[2] for row in rows]
        if any(attribute_name(name) != name for name in names):
            raise UnshareableError("a name would hide an attribute of modules")
        return Make("", expr, self.unit.say_text(rows, names, written))

    def write_part(self, rows: Sequence[Row]) -> Entry:
        """A list in the place of a step: a sequence inside of the sequence."""
        entries = self.write_list(rows, bodies(rows))
        expr = write_inline(entries, named=False)
        if expr is not None:
            return Make(last_name(rows), expr)
        if any(isinstance(entry, Nest) for entry in list_entries(entries)):
            raise UnshareableError("sequences are filled one inside of one other at most")
        return Nest(entries)

    def make_op(self, rows: Sequence[Row]) -> Expr:
        """The module of an op."""
        if (chosen := self.choose_module(rows)) is not None:
            return chosen
        site = self.find_site(rows)
        leaf = LEAVES.get(type(site.op))
        if leaf is None:
            raise UnshareableError(f"{site.op.op} takes several values and cannot stand in a chain")
        module = leaf.module(site)
        if leaf.flattens(site):
            return Call("nn.Sequential", (module, Call("nn.Flatten")))
        fills = self.find_fills(site)
        if not fills:
            return module
        site.require(HELPER)
        return wrap_module(module, fills)

    def choose_module(self, rows: Sequence[Row]) -> Expr | None:
        """The module of a step whose op is given, where it is not the same in all rows."""
        kind = choose_kind(self.unit, rows, self.spell_module)
        return None if kind is None else Call(format_inline(kind))

    def spell_module(self, rows: Sequence[Row]) -> Reference:
        """The class of the modules that some rows agree in."""
        site = self.find_site(rows)
        leaf = LEAVES.get(type(site.op))
        made = leaf.module(site) if leaf is not None and leaf.function is not None else None
        if not isinstance(made, Call) or made.arguments or made.keywords not in ((), INPLACE):
            raise refuse()
        return Reference(made.function)

    def find_fills(self, site: OpSite) -> dict[str, Fill]:
        """How an op's module is filled where it is made, as far as no loop does so later."""
        fills = find_fills(site, self.plan)
        for name in list_supports(fills.values()):
            site.require(name)
        return fills

    def find_site(self, rows: Sequence[Row]) -> OpSite:
        """The site of a step that is an op."""
        nodes = tuple(row.item.node for row in rows if isinstance(row.item, OpItem))
        if len({type(node.op) for node in nodes}) != 1:
            raise UnshareableError("uses call different ops")
        return OpSite(self.finder, self.supports, self.unit, rows, nodes)

    def begin_attempt(self, rows: Sequence[Row]) -> Attempt:
        """What can be undone, should some rows turn out not to be written so."""
        return Attempt(self.finder.room, self.unit, self.supports, rows)

    def write_loop(self, rows: Sequence[Row]) -> tuple[Entry, ...]:
        """A loop, or its turns one by one where no loop can say them."""
        counts = {len(turns(row)) for row in rows}
        if is_loop(rows) and self.finder.room.may_try:
            attempt = self.begin_attempt(rows)
            try:
                loop = self.make_loop(rows)
                if loop.entries:
                    return (loop,)
                # All that it holds is left out in every turn.
                attempt.undo(in_vain=False)
                return ()
            except UnshareableError:
                attempt.undo()
        if len(counts) != 1:
            raise UnshareableError("uses take a loop's turns in different numbers")
        entries: list[Entry] = []
        for index in range(counts.pop()):
            turn = [row.fix(turns(row)[index][1], turns(row)[index][0]) for row in rows]
            add_entries(entries, self.write_column(turn))
        return tuple(entries)

    def make_loop(self, rows: Sequence[Row]) -> Loop:
        """A loop over the author's lists; channels that change are carried from turn to turn."""
        inner = [
            row.enter(turn, {**variables, CARRIED: turn.input.known.channels}, number)
            for row in map(drop_after, rows)
            for number, (variables, turn) in enumerate(turns(row))
        ]
        table = LoopTable(frozenset(row.turns[-1] for row in inner))
        self.unit.tables.append(table)
        if CARRIED_NAME not in inner[0].variables:
            kind = inner[0].item.input.known.kind
            self.unit.carried_name = IN_FEATURES if kind is Kind.VECTOR else IN_CHANNELS
            for row in inner:
                row.variables = {**row.variables, CARRIED_NAME: self.unit.carried_name}
        carried_before, self.unit.carries = self.unit.carries, False
        entries = self.write_body(inner)
        if not has_keys(entries) and not all(map(is_plain_name, entries)):
            raise UnshareableError("named modules cannot come from a loop")
        if not self.unit.carries:
            self.unit.carries = carried_before
            self.unit.tables.remove(table)
            return Loop(*self.say_iteration(rows, spell(entries), table), entries)
        name = self.unit.carried_name
        start = None
        if any(
            row.variables.get(CARRIED) != row.item.input.known.channels
            or row.variables.get(CARRIED_NAME) != name
            for row in rows
        ):
            before = [drop_carried(row) for row in rows]
            start = self.finder.say(self.unit, before, [row.item.input for row in rows])
            if isinstance(start, Code) and start.text == name:
                start = None
        self.unit.shadowed.add(name)
        advance = None
        if not self.is_advanced(inner, entries):
            advance = self.say_advance(inner, entries)
        self.unit.tables.remove(table)
        text = spell([Loop("_", Code("_"), entries, name, None, advance)])
        return Loop(*self.say_iteration(rows, text, table), entries, name, start, advance)

    def write_body(self, rows: Sequence[Row]) -> tuple[Entry, ...]:
        """A loop's body; where it needs what the unit received, another variable is carried."""
        saved, used = self.unit.save(), IN_CHANNELS in self.unit.used
        received = IN_CHANNELS in rows[0].variables
        if received and (used or self.unit.keeps_received):
            self.unit.carried_name = "current_channels"
        entries = self.write_column(rows)
        if received and self.unit.carries and not used and IN_CHANNELS in self.unit.used:
            self.finder.room.waste(rows)
            if not self.finder.room.may_try:
                raise UnshareableError("the loop would be written once more")
            self.unit.restore(saved)
            self.unit.carried_name = "current_channels"
            entries = self.write_column(rows)
        return entries

    def say_advance(self, rows: Sequence[Row], entries: tuple[Entry, ...]) -> Expr:
        """The carried channels after a turn, which may be computed from those before it."""
        count = len(rows) / len({row.use for row in rows})
        # The model's own steps are clearer one by one, if they are few.
        can_add = isinstance(self.unit.uses[0].item, CallItem) or count > _FEW
        # An inner loop has put other channels into the variable.
        is_kept = not holds_carrying(entries)
        after = rows if can_add and is_kept else [drop_carried(row) for row in rows]
        return self.say_channels(after, [row.item.output for row in rows])

    def say_channels(self, rows: Sequence[Row], values: Sequence[object]) -> Expr:
        """The channels of a value, which must not become an argument of the unit."""
        extras = len(self.unit.extras)
        expr = self.finder.say(self.unit, rows, values)  # type: ignore[arg-type]
        if len(self.unit.extras) != extras:
            raise UnshareableError("the channels after a turn cannot be said")
        return expr

    def is_advanced(self, rows: Sequence[Row], entries: tuple[Entry, ...]) -> bool:
        """Whether an inner loop leaves the carried variable with the channels of the turn's end."""
        if not holds_carrying(entries):
            return False
        inner = [last_loop(row.item) for row in rows]
        return all(
            item is not None
            and item.turns
            and item.output.known.channels == row.item.output.known.channels
            for item, row in zip(inner, rows, strict=True)
        )

    def say_iteration(self, rows: Sequence[Row], text: str, table: LoopTable) -> tuple[str, Expr]:
        """The target and the iterable of a ``for``: only variables that the body uses."""
        step = rows[0].item.step
        counts = [len(turns(row)) for row in rows]
        if not step.loop and not table.columns:
            count = choose_constant(self.unit, rows, counts, step.repeat)
            return "_", Call("range", (count,))
        used = [
            (name, argument)
            for name, argument in step.loop
            if contains_name(text, variable_name(name))
        ]
        if not used and not table.columns:
            return "_", Call("range", (choose_constant(self.unit, rows, counts, None),))
        target = ", ".join([*(variable_name(name) for name, _ in used), *table.columns])
        whole = None if table.columns else say_rows(self.unit, rows, [name for name, _ in used])
        if whole is not None:
            return target, whole
        lists = []
        for name, argument in used:
            values = [tuple(normalize(v[name]) for v, _ in turns(row)) for row in rows]
            if name in self.unit.words:
                values = [tuple(self.unit.translate(name, v) for v in row) for row in values]
            expr = choose_constant(self.unit, rows, values, argument)
            lists.append(say_values(values[0]) if expr == literal(values[0]) else expr)
        lists += [literal(column) for column in table.columns.values()]
        if len(lists) == 1:
            return target, lists[0]
        return target, Call("zip", tuple(lists), (("strict", Code("True")),))
