"""Which values are taken again by name, and which leave the part that they are made in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from os.path import commonprefix

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.rows import Row, Use
from cnnspec.graph.inner import holds_values
from cnnspec.graph.ir import (
    BranchItem,
    CallItem,
    Graph,
    GroupItem,
    Item,
    LoopItem,
    Node,
    OpItem,
    Region,
    SkipItem,
    Value,
)
from cnnspec.graph.scope import is_positional
from cnnspec.graph.walk import walk_items
from cnnspec.naming import value_name
from cnnspec.spec.keys import MERGES
from cnnspec.spec.model import Argument, ListArgument, Literal

# A value that is taken by a name which expressions make: whatever its own step is called.
_COMPUTED = ""


def list_values(item: Item) -> Iterator[tuple[Argument, Value]]:
    """The values that a step takes by name, with what it says of each; `_` is no name."""
    source = item.step.source
    if source is not None and not isinstance(item, LoopItem) and not _is_current(source):
        yield source, item.input
    if isinstance(item, OpItem):
        for name, value in _pair_inputs(item):
            if not _is_current(name):
                yield name, value


def _pair_inputs(item: OpItem) -> list[tuple[Argument, Value]]:
    """The values that an op takes by name, `_` among them."""
    names: tuple[Argument, ...] = ()
    if item.node.op.refers:
        names = (Literal(getattr(item.node.op, "like"), item.step.span),)  # noqa: B009
    elif item.step.head in MERGES and isinstance(item.step.argument, ListArgument):
        names = item.step.argument.items
    return list(zip(names, item.node.inputs[len(item.node.inputs) - len(names) :], strict=True))


def list_inputs(rows: Sequence[Row]) -> list[tuple[Argument, list[Value]]]:
    """The same for a column of ops: each name with what it stands for in every row."""
    pairs = [_pair_inputs(row.item) for row in rows if isinstance(row.item, OpItem)]
    return [(column[0][0], [value for _, value in column]) for column in zip(*pairs, strict=True)]


def _is_current(argument: Argument) -> bool:
    return isinstance(argument, Literal) and argument.value == "_"


def name_taken(argument: Argument) -> str:
    """What code calls a value for the name that it is taken by; empty where expressions make it."""
    if not isinstance(argument, Literal):
        return _COMPUTED
    return name_step(str(argument.value))


def name_step(path: str) -> str:
    """The last part of a path, with those before it as long as it is a position."""
    parts = path.split(".")
    first = len(parts) - 1
    while first and parts[first].isdecimal():
        first -= 1
    return value_name("_".join(parts[first:]))


class Taken:
    """What is taken by name in a network.

    `names` are the words by which each value is taken, and `takers` the steps that do; `labels` are
    what the steps are called that gave values, whoever takes them. `leaving`
    are the values that are made inside of a list of steps with a place of its own in the code, and
    used outside of it, but for its result.
    """

    def __init__(self, graph: Graph) -> None:
        self.names: dict[Value, set[str]] = {}
        self.takers: dict[Value, list[Item]] = {}
        self.labels: dict[Value, str] = {}
        self.leaving: dict[Region, dict[Value, None]] = {}
        self.outputs = {output.value for output in graph.every_output}
        for output in graph.every_output:
            if output.source != "_":
                self.names.setdefault(output.value, set()).add(name_step(output.source))
        self._places: dict[Node, tuple[Region, ...]] = {}
        self._order = {node: number for number, node in enumerate(graph.nodes)}
        self._visit(graph.body, ())
        for node in graph.nodes:
            for value in node.inputs:
                self._pass(value, set(self._places[node]))
        for value in self.outputs:
            self._pass(value, set())

    def _visit(self, region: Region, around: tuple[Region, ...]) -> None:
        for item in region.items:
            self._visit_item(item, around)

    def _visit_item(self, item: Item, around: tuple[Region, ...]) -> None:
        for argument, value in list_values(item):
            self.names.setdefault(value, set()).add(name_taken(argument))
            self.takers.setdefault(value, []).append(item)
        if item.name:
            self.labels.setdefault(item.output, value_name(item.name))
        match item:
            case OpItem():
                self._places[item.node] = around
            case CallItem():
                self._visit(item.body, (*around, item.body))
            case GroupItem():
                self._visit(item.body, (*around, item.body) if item.named else around)
            case LoopItem():
                for _, turn in item.turns:
                    self._visit_item(turn, around)
            case BranchItem():
                for place, (_, body) in enumerate(item.branches):
                    steps = item.step.branches[place].steps
                    own = bool(steps) and is_positional(steps)
                    self._visit(body, (*around, body) if own else around)
                if item.merge is not None:
                    self._places[item.merge] = around

    def _pass(self, value: Value, around: set[Region]) -> None:
        """Note which lists a value leaves on the way to a place inside of some."""
        for region in () if value.producer is None else self._places[value.producer]:
            if region not in around and region.output is not value:
                self.leaving.setdefault(region, {})[value] = None

    def list_leaving(self, region: Region) -> tuple[Value, ...]:
        """The values inside of a list that are used outside, in the order of their steps."""
        found = self.leaving.get(region, {})
        order = {value: self._order[value.producer] for value in found if value.producer}
        return tuple(sorted(order, key=order.__getitem__))

    def list_results(self, region: Region) -> tuple[Value, ...]:
        """All that a list of steps gives: what leaves it, and its result where it is used."""
        leaving = self.list_leaving(region)
        if not leaving:
            return (region.output,)
        used = region.output in self.outputs or any(
            region not in self._places[node] for node in region.output.readers
        )
        return (*leaving, region.output) if used else leaving

    def group_uses(self, uses: Iterable[Use]) -> list[tuple[Use, ...]]:
        """The uses of a block by what they give: all of a group give the same values."""
        groups: dict[tuple[str, ...], list[Use]] = {}
        for use in uses:
            made = {item.output: item.path for item in walk_items(use.region)}
            skipped = len(use.region.scope)
            paths = (made.get(value, "")[skipped:] for value in self.list_results(use.region))
            plain = self.is_plain(use.region)
            groups.setdefault(() if plain else tuple(paths), []).append(use)
        return [tuple(group) for group in groups.values()]

    def is_plain(self, region: Region) -> bool:
        """Whether a list of steps gives its result and nothing else."""
        return region not in self.leaving

    def find_name(self, item: Item) -> str:
        """The name under which later steps take a step's value; empty where none does."""
        words = self.names.get(item.output, ())
        name = name_step(item.path)
        own = value_name(item.name or item.path.rpartition(".")[2])
        if own in words:
            return own
        if name in words:
            return name
        if _COMPUTED in words and item.step.name is not None:
            return own
        # A part's result may be taken by the name of the step inside that gives it.
        inside = walk_items(item.body) if isinstance(item, GroupItem | CallItem) else ()
        makers = [maker for maker in inside if maker.output is item.output]
        names = {word for maker in makers for word in (maker.name, name_step(maker.path))}
        return min(names.intersection(words), default="") if holds_values(item) else ""

    def is_taken_outside(self, item: Item, inside: set[Item]) -> bool:
        """Whether a step that is not among some takes a step's value by name."""
        takers = self.takers.get(item.output, ())
        leaves = item.output in self.outputs or any(taker not in inside for taker in takers)
        return leaves and bool(self.find_name(item))

    def name_value(self, value: Value) -> str:
        """What code calls a value that is made inside of a part."""
        words = self.names.get(value, set()) - {_COMPUTED}
        return min(words, default="") or self.labels.get(value, "value")

    def find_captured(self, region: Region) -> dict[str, Value]:
        """The values from outside of a list that its steps take, by what code calls them."""
        # Those that are made inside, and those that are found.
        known = set(_list_made(region))
        found: dict[str, Value] = {}
        last: Counter[str] = Counter()
        for item in _walk_open(region):
            for argument, value in list_values(item):
                if value in known:
                    continue
                word = name = name_taken(argument) or self.labels.get(value, "value")
                while name in found:
                    last[word] += 1
                    name = f"{word}{last[word] + 1}"
                found[name] = value
                known.add(value)
        return found


