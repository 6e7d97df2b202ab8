"""The names of Keras layers: paths with underscores, and their indices in loops."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.columns import turns
from cnnspec.backends.keras.counts import Counts, find_number, list_positions
from cnnspec.backends.pycode import Code, Expr
from cnnspec.backends.rows import Row
from cnnspec.backends.units import Unit
from cnnspec.graph.ir import CallItem


def name_layer(path: str) -> str:
    """The name of the layer for a path: ``layer1.0.conv1`` becomes ``layer1_0_conv1``.

    A path that is a position alone gets a word before it: ``3`` becomes ``layer_3``.
    """
    name = path.replace(".", "_")
    return f"layer_{name}" if path_is_position(path) else name


@dataclass(frozen=True, slots=True)
class LoopNames:
    """How a loop's turns are numbered: `size` positions each, the first of all at `start`.

    `places` has the turn's offset of every position's path; `depth` is where in a path the number
    stands.
    """

    index: str
    start: int
    size: int
    depth: int
    places: dict[str, int]

    def spell(self, path: str) -> str:
        """The number of a position as code, in terms of the index."""
        key = ".".join(path.split(".")[: self.depth + 1])
        if key not in self.places:
            raise UnshareableError("a step of a loop stands outside of its numbers")
        if self.size == 1:
            return f"{{{self.index}}}"
        first = self.start + self.places[key]
        return f"{{{self.size} * {self.index}{f' + {first}' if first else ''}}}"


class PathNamer:
    """Says layers' names inside a unit: relative to its own name, with the indices of loops."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.loops: list[LoopNames] = []
        self.counts = Counts()

    def say(self, paths: Sequence[str], rows: Sequence[Row]) -> Expr:
        """The name as code, the same text for every row."""
        names = {self._spell(path, row) for path, row in zip(paths, rows, strict=True)}
        if len(names) != 1:
            raise UnshareableError("layers have different names in different uses")
        name = names.pop()
        inside = isinstance(self.unit.uses[0].item, CallItem)
        if path_is_position(paths[0]) and not inside:
            name = f"layer_{name}"
        if inside:
            return Code(f'f"{{name}}_{name}"')
        return Code(f'f"{name}"' if "{" in name else f'"{name}"')

    def _spell(self, path: str, row: Row) -> str:
        """A path relative to the unit's, with indices and counts as replacement fields."""
        item = self.unit.uses[row.use].item
        base = item.path if item is not None else ""
        parts = path[len(base) :].lstrip(".").split(".")
        depth = len([part for part in base.split(".") if part])
        whole = path.split(".")
        for place, part in enumerate(parts):
            scope = ".".join(whole[: depth + place])
            if scope in self.counts.held and part.isdecimal():
                parts[place] = self.counts.spell(scope, part)
        for loop in self.loops:
            if not parts[loop.depth - depth].isdecimal():
                raise UnshareableError("a loop stands behind a step that some uses leave out")
            parts[loop.depth - depth] = loop.spell(path)
        return "_".join(parts)

    def open_loop(self, rows: Sequence[Row]) -> LoopNames:
        """Begin a loop whose turns make the same number of positions, one after the other."""
        index = next(
            letter for letter in ("i", "j", "k", "m", "n")
            if letter not in {loop.index for loop in self.loops} | set(self.unit.parameters)
        )  # fmt: skip
        made = [[list_positions(item) for _, item in turns(row)] for row in rows]
        sizes = {len(paths) for turn in made for paths in turn}
        firsts = {find_number(turn[0][0]) for turn in made if turn and turn[0]}
        depths = {path.count(".") for turn in made for paths in turn for path in paths}
        if len(sizes) != 1 or len(firsts) != 1 or len(depths) != 1:
            raise UnshareableError("the turns of a loop make different positions")
        size, start = sizes.pop(), firsts.pop()
        places: dict[str, int] = {}
        for turn in made:
            for number, paths in enumerate(turn):
                for offset, path in enumerate(paths):
                    if find_number(path) != start + number * size + offset:
                        raise UnshareableError("the turns' names do not count up by one")
                    places[path] = offset
        self.loops.append(LoopNames(index, start, size, depths.pop(), places))
        return self.loops[-1]

    def close_loop(self) -> None:
        """End the innermost loop."""
        self.loops.pop()

    def mentions(self, text: str, name: str) -> bool:
        """Whether code uses a name."""
        return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) is not None


def path_is_position(path: str) -> bool:
    """Whether a path begins with a number."""
    return path[:1].isdecimal()
