"""The names of Keras layers: paths with underscores, and what changes in loops."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.columns import turns
from cnnspec.backends.keras.counts import Counts, make_counts, pick_letter
from cnnspec.backends.keras.turns import (
    Numbering,
    find_counting,
    list_unnamed,
    reserve_names,
    say_number,
    spell_variables,
)
from cnnspec.backends.patterns import say_pattern
from cnnspec.backends.pycode import Code, Expr
from cnnspec.backends.rows import Row
from cnnspec.backends.units import Unit
from cnnspec.graph.ir import CallItem
from cnnspec.records import dataclass
from cnnspec.spec.model import Formula, Pattern, Step


def name_layer(path: str) -> str:
    """The name of the layer for a path: ``layer1.0.conv1`` becomes ``layer1_0_conv1``.

    A path that is a position alone gets a word before it: ``3`` becomes ``layer_3``.
    """
    name = path.replace(".", "_")
    return f"layer_{name}" if path_is_position(path) else name


@dataclass(slots=True)
class PathNamer:
    """Says layers' names inside a unit: relative to its own name, as its loops change them.

    `stages` are the named groups around, by their places in the path, and `places` what says
    their positions where a variable counts those.
    """

    unit: Unit
    counts: Counts = field(init=False)
    loops: list[Numbering] = field(default_factory=list)
    stages: dict[int, Step] = field(default_factory=dict)
    places: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find out where the unit's steps stand."""
        self.counts = make_counts(self.unit)

    def save(self) -> tuple[object, ...]:
        """What an attempt may change, to come back to when it fails."""
        return dict(self.counts.held), list(self.loops), dict(self.stages), dict(self.places)

    def restore(self, saved: tuple[Any, ...]) -> None:
        """Forget what was noted since `save`."""
        self.counts.held, self.loops, self.stages, self.places = saved

    def say(self, paths: Sequence[str], rows: Sequence[Row]) -> Expr:
        """The name as code, the same text for every row."""
        split = [self.split(path, row) for path, row in zip(paths, rows, strict=True)]
        if len({len(parts) for parts in split}) != 1:
            raise UnshareableError("layers have different names in different uses")
        last = len(split[0]) - 1
        texts = []
        for depth, values in enumerate(zip(*split, strict=True)):
            step = rows[0].item.step if depth == last else self.stages.get(depth)
            counted = self.counts.spell(rows) if depth == last else self.places.get(depth)
            texts.append(counted or self.say_part(depth, values, rows, step))
        name = "_".join(texts)
        if isinstance(self.unit.uses[0].item, CallItem):
            return Code(f'f"{{name}}_{name}"')
        if path_is_position(paths[0]):
            name = f"layer_{name}"
        return Code(f'f"{name}"' if "{" in name else f'"{name}"')

    def enter_stage(self, rows: Sequence[Row]) -> int:
        """Go on inside of a named group; gives back its place in the path."""
        depth = len(self.split(rows[0].item.path, rows[0])) - 1
        self.stages[depth] = rows[0].item.step
        self.places[depth] = self.counts.spell(rows)
        return depth

    def leave_stage(self, depth: int) -> None:
        """Go on behind a named group."""
        del self.stages[depth], self.places[depth]

    def split(self, path: str, row: Row) -> list[str]:
        """The parts of a path below the unit's own."""
        item = self.unit.uses[row.use].item
        base = item.path if item is not None else ""
        return path[len(base) :].lstrip(".").split(".")

    def say_part(
        self, depth: int, values: Sequence[str], rows: Sequence[Row], step: Step | None
    ) -> str:
        """One part of a path, perhaps as a replacement field."""
        given = step and (step.name if step.shared is None else step.shared)
        pattern = given if isinstance(given, Formula | Pattern) else None
        same = len(set(values)) == 1
        if pattern and (rows[0].numbers or not same):
            try:
                return say_pattern(self.unit, pattern, values, rows)
            except UnshareableError:
                if not same:
                    raise
        if same:
            return values[0]
        level = max((n for n, loop in enumerate(self.loops) if loop.depth == depth), default=None)
        if level is None or step is None:
            raise UnshareableError("layers have different names in different uses")
        loop = self.loops[level]
        word, factor, first = say_number(values, [row.numbers[level] for row in rows], step)
        index = loop.index if factor == 1 else f"{factor} * {loop.index}"
        return f"{word}{{{say_sum(index, first - factor * loop.start)}}}"

    def open_loop(self, rows: Sequence[Row], variables: Iterable[str]) -> Numbering:
        """Begin a loop: find out how the names of its steps can be told apart.

        `variables` hold values that are still needed.
        """
        taken = {*variables, *self.list_numbers(), *reserve_names(self.unit, rows[0].item.step)}
        loop = self.find_numbering(pick_letter(taken), rows)
        self.loops.append(loop)
        return loop

    def list_numbers(self) -> set[str]:
        """The variables that tell names apart here."""
        return {*self.counts.variables, *(loop.index for loop in self.loops if loop.depth >= 0)}

    def begin_count(self, rows: Sequence[Row], variables: Iterable[str]) -> str:
        """The statement that begins to count the positions from a column on, or goes on to it."""
        if self.counts.is_live(rows):
            return self.counts.move(rows)
        # What counts may be read behind all loops of the unit.
        authors = spell_variables(self.unit.steps)
        reserved = reserve_names(self.unit, rows[0].item.step)
        return self.counts.begin(
            rows, pick_letter({*variables, *authors, *self.list_numbers(), *reserved})
        )

    def find_numbering(self, index: str, rows: Sequence[Row]) -> Numbering:
        """The variable for a loop, if names need one."""
        made = [[list_unnamed(turn) for _, turn in turns(row)] for row in rows]
        steps = [
            (self.split(path, row), word)
            for row, turn_lists in zip(rows, made, strict=True)
            for turn in turn_lists
            for path, word in turn.steps
        ]
        depths = {len(parts) - 1 for parts, _ in steps}
        if not depths:
            return Numbering(index)
        if len(depths) != 1:
            raise UnshareableError("the turns of a loop make names in different places")
        depth = depths.pop()
        firsts: set[str] = set()
        counts: set[int] = set()
        for word in dict.fromkeys(word for _, word in steps):
            for turn_lists in made:
                lists = [[path for path, head in turn.steps if head == word] for turn in turn_lists]
                counts |= {len(paths) for paths in lists}
                found = next((paths[0] for paths in lists if paths), "")
                firsts |= {found.rpartition(".")[2][len(word) :]} if found else set()
        positional = all(not word for _, word in steps)
        nested = any(turn.has_loops for turn_lists in made for turn in turn_lists)
        uneven = nested or len(counts) > 1 or self.counts.differ_behind(rows)
        # One turn does not show by how much the next one's numbers would grow.
        single = all(len(turn_lists) == 1 for turn_lists in made)
        if self.counts.is_live(rows) or (positional and (uneven or single)):
            return Numbering(index, counted=True)
        if single:
            raise UnshareableError("one turn's names may not be those of others")
        first = firsts.pop() if len(firsts) == 1 else ""
        start = int(first) if first.isdecimal() else 0
        # With one step a turn the index is the number itself.
        start = start if counts == {1} else 0
        return Numbering(find_counting(rows, start) or index, depth, start)


def say_sum(text: str, number: int) -> str:
    """Code for a number more or less than what stands there."""
    if not number:
        return text
    return f"{text} {'+' if number > 0 else '-'} {abs(number)}"


def path_is_position(path: str) -> bool:
    """Whether a path begins with a number."""
    return path[:1].isdecimal()
