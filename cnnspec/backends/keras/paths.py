"""The names of Keras layers: paths with underscores, and their indices in loops."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.columns import turns
from cnnspec.backends.pycode import Code, Expr
from cnnspec.backends.units import Row, Unit
from cnnspec.graph.ir import CallItem


def name_layer(path: str) -> str:
    """The name of the layer for a path: ``layer1.0.conv1`` becomes ``layer1_0_conv1``."""
    return path.replace(".", "_")


class PathNamer:
    """Says layers' names inside a unit: relative to its own name, with the indices of loops."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.loops: list[tuple[str, int, dict[str, int]]] = []

    def say(self, paths: Sequence[str], rows: Sequence[Row]) -> Expr:
        """The name as code, the same text for every row."""
        names = {self._spell(path, row) for path, row in zip(paths, rows, strict=True)}
        if len(names) != 1:
            raise UnshareableError("layers have different names in different uses")
        name = names.pop()
        inside = isinstance(self.unit.uses[0].item, CallItem)
        if inside:
            return Code(f'f"{{name}}_{name}"')
        return Code(f'f"{name}"' if "{" in name else f'"{name}"')

    def _spell(self, path: str, row: Row) -> str:
        """A path relative to the unit's, with loop indices as replacement fields."""
        item = self.unit.uses[row.use].item
        base = item.path if item is not None else ""
        parts = path[len(base) :].lstrip(".").split(".")
        depth = len([part for part in base.split(".") if part])
        for index, place, numbers in self.loops:
            at = place - depth
            key = ".".join(path.split(".")[: place + 1])
            if at >= len(parts) or key not in numbers:
                raise UnshareableError("a turn of a loop makes several positions")
            parts[at] = f"{{{index}}}"
        return "_".join(parts)

    def find_position(self, path: str) -> int:
        """The number that a turn of a loop has as its name."""
        last = path.rpartition(".")[2]
        if not last.isdecimal():
            raise UnshareableError("the turns of a loop have names of their own")
        return int(last)

    def open_loop(self, rows: Sequence[Row], start: int) -> str:
        """Begin a loop whose turns are numbered from `start`; gives its index variable."""
        index = next(
            letter for letter in ("i", "j", "k", "m", "n")
            if letter not in {name for name, _, _ in self.loops} | set(self.unit.parameters)
        )  # fmt: skip
        numbers: dict[str, int] = {}
        places = set()
        for row in rows:
            for count, (_, item) in enumerate(turns(row)):
                if self.find_position(item.path) != start + count:
                    raise UnshareableError("the turns' names do not count up by one")
                numbers[item.path] = start + count
                places.add(item.path.count("."))
        if len(places) != 1:
            raise UnshareableError("the turns stand at different depths")
        self.loops.append((index, places.pop(), numbers))
        return index

    def close_loop(self) -> None:
        """End the innermost loop."""
        self.loops.pop()

    def mentions(self, text: str, name: str) -> bool:
        """Whether code uses a name."""
        return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) is not None
