"""What writing a file may spend on what may come to nothing.

A loop, or a part in line, is tried, and written another way where it fails: in each turn of a loop
around it again. Past these numbers a network gets simpler code, which computes the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from cnnspec.backends.rows import Row
from cnnspec.graph.walk import list_inner
from cnnspec.records import dataclass

# Values whose channels are asked for: the zoo's most, of DenseNet-201, are 17,000.
MAX_ASKED = 100_000
# Steps that are written in vain: the zoo's most, of the same, are 800.
MAX_WASTED = 20_000
# What an attempt costs before its first step, in steps.
_COST = 5


@dataclass(slots=True)
class Room:
    """What is left of both."""

    asked: int = field(default_factory=lambda: MAX_ASKED)
    steps: int = field(default_factory=lambda: MAX_WASTED)

    @property
    def may_try(self) -> bool:
        """Whether something may be written that is perhaps thrown away."""
        return self.steps > 0

    def waste(self, rows: Iterable[Row]) -> None:
        """Note that a step was written in vain, with all that it holds."""
        self.steps -= _COST + sum(len(list_inner(row.item)) for row in rows)
