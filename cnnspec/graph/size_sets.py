"""Sets of sizes, some of which go on for ever: found by trying, repeated by their period."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise
from math import lcm

from cnnspec.records import dataclass


@dataclass(frozen=True, slots=True)
class SizeSet:
    """The sizes from 1 on that have a property.

    `members` are those among the first `tried`. Beyond, a size has the property if the one
    `period` below it has; with a period of None there are none beyond, or none are known.
    """

    members: tuple[int, ...]
    tried: int
    period: int | None = None

    def __contains__(self, size: int) -> bool:
        if size > self.tried:
            if self.period is None:
                return False
            size -= -(-(size - self.tried) // self.period) * self.period
        place = bisect_left(self.members, size)
        return place < len(self.members) and self.members[place] == size

    @property
    def least(self) -> int | None:
        """The smallest size."""
        return self.members[0] if self.members else None

    @property
    def most(self) -> int | None:
        """The largest size, or None where there is none."""
        return self.members[-1] if self.period is None and self.members else None

    @property
    def start(self) -> int:
        """The size from which on the set repeats itself."""
        if self.period is None:
            return self.tried + 1
        size = self.tried - self.period
        while size >= 1 and (size in self) == (size + self.period in self):
            size -= 1
        later = bisect_right(self.members, size)
        return self.members[later] if later < len(self.members) else self.tried + 1

    @property
    def residues(self) -> tuple[int, ...]:
        """The remainders by the period of the sizes that repeat."""
        if self.period is None:
            return ()
        start = self.start
        return tuple(
            sorted(s % self.period for s in range(start, start + self.period) if s in self)
        )

    @property
    def irregular(self) -> tuple[int, ...]:
        """The sizes below those that repeat."""
        return self.members[: bisect_left(self.members, self.start)]

    def find_nearest(self, size: int) -> tuple[int, ...]:
        """The size itself, or the nearest below and above it, as far as there are any."""
        if size in self:
            return (size,)
        reach = max(self.period or 0, size, self.tried) + (self.period or 0)
        below = next((s for s in range(min(size, reach) - 1, 0, -1) if s in self), None)
        above = next((s for s in range(size + 1, reach + 1) if s in self), None)
        return tuple(s for s in (below, above) if s is not None)

    def restrict(self, least: int, most: int | None, multiple_of: int) -> SizeSet:
        """The sizes within bounds."""
        if self.period is None or most is not None:
            tried = self.tried if most is None else most
            period = None
        else:
            period = lcm(self.period, multiple_of)
            tried = max(self.tried, least) + 2 * period
        first = -(-least // multiple_of) * multiple_of
        members = tuple(size for size in range(first, tried + 1, multiple_of) if size in self)
        return shorten_period(SizeSet(members, tried, period))

    def __iter__(self) -> Iterator[int]:
        """The sizes that were tried, in order."""
        return iter(self.members)


def shorten_period(found: SizeSet) -> SizeSet:
    """The same set with the shortest period that says it."""
    if found.period is None:
        return found
    tail = range(found.tried - found.period + 1, found.tried + 1)
    members = frozenset(found.members)
    if not any(size in members for size in tail):
        return SizeSet(found.members, found.tried)
    for period in (p for p in range(1, found.period + 1) if found.period % p == 0):
        if all((size in members) == (size - period in members) for size in tail):
            return SizeSet(found.members, found.tried, period)
    return SizeSet(found.members, found.tried)


def spell_sizes(found: SizeSet) -> str:
    """A set of sizes in words."""
    if not found.members:
        return "none"
    if found.period is None:
        return _spell_list(found.members)
    start, residues, period = found.start, found.residues, found.period
    if period == 1:
        regular = f"at least {start}"
    elif residues == (0,):
        regular = f"multiples of {period}"
        regular = regular if start == period else f"at least {start}, {regular}"
    else:
        shown = ", ".join(map(str, residues[:8])) + (", ..." if len(residues) > 8 else "")
        regular = f"at least {start}, with a remainder of {shown} by {period}"
    irregular = found.irregular
    return f"{_spell_list(irregular)}, or {regular}" if irregular else regular


def _spell_list(sizes: tuple[int, ...]) -> str:
    """Sizes as runs, with a step where they have one."""
    first, last = sizes[0], sizes[-1]
    if len(sizes) == 1:
        return str(first)
    steps = {b - a for a, b in pairwise(sizes)}
    if len(steps) == 1:
        (step,) = steps
        if step == 1:
            return f"{first} to {last}"
        if len(sizes) > 3 and first % step == 0:
            return f"{first} to {last}, multiples of {step}"
    shown = ", ".join(map(str, sizes[:8]))
    return f"{shown}, ... up to {last}" if len(sizes) > 8 else shown