def _list_made(region: Region) -> Iterator[Value]:
    """The values of a list's own ops: what steps without any hand on is made elsewhere."""
    for item in walk_items(region):
        match item:
            case OpItem():
                yield item.node.output
            case BranchItem(merge=Node() as merge):
                yield merge.output


def reads_input(region: Region) -> bool:
    """Whether a list of steps goes on from the value that it gets, or is that value."""
    return _find_reading(region.items) is not False


def _find_reading(items: Iterable[Item]) -> bool | None:
    """Whether the first step that does anything takes the value above; None where none does."""
    found = (_is_reading(item) for item in items)
    return next((reading for reading in found if reading is not None), None)


def _is_reading(item: Item) -> bool | None:
    source = item.step.source
    match item:
        case SkipItem():
            return None
        case LoopItem():
            return _find_reading(turn for _, turn in item.turns)
        case _ if source is not None and not _is_current(source):
            return False
        case GroupItem():
            return _find_reading(item.body.items)
        case OpItem() if item.step.head in MERGES:
            return any(_is_current(name) for name, _ in _pair_inputs(item))
    return True


def _walk_open(region: Region) -> Iterator[Item]:
    """The steps of a list; what blocks take stays inside of them."""
    for item in region.items:
        yield item
        match item:
            case GroupItem():
                yield from _walk_open(item.body)
            case BranchItem():
                for _, body in item.branches:
                    yield from _walk_open(body)
            case LoopItem():
                for _, turn in item.turns:
                    yield from _walk_open(Region((turn,), turn.input, turn.output, False, ""))


def find_words(regions: Iterable[Region]) -> list[str]:
    """What the values are called that steps take, in order of first mention."""
    found = (name_taken(a) for r in regions for item in _walk_open(r) for a, _ in list_values(item))
    return [name for name in dict.fromkeys(found) if name]


def find_common(names: Collection[str]) -> str:
    """The name that a value has in all uses."""
    if len(set(names)) != 1:
        raise UnshareableError("a value is taken by different names in different uses")
    return next(iter(names))


def join_captured(taken: Taken, regions: Sequence[Region]) -> dict[str, list[Value]]:
    """The values that lists of steps take from outside, one for each list.

    They are called by what their names share: `skip1` and `skip2` are `skip`.
    """
    found = [taken.find_captured(region) for region in regions]
    if len({len(one) for one in found}) != 1:
        raise UnshareableError("uses take different numbers of values from outside")
    joined: dict[str, list[Value]] = {}
    stems: Counter[str] = Counter()
    for column in zip(*(one.items() for one in found), strict=True):
        names = [name for name, _ in column]
        word = names[0] if len(set(names)) == 1 else find_word(names) or "skip"
        name = f"{word}{stems[word] + 1}" if stems[word] else word
        stems[name.rstrip("0123456789")] += name not in joined
        joined[name] = [value for _, value in column]
    return joined


def find_word(names: Sequence[str]) -> str:
    """What names begin with alike."""
    return commonprefix(names).rstrip("_")  # noqa: RUF071 - names are no paths


def list_columns(results: Sequence[Sequence[Value]]) -> list[list[Value]]:
    """What a part gives in each use, side by side."""
    if len({len(values) for values in results}) != 1:
        raise UnshareableError("uses give different numbers of values")
    return [list(column) for column in zip(*results, strict=True)]
