"""The times that a place in generated code is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from cnnspec.expressions import Value
from cnnspec.graph.ir import CallItem, Item, Region
from cnnspec.graph.ir import Value as Flow
from cnnspec.records import dataclass


@dataclass(slots=True, eq=False)
class Use:
    """One time that a unit is carried out: its variables, and what it became.

    `calls` are the block calls around its steps, outermost first, its own among them.
    """

    item: Item | None
    region: Region
    variables: Mapping[str, Value]
    calls: tuple[CallItem, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One turn of a loop, its number, and the names of the variables that the loop gives it."""

    names: frozenset[str]
    item: Item
    number: int


@dataclass(slots=True, eq=False)
class Row:
    """One time that a place in a unit's code is carried out: in which use, with which variables.

    `constants` are variables of loops that are written turn by turn: the code has their values.
    `turns` are the turns of written loops around it, outermost first. `anchor` is the value whose
    channels the carried variable holds.
    """

    use: int
    variables: Mapping[str, Value]
    item: Item
    constants: Mapping[str, Value] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()
    anchor: Flow | None = None

    def follow(self, item: Item, extra: Mapping[str, Value] | None = None) -> Row:
        """The same moment at another step, perhaps with more variables."""
        return replace(self, item=item, variables={**self.variables, **(extra or {})})

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the turns around, outermost first."""
        return tuple(turn.number for turn in self.turns)

    def enter(self, turn: Item, variables: Mapping[str, Value], number: int) -> Row:
        """One turn of a loop that is written as such."""
        turns = (*self.turns, Turn(frozenset(variables), turn, number))
        return replace(self.follow(turn, variables), turns=turns, anchor=turn.input)

    def fix(self, item: Item, constants: Mapping[str, Value]) -> Row:
        """One turn of a loop that is written turn by turn."""
        return replace(self, item=item, constants={**self.constants, **constants})
