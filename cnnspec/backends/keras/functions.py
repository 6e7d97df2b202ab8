"""Writes one unit as Keras's functional API has it: a function that calls layers in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.channels import ChannelFinder
from cnnspec.backends.columns import (
    bodies,
    choose_constant,
    find_merged,
    find_references,
    is_loop,
    last_name,
    list_branches,
    one_kind,
    say_condition,
    say_shortcut_condition,
    turns,
)
from cnnspec.backends.keras.draft import Draft
from cnnspec.backends.keras.names import find_suffixes
from cnnspec.backends.keras.paths import LoopNames, PathNamer, name_layer
from cnnspec.backends.keras.table import LAYERS, MERGES
from cnnspec.backends.pycode import (
    Bracketed,
    Call,
    Code,
    Expr,
    format_comment,
    format_statement,
    literal,
)
from cnnspec.backends.rows import Row
from cnnspec.backends.site import OpSite, Supports
from cnnspec.backends.units import Unit, normalize
from cnnspec.graph.ir import (
    BranchItem,
    CallItem,
    GroupItem,
    LoopItem,
    Node,
    OpItem,
    Region,
    SkipItem,
)
from cnnspec.naming import variable_name
from cnnspec.spec.model import ListArgument, Literal

# A call of a block: the unit, its rows, the value it takes and the name it passes on.
CallBlock = Callable[[Unit, Sequence[Row], Expr, Expr], Expr]


class FunctionWriter(Draft):
    """Writes the body of one function, step by step."""

    def __init__(
        self,
        finder: ChannelFinder,
        supports: Supports,
        unit: Unit,
        call_block: CallBlock,
        is_model: bool,
        functions: Set[str] = frozenset(),
    ) -> None:
        super().__init__(unit, functions)
        self.finder = finder
        self.supports = supports
        self.call_block = call_block
        self.is_model = is_model
        self.namer = PathNamer(unit)
        self.layer_names: dict[Node, list[str]] = {}
        self.referenced = find_references(unit.steps)

    def write_list(self, rows: Sequence[Row], regions: Sequence[Region]) -> None:
        """Write a list of steps."""
        for index in range(len(regions[0].items)):
            column = [
                r.follow(region.items[index]) for r, region in zip(rows, regions, strict=True)
            ]
            # The positions of a chain count its steps.
            self.write_column(column, [r.scope for r in regions if r.positional])

    def write_column(self, rows: Sequence[Row], scopes: Sequence[str] = ()) -> None:
        """Write one step; `scopes` are the paths of the chains that it stands in, if it does."""
        taken = [row for row in rows if not isinstance(row.item, SkipItem)]
        if not taken:
            return
        if len(taken) < len(rows):
            self.write_optional(rows, taken, scopes)
            return
        step = rows[0].item.step
        item = one_kind(rows)
        if step.source is not None and not isinstance(item, LoopItem):
            self.current = self.find_value(step.source)
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
            case CallItem():
                name = self.namer.say([row.item.path for row in rows], rows)
                self.assign(self.call_block(self.unit, rows, Code(self.current), name))
        self.keep_value(rows, target)

    def find_kept(self, rows: Sequence[Row]) -> str:
        """The name by which later steps take a step's value, or nothing."""
        names = {row.item.path.rpartition(".")[2] for row in rows}
        name = names.pop()
        kept = rows[0].item.step.name is not None and not names and name in self.referenced
        return name if kept else ""

    def keep_value(self, rows: Sequence[Row], target: str) -> None:
        """Keep a value under its name, where later steps take it by that."""
        name = self.find_kept(rows)
        if not name:
            return
        if self.target == target:
            variable = self.pick(name)
            self.add(f"{variable} = {self.current}")
            self.values[name] = variable
        else:
            self.values[name] = self.current
        self.target = target

    def write_optional(
        self, rows: Sequence[Row], taken: Sequence[Row], scopes: Sequence[str]
    ) -> None:
        """Write a step that some rows leave out."""
        if last_name(taken) in self.values:
            raise UnshareableError("a name stands for another value where its step is left out")
        condition = say_condition(self.unit, rows)
        count = None if self.namer.loops else self.namer.counts.plan(rows, scopes, self.pick)
        if count is not None and count.before:
            self.taken.add(count.variable)
            self.note(count.before)
        self.open_condition(condition)
        self.write_column(taken)
        if count is not None:
            self.note(count.after)
            self.namer.counts.keep(count)
        self.close_condition()

    def write_stage(self, rows: Sequence[Row]) -> None:
        """A named group: its steps in line, under a comment where the model has stages."""
        if self.is_model:
            item = rows[0].item
            shape = item.output.known
            sizes = " x ".join(map(str, (*shape.sizes, shape.channels)))
            label = item.path.replace(".", "/")
            self.lines += ["", *format_comment(f"{label}: {sizes}", self.indent)]
        self.write_list(rows, bodies(rows))

    # Loops

    def write_loop(self, rows: Sequence[Row]) -> None:
        """A loop where one can say the turns and their names, else one turn after the other."""
        counts = {len(turns(row)) for row in rows}
        if is_loop(rows):
            saved = self.save()
            try:
                self.make_loop(rows)
                return
            except UnshareableError:
                self.restore(saved)
        if len(counts) != 1:
            raise UnshareableError("uses take a loop's turns in different numbers")
        for index in range(counts.pop()):
            self.write_column([row.fix(turns(row)[index][1], turns(row)[index][0]) for row in rows])

    def make_loop(self, rows: Sequence[Row]) -> None:
        """A loop with an index that the layers' names take."""
        inner = [row.enter(turn, variables) for row in rows for variables, turn in turns(row)]
        if self.current != self.target:
            raise UnshareableError("a loop begins with the variable that it ends with")
        names = self.namer.open_loop(rows)
        mark = len(self.lines)
        self.indent += 4
        try:
            self.write_column(inner)
        finally:
            self.indent -= 4
            self.namer.close_loop()
        body = self.lines[mark:]
        del self.lines[mark:]
        target, iterable = self.say_iteration(rows, "\n".join(body), names)
        self.lines += format_statement(f"for {target} in ", iterable, ":", self.indent)
        self.lines += body

    def say_iteration(self, rows: Sequence[Row], body: str, names: LoopNames) -> tuple[str, Expr]:
        """The target and the iterable of a ``for``, with the index that names need."""
        step = rows[0].item.step
        used = [(n, a) for n, a in step.loop if self.namer.mentions(body, variable_name(n))]
        counts = [len(turns(row)) for row in rows]
        # With one position a turn the index is the position itself.
        start = names.start if names.size == 1 else 0
        if not used and set(counts) == {1}:
            raise UnshareableError("one turn without variables needs no loop")
        if not used:
            if len(set(counts)) == 1:
                first = (literal(start),) if start else ()
                return names.index, Call("range", (*first, literal(start + counts[0])))
            count = choose_constant(self.unit, rows, counts, step.repeat)
            if start:
                raise UnshareableError("the turns' numbers cannot be said")
            return names.index, Call("range", (count,))
        lists = []
        for name, argument in used:
            facts = [tuple(normalize(v[name]) for v, _ in turns(row)) for row in rows]
            lists.append(choose_constant(self.unit, rows, facts, argument))
        inner = ", ".join(variable_name(name) for name, _ in used)
        many = (
            Call("zip", tuple(lists), (("strict", Code("True")),)) if len(lists) > 1 else lists[0]
        )
        begin = (("start", literal(start)),) if start else ()
        inside = f"({inner})" if len(lists) > 1 else inner
        return f"{names.index}, {inside}", Call("enumerate", (many,), begin)

    # Branches and ops

    def write_branches(self, rows: Sequence[Row]) -> None:
        """The branches of a value one after the other, then the merge."""
        merged = find_merged(rows)
        if not merged:
            self.write_list(*list_branches(rows, 0))
            return
        if len(merged) < len(rows):
            self.write_optional_shortcut(rows, merged)
            return
        start, target = self.current, self.target
        branches = list(enumerate(rows[0].item.step.branches))
        residual = rows[0].item.step.head == "residual"
        outputs: dict[int, str] = {}
        claimed: list[str] = []
        # The shortcut comes first: the body may then go on in the variable of the value.
        for position, branch in reversed(branches) if residual else branches:
            last = residual and position == 0
            self.current = start
            self.target = target if last else self.pick(branch.label)
            if last and self.target in (start, *outputs.values()) and start in self.values.values():
                self.target = self.pick("x")
            before = len(self.lines)
            self.write_list(*list_branches(rows, position))
            if residual and not last and len(self.lines) == before:
                self.add(f"{self.target} = {start}")
                self.current = self.target
            outputs[position] = self.current
            claimed.append(self.current)
            self.taken.add(self.current)
        self.taken -= set(claimed)
        self.target = target
        self.merge(merged, tuple(outputs[position] for position, _ in branches))

    def write_optional_shortcut(self, rows: Sequence[Row], merged: Sequence[Row]) -> None:
        """A body, to which the shortcut is added under a condition."""
        condition = say_shortcut_condition(self.unit, rows)
        shortcut = self.pick(rows[0].item.step.branches[1].label)
        self.add(f"{shortcut} = {self.current}")
        self.taken.add(shortcut)
        self.write_list(*list_branches(rows, 0))
        self.open_condition(condition)
        body = self.current
        self.taken = (self.taken - {shortcut}) | {body}
        self.current = self.target = shortcut
        self.write_list(*list_branches(rows, 1))
        shortcut = self.current
        self.taken.discard(body)
        self.target = body
        self.merge(merged, (body, shortcut))
        self.close_condition()

    def write_op(self, rows: Sequence[Row]) -> None:
        """An op: its layers, one statement each."""
        site = self.find_site(rows)
        if type(site.op) in MERGES:
            argument = rows[0].item.step.argument
            assert isinstance(argument, ListArgument)
            self.merge(rows, tuple(self.find_value(item) for item in argument.items))
            return
        name = self.namer.say([node.path for node in site.nodes], rows)
        layers = LAYERS[type(site.op)](site, name)
        self.note_names(site, find_suffixes(name, layers))
        for layer in layers:
            self.assign(Call(layer, (Code(self.current),)))

    def merge(self, rows: Sequence[Row], values: tuple[str, ...]) -> None:
        """A merging layer, after the layers that its inputs pass."""
        site = self.find_site(rows)
        name = self.namer.say([node.path for node in site.nodes], rows)
        merged = MERGES[type(site.op)](site, name)
        every = (*(layer for layers in merged.inputs for layer in layers), merged.layer)
        self.note_names(site, find_suffixes(name, every))
        inputs = []
        for value, layers in zip(values, merged.inputs, strict=True):
            expr: Expr = Code(value)
            for layer in layers:
                expr = Call(layer, (expr,))
            inputs.append(expr)
        self.assign(Call(merged.layer, (Bracketed(tuple(inputs)),)))

    def note_names(self, site: OpSite, suffixes: Sequence[str]) -> None:
        """Remember which layers each op becomes."""
        for node in site.nodes:
            self.layer_names[node] = [f"{name_layer(node.path)}{suffix}" for suffix in suffixes]

    def find_site(self, rows: Sequence[Row]) -> OpSite:
        """The site of a step that is an op."""
        nodes = tuple(row.item.node for row in rows if isinstance(row.item, OpItem))
        if len({type(node.op) for node in nodes}) != 1:
            raise UnshareableError("uses call different ops")
        return OpSite(self.finder, self.supports, self.unit, rows, nodes)

    def find_value(self, reference: object) -> str:
        """The variable that holds a named value."""
        if not isinstance(reference, Literal):
            raise UnshareableError("values taken by a computed name are written apart")
        return self.current if reference.value == "_" else self.values[str(reference.value)]
