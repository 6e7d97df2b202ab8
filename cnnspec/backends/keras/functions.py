"""Writes one unit as Keras's functional API has it: a function that calls layers in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import cast

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.channels import ChannelFinder
from cnnspec.backends.columns import (
    bodies,
    find_references,
    is_loop,
    one_kind,
    say_condition,
    turns,
)
from cnnspec.backends.keras.names import find_suffixes
from cnnspec.backends.keras.paths import LoopNames, PathNamer, name_layer
from cnnspec.backends.keras.table import LAYERS, MERGES
from cnnspec.backends.pycode import (
    Bracketed,
    Call,
    Code,
    Expr,
    format_comment,
    format_condition,
    format_statement,
    literal,
)
from cnnspec.backends.site import OpSite, Supports
from cnnspec.backends.units import Row, Unit, guess_argument, normalize
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


class FunctionWriter:
    """Writes the body of one function; `current` is the variable that holds the value so far.

    `target` is the variable that the next layer's result goes to. `functions` are those that it
    may call, which no variable can hide.
    """

    def __init__(
        self,
        finder: ChannelFinder,
        supports: Supports,
        unit: Unit,
        call_block: CallBlock,
        is_model: bool,
        functions: Set[str] = frozenset(),
    ) -> None:
        self.finder = finder
        self.supports = supports
        self.unit = unit
        self.call_block = call_block
        self.is_model = is_model
        self.functions = functions
        self.lines: list[str] = []
        self.indent = 4
        self.current = "x"
        self.target = "x"
        self.values: dict[str, str] = {}
        self.taken: set[str] = set()
        self.namer = PathNamer(unit)
        self.layer_names: dict[Node, list[str]] = {}
        self.referenced = find_references(unit.steps)

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
            self.write_condition(say_condition(self.unit, rows), taken)
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

    def write_condition(self, condition: Expr, rows: Sequence[Row]) -> None:
        """Write steps under a condition: they change the variable, or leave it."""
        if self.current != self.target:
            self.add(f"{self.target} = {self.current}")
            self.current = self.target
        self.lines += format_condition("if", condition, self.indent)
        self.indent += 4
        self.write_column(rows)
        self.indent -= 4

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
            saved = self.unit.save(), list(self.lines), self.current, self.indent
            try:
                self.make_loop(rows)
                return
            except UnshareableError:
                self.unit.restore(saved[0])
                self.lines, self.current, self.indent = saved[1], saved[2], saved[3]
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
            count = self.choose_constant(rows, counts, step.repeat)
            if start:
                raise UnshareableError("the turns' numbers cannot be said")
            return names.index, Call("range", (count,))
        lists = []
        for name, argument in used:
            facts = [tuple(normalize(v[name]) for v, _ in turns(row)) for row in rows]
            lists.append(self.choose_constant(rows, facts, argument))
        inner = ", ".join(variable_name(name) for name, _ in used)
        many = (
            Call("zip", tuple(lists), (("strict", Code("True")),)) if len(lists) > 1 else lists[0]
        )
        begin = (("start", literal(start)),) if start else ()
        inside = f"({inner})" if len(lists) > 1 else inner
        return f"{names.index}, {inside}", Call("enumerate", (many,), begin)

    def choose_constant(
        self, rows: Sequence[Row], values: Sequence[object], argument: object
    ) -> Expr:
        """A loop's bounds as the author wrote them, or as a literal; never a new argument."""
        extras = len(self.unit.extras)
        facts = [normalize(value) for value in values]
        expr = self.unit.choose(rows, facts, guess_argument(argument), "count")  # type: ignore[arg-type]
        if len(self.unit.extras) != extras:
            raise UnshareableError("a loop's bounds cannot be said")
        return expr

    # Branches and ops

    def write_branches(self, rows: Sequence[Row]) -> None:
        """The branches of a value one after the other, then the merge."""
        items = [cast(BranchItem, row.item) for row in rows]
        start, target = self.current, self.target
        branches = list(enumerate(rows[0].item.step.branches))
        residual = rows[0].item.step.head == "residual"
        outputs: dict[int, str] = {}
        claimed: list[str] = []
        # The shortcut comes first: the body may then go on in the variable of the value.
        for position, branch in reversed(branches) if residual else branches:
            regions = [item.branches[position][1] for item in items]
            last = residual and position == 0
            self.current = start
            self.target = target if last else self.pick(branch.label)
            if last and self.target in (start, *outputs.values()) and start in self.values.values():
                self.target = self.pick("x")
            before = len(self.lines)
            self.write_list(rows, regions)
            if residual and not last and len(self.lines) == before:
                self.add(f"{self.target} = {start}")
                self.current = self.target
            outputs[position] = self.current
            claimed.append(self.current)
            self.taken.add(self.current)
        self.taken -= set(claimed)
        self.target = target
        merged = [
            row.follow(OpItem(i.step, i.input, i.output, i.path, node=i.merge))
            for row, i in zip(rows, items, strict=True)
        ]
        self.merge(merged, tuple(outputs[position] for position, _ in branches))

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

    def pick(self, word: str) -> str:
        """A variable called by a word that holds nothing still needed."""
        base, count = variable_name(word), 2
        taken = self.taken | set(self.values.values()) | {*self.unit.parameters, *self.unit.extras}
        taken |= self.functions
        name = base
        while name in taken or name in ("layers", "keras", "ops", "name", "in_channels"):
            name, count = f"{base}{count}", count + 1
        return name

    def assign(self, expr: Expr) -> None:
        """A statement that computes the next value."""
        if self.target in self.values.values() or self.target in self.taken:
            self.target = self.pick("x")
        self.lines += format_statement(f"{self.target} = ", expr, indent=self.indent)
        self.current = self.target

    def add(self, text: str) -> None:
        """A statement of a few words."""
        self.lines.append(f"{' ' * self.indent}{text}")
