"""Positions in a chain that differ between uses and turns: a variable counts them.

Layers have their positions in their names. Behind a step that a condition leaves out, and in a loop
whose turns differ in length, generated code says a position in terms of a variable. What that holds
is known for every use and turn, so a name that it would get wrong is never written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import field

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.rows import Row
from cnnspec.backends.units import Unit
from cnnspec.graph.ir import BranchItem, CallItem, GroupItem, Item, LoopItem, OpItem, Region
from cnnspec.records import dataclass

# No two are the name of an op's field, which may become an argument.
_LETTERS = ("i", "j", "m", "n")

# A chain in one use, and the number of the turn of every loop around.
Moment = tuple[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Span:
    """Where a step stands in its chain: its first position, and the one behind it."""

    chain: str
    start: int
    end: int


@dataclass(slots=True)
class Counts:
    """The counters of a unit: for a chain at a moment, the variable and the number it holds.

    `spans` are the places of the steps that stand in chains, `totals` the chains' lengths.
    """

    spans: Mapping[Item, Span]
    totals: Mapping[str, int]
    held: dict[Moment, tuple[str, int]] = field(default_factory=dict)

    @property
    def variables(self) -> set[str]:
        """The variables that count."""
        return {variable for variable, _ in self.held.values()}

    def list_going(self, rows: Sequence[Row]) -> list[tuple[Row, Span]]:
        """The rows whose chain has this step or later ones; none where the step is in no chain."""
        spans = [(row, self.spans[row.item]) for row in rows if row.item in self.spans]
        return [(row, span) for row, span in spans if self.totals[span.chain] > span.start]

    def find(self, going: Sequence[tuple[Row, Span]]) -> str:
        """The variable that counts a column's chains; empty if none does."""
        found = {self.held.get((span.chain, row.numbers), ("", 0))[0] for row, span in going}
        if len(found) > 1:
            raise UnshareableError("one step's position is counted in several ways")
        return found.pop() if found else ""

    def is_live(self, rows: Sequence[Row]) -> bool:
        """Whether a variable counts a column's chains."""
        return bool(self.find(self.list_going(rows)))

    def spell(self, rows: Sequence[Row]) -> str:
        """The position of a column's steps, in terms of the variable; empty if none says it."""
        going = self.list_going(rows)
        variable = self.find(going)
        ahead = {self._subtract(row, span.chain, span.start) for row, span in going}
        if not variable or len(going) < len(rows) or len(ahead) > 1 or min(ahead) < 0:
            return ""
        numbers = {number for counter, number in self.held.values() if counter == variable}
        if len(numbers) == 1 and not rows[0].numbers:
            return ""
        return f"{{{variable}{f' + {more}' if (more := ahead.pop()) else ''}}}"

    def begin(self, rows: Sequence[Row], variable: str) -> str:
        """The statement that begins to count before a column; empty if no number says where."""
        going = self.list_going(rows)
        starts = {span.start for _, span in going}
        if len(starts) != 1:
            return ""
        for row, span in going:
            self.held[span.chain, row.numbers] = variable, span.start
        return f"{variable} = {starts.pop()}"

    def measure(self, rows: Sequence[Row]) -> int:
        """By how much a column's positions are ahead of the number that the variable holds."""
        going = self.list_going(rows)
        ahead = {self._subtract(row, span.chain, span.start) for row, span in going}
        if not self.find(going):
            return 0
        if len(ahead) != 1:
            raise UnshareableError("positions are ahead of their counter by different numbers")
        return ahead.pop()

    def move(self, rows: Sequence[Row], behind: bool = False, ahead: int = 0) -> str:
        """The statement that brings the counter to a column, or `behind` it; empty if it is there.

        The positions are `ahead` of it then.

        Raises:
            UnshareableError: That takes different numbers of steps, or steps back.
        """
        going = self.list_going(rows)
        variable = self.find(going)
        if not variable:
            return ""
        places = [(row, s.chain, (s.end if behind else s.start) - ahead) for row, s in going]
        steps = {self._subtract(*place) for place in places}
        if len(steps) != 1 or min(steps) < 0:
            raise UnshareableError("a counter moves on by different numbers")
        for row, chain, place in places:
            self.held[chain, row.numbers] = variable, place
        return f"{variable} += {step}" if (step := steps.pop()) else ""

    def _subtract(self, row: Row, chain: str, place: int) -> int:
        return place - self.held.get((chain, row.numbers), ("", 0))[1]

    def enter(self, rows: Sequence[Row], inner: Sequence[Row]) -> None:
        """Go on inside of a loop, whose `inner` rows are its turns."""
        variable = self.find(self.list_going(rows))
        for row in inner if variable else ():
            span = self.spans[row.item]
            self.held[span.chain, row.numbers] = variable, span.start

    def leave(self, rows: Sequence[Row], begun: bool) -> None:
        """Go on behind a loop; a counter that it has `begun` ends where positions are equal."""
        level = len(rows[0].numbers)
        self.held = {key: held for key, held in self.held.items() if len(key[1]) <= level}
        going = self.list_going(rows)
        variable = self.find(going)
        ended = begun and len({span.end for _, span in going}) == 1
        for row, span in going if variable else ():
            self.held[span.chain, row.numbers] = variable, span.end
            if ended:
                del self.held[span.chain, row.numbers]

    def differ_behind(self, rows: Sequence[Row]) -> bool:
        """Whether steps behind a column have different positions because of it."""
        spans = [self.spans[row.item] for row in rows if row.item in self.spans]
        later = [span for span in spans if self.totals[span.chain] > span.end]
        return len({span.end - span.start for span in later}) > 1

    def forget(self, regions: Sequence[Region]) -> None:
        """Chains have ended: what counted them is free."""
        chains = {region.scope for region in regions if region.positional}
        for chain, place in list(self.held):
            if chain in chains:
                del self.held[chain, place]


def make_counts(unit: Unit) -> Counts:
    """Find the places of a unit's steps in their chains."""
    spans: dict[Item, Span] = {}
    lengths: Counter[str] = Counter()
    for use in unit.uses:
        _measure_region(use.region, spans, lengths)
    return Counts(spans, lengths)


def _measure_region(region: Region, spans: dict[Item, Span], lengths: Counter[str]) -> None:
    for item in region.items:
        _measure_item(item, region, spans, lengths)


def _measure_item(
    item: Item, region: Region, spans: dict[Item, Span], lengths: Counter[str]
) -> None:
    start = lengths[region.scope]
    match item:
        case OpItem() | CallItem():
            lengths[region.scope] += region.positional
        case GroupItem():
            _measure_region(item.body, spans, lengths)
            lengths[region.scope] += region.positional and item.named
        case BranchItem():
            for _, branch in item.branches:
                _measure_region(branch, spans, lengths)
        case LoopItem():
            for _, turn in item.turns:
                _measure_item(turn, region, spans, lengths)
    if region.positional:
        spans[item] = Span(region.scope, start, lengths[region.scope])


def pick_letter(taken: Set[str]) -> str:
    """A variable for a number that grows, as code has them."""
    letter = next((letter for letter in _LETTERS if letter not in taken), None)
    if letter is None:
        raise UnshareableError("loops are too deep for names of their own")
    return letter
