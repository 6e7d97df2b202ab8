"""Values that a generated loop takes from a list of numbers, since no expression gives them.

A loop over the widths of a network may need ``divisible_by(width * factor, 8)`` where the code has
no name for the factor. The loop then gets a variable with the number for each turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import field

from cnnspec.backends.base import Fact
from cnnspec.backends.rows import Row, Turn
from cnnspec.records import dataclass


@dataclass(slots=True, eq=False)
class LoopTable:
    """A loop that is being written: its turns, and the variables added to it."""

    turns: frozenset[Turn]
    columns: dict[str, tuple[Fact, ...]] = field(default_factory=dict)

    def find_known(self, rows: Sequence[Row], wanted: Sequence[Fact]) -> str | None:
        """The variable that has the value in every row."""
        indices = [self._find_index(row) for row in rows]
        for name, column in self.columns.items():
            if all(
                index is not None and (column[index], type(column[index])) == (value, type(value))
                for index, value in zip(indices, wanted, strict=True)
            ):
                return name
        return None

    def find_column(self, rows: Sequence[Row], wanted: Sequence[Fact]) -> tuple[Fact, ...] | None:
        """The value in each turn, where the turn alone decides it."""
        found: dict[int, Fact] = {}
        for row, value in zip(rows, wanted, strict=True):
            index = self._find_index(row)
            if index is None or not _is_short(value) or found.setdefault(index, value) != value:
                return None
        count = max(turn.number for turn in self.turns) + 1
        return tuple(found[i] for i in range(count)) if len(found) == count else None

    def add_column(self, name: str, values: tuple[Fact, ...], taken: Set[str]) -> str:
        """The variable for a column; one with the same values is taken again."""
        for known, others in self.columns.items():
            if others == values and list(map(type, others)) == list(map(type, values)):
                return known
        fresh, count = name, 2
        while fresh in taken:
            fresh, count = f"{name}{count}", count + 1
        self.columns[fresh] = values
        return fresh

    def _find_index(self, row: Row) -> int | None:
        return next((turn.number for turn in row.turns if turn in self.turns), None)


def list_columns(tables: Iterable[LoopTable]) -> set[str]:
    """The variables of some tables."""
    return {name for table in tables for name in table.columns}


def _is_short(value: Fact) -> bool:
    return isinstance(value, bool | int | float | str)
