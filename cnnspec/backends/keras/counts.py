"""Positions in a chain whose steps are there in some uses only: a variable counts them.

Layers have their positions in their names. Behind a step that a condition leaves out, a layer's
position differs between uses, and generated code says it in terms of a variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.rows import Row
from cnnspec.graph.ir import GroupItem, Item, LoopItem, SkipItem


class Note(str):
    """A line that keeps a count; it is left out where nothing reads the count afterwards."""


@dataclass(frozen=True, slots=True)
class Count:
    """What counts an optional step: a line before its condition, and one at its end."""

    variable: str
    before: str
    after: str
    held: dict[str, int]


@dataclass(slots=True)
class Counts:
    """For the path of every chain with optional steps: its variable, and what that holds."""

    held: dict[str, tuple[str, int]] = field(default_factory=dict)

    def plan(
        self, rows: Sequence[Row], scopes: Sequence[str], pick: Callable[[str], str]
    ) -> Count | None:
        """How to count a step that some rows leave out; None where nothing has to be counted."""
        made = [list_positions(row.item) for row in rows]
        sizes = {len(paths) for paths, row in zip(made, rows, strict=True) if is_taken(row)}
        if not scopes or len(sizes) != 1 or sizes == {0}:
            return None
        (size,) = sizes
        if known := [self.held[scope] for scope in scopes if scope in self.held]:
            if len(known) < len(scopes) or len({variable for variable, _ in known}) != 1:
                return None
            variable, before, after = known[0][0], "", f"{known[0][0]} += {size}"
            starts = [number for _, number in known]
        else:
            variable = pick("index")
            (start, *others) = {find_number(paths[0]) for paths in made if paths}
            if others:
                return None
            starts = [start] * len(rows)
            before, after = f"{variable} = {start}", f"{variable} = {start + size}"
        held = {
            scope: start + size * is_taken(row)
            for scope, start, row in zip(scopes, starts, rows, strict=True)
        }
        return Count(variable, before, after, held)

    def keep(self, count: Count) -> None:
        """Go on behind the optional step."""
        self.held |= {scope: (count.variable, number) for scope, number in count.held.items()}

    def spell(self, scope: str, position: str) -> str:
        """A position as code, in terms of the chain's variable."""
        variable, number = self.held[scope]
        more = int(position) - number
        if more < 0:
            raise UnshareableError("a step stands before the position that is counted")
        return f"{{{variable}{f' + {more}' if more else ''}}}"


def drop_notes(lines: Sequence[str]) -> list[str]:
    """The lines without those that keep a count which nothing reads afterwards."""
    kept: list[str] = []
    read: set[str] = set()
    for line in reversed(lines):
        if isinstance(line, Note):
            variable = line.split()[0]
            if variable not in read:
                continue
        else:
            read |= set(re.findall(r"\{(\w+)(?: \+ \d+)?\}", line))
        kept.append(line)
    return kept[::-1]


def is_taken(row: Row) -> bool:
    """Whether a row carries its step out."""
    return not isinstance(row.item, SkipItem)


def find_number(path: str) -> int:
    """The position that a path ends with."""
    last = path.rpartition(".")[2]
    if not last.isdecimal():
        raise UnshareableError("the turns of a loop have names of their own")
    return int(last)


def list_positions(item: Item) -> list[str]:
    """The paths that a step makes in its chain, in order."""
    if isinstance(item, GroupItem) and not item.named:
        return [path for inner in item.body.items for path in list_positions(inner)]
    if isinstance(item, LoopItem):
        return [path for _, turn in item.turns for path in list_positions(turn)]
    return [] if isinstance(item, SkipItem) else [item.path]
