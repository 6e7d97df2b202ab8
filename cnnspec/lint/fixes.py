"""Tries what rules propose: an offer is an edit of the text after which a check finds less.

Every change is made in the text, and the whole text is checked again, in all variants and with the
figures that it expects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from typing import Final

from cnnspec.diagnostics import Diagnostic, Offer, Severity, TextEdit
from cnnspec.lint.base import Fix, Problem
from cnnspec.lint.text.edits import find_text_edits
from cnnspec.lint.text.layout import Layout, UneditableError
from cnnspec.lint.text.lines import apply_edits, order_edits, overlap
from cnnspec.lint.text.names import WrittenSteps
from cnnspec.records import dataclass
from cnnspec.spec.model import ModelSpec

# Each takes as long as the check itself, so that only so many proposals are tried one by one, and
# the others together, half by half; where a check takes long there are fewer, down to none.
MAX_TRIALS: Final = 16
MAX_CHECKS: Final = 64
LONG: Final = 500  # steps
# To read so many characters takes as long as to carry out a step.
STEP_TEXT: Final = 32
# What more findings propose waits for the next round.
MAX_PROPOSALS: Final = 256
# One change makes the next possible; what is left then is left.
MAX_ROUNDS: Final = 16


@dataclass(frozen=True, slots=True)
class Looked:
    """A spec's text, what a check finds in it, and what that took, in steps."""

    text: str
    spec: ModelSpec
    problems: tuple[Diagnostic, ...]
    work: int

    def limit_checks(self, most: int) -> int:
        """How many more checks there may be."""
        written = sum(map(len, self.spec.sources.values())) // STEP_TEXT
        return most * LONG // max(LONG, self.work + written)


# None where the text is no spec.
Look = Callable[[str], Looked | None]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A text after all fixes that could be made, what is left to say of it, and what was mended."""

    text: str
    problems: tuple[Diagnostic, ...]
    count: int


@dataclass(slots=True)
class Budget:
    """How many more checks there may be."""

    left: int

    def take(self) -> bool:
        """Whether there may be one more."""
        self.left -= 1
        return self.left >= 0


def offer_fixes(looked: Looked, look: Look) -> tuple[Diagnostic, ...]:
    """The findings, each with the first of its proposals that holds."""
    most = looked.limit_checks(MAX_TRIALS)
    if not most:
        return looked.problems
    trials = _Trials(looked, look, Budget(most))
    proposing = _list_proposing(looked)
    offers = {problem: trials.offer(problem) for problem in proposing}
    if trials.budget.left <= 0:
        trials.budget = Budget(most)
        offers |= trials.offer_together([found for found in proposing if offers[found] is None])
    return tuple(
        replace(found, offer=offers.get(found)) if isinstance(found, Problem) else found
        for found in looked.problems
    )


def _list_proposing(looked: Looked) -> list[Problem]:
    proposing = (found for found in looked.problems if isinstance(found, Problem) and found.fixes)
    return list(dict.fromkeys(proposing))[:MAX_PROPOSALS]


def apply_fixes(text: str, look: Look, unsafe: bool = False) -> Fixed | None:
    """Fix what can be fixed, round for round; None where the text is no spec."""
    looked, count = look(text), 0
    if looked is None:
        return None
    budget = Budget(looked.limit_checks(MAX_CHECKS))
    for _ in range(MAX_ROUNDS):
        if budget.left <= 0:
            break
        trials = _Trials(looked, look, budget)
        mended, edits = trials.choose(unsafe)
        after = trials.look_after(edits) if mended else None
        if after is None:
            break
        count += len(mended)
        looked = after
    return Fixed(looked.text, looked.problems, count)


Edits = tuple[TextEdit, ...]


@dataclass(slots=True)
class _Trials:
    """What was tried on one text; equal changes are tried once."""

    looked: Looked
    look: Look
    budget: Budget
    known: dict[Edits, Looked | None] = field(default_factory=dict)
    layout: Layout | None = None
    written: WrittenSteps | None = None

    def offer(self, problem: Problem) -> Offer | None:
        """The first proposal for a finding that holds."""
        if self.budget.left <= 0:
            return None
        for fix, edits in self.propose(problem):
            if self.holds(edits, [problem]):
                return Offer(fix.message, edits, fix.safe)
        return None

    def offer_together(self, problems: Sequence[Problem]) -> dict[Problem, Offer | None]:
        """The first proposals for findings, as far as they hold together."""
        first = {problem: self.propose(problem)[:1] for problem in problems}
        waiting = [(problem, edits) for problem, found in first.items() for _, edits in found]
        mended: list[Problem] = []
        self.add((), mended, waiting)
        return {
            problem: Offer(fix.message, edits, fix.safe)
            for problem in mended
            for fix, edits in first[problem]
        }

    def propose(self, problem: Problem) -> list[tuple[Fix, Edits]]:
        """The proposals that can be made in the text."""
        found = []
        self.layout = self.layout or Layout(self.looked.text, self.looked.spec.file)
        self.written = self.written or WrittenSteps(self.looked.spec)
        for fix in problem.fixes:
            try:
                edits = find_text_edits(self.layout, self.written, fix.edits)
            except UneditableError:
                continue
            found.append((fix, edits))
        return found

    def choose(self, unsafe: bool) -> tuple[list[Problem], Edits]:
        """Changes for as many findings as can be made together, and these findings."""
        waiting: list[tuple[Problem, Edits]] = []
        others: list[tuple[Problem, Edits]] = []
        for problem in _list_proposing(self.looked):
            usable = [edits for fix, edits in self.propose(problem) if fix.safe or unsafe]
            waiting += [(problem, edits) for edits in usable[:1]]
            others += [(problem, edits) for edits in usable[1:]]
        mended: list[Problem] = []
        chosen = self.add((), mended, waiting)
        # Second proposals are for findings whose first did not hold.
        for problem, edits in others:
            if problem not in mended:
                chosen = self.add(chosen, mended, [(problem, edits)])
        return mended, chosen

    def add(
        self, chosen: Edits, mended: list[Problem], waiting: Sequence[tuple[Problem, Edits]]
    ) -> Edits:
        """Add the changes that hold: all at once, or else half by half."""
        problems = [problem for problem, _ in waiting]
        together = _join(chosen, *(edits for _, edits in waiting))
        if not waiting:
            return chosen
        if together is not None and self.holds(together, [*mended, *problems]):
            mended += problems
            return together
        if len(waiting) == 1:
            return chosen
        half = len(waiting) // 2
        chosen = self.add(chosen, mended, waiting[:half])
        return self.add(chosen, mended, waiting[half:])

    def look_after(self, edits: Edits) -> Looked | None:
        """What a check finds after edits; None too where there were too many checks."""
        if edits not in self.known:
            more = self.budget.take()
            self.known[edits] = self.look(apply_edits(self.looked.text, edits)) if more else None
        return self.known[edits]

    def holds(self, edits: Edits, mended: Sequence[Diagnostic]) -> bool:
        """Whether edits take findings away and bring no error and no warning with them."""
        after = self.look_after(edits)
        if after is None:
            return False
        old, new = self.looked.problems, after.problems
        gone = Counter(problem.rule for problem in mended)
        before, now = (Counter(problem.rule for problem in found) for found in (old, new))
        if any(now[rule] > before[rule] - count for rule, count in gone.items()):
            return False
        if _adds(Severity.ERROR, old, new) or _weigh(new) >= _weigh(old):
            return False
        # The rules had nothing to say of what could not be built.
        had_errors = any(problem.severity is Severity.ERROR for problem in old)
        return had_errors or not _adds(Severity.WARNING, old, new)


def _join(*parts: Edits) -> Edits | None:
    """Edits as one, those that are the same made once; None where they overlap."""
    joined = list(dict.fromkeys(edit for part in parts for edit in part))
    return None if overlap(joined) else tuple(order_edits(joined))


def _weigh(problems: Sequence[Diagnostic]) -> tuple[int, ...]:
    """How bad findings are; every change makes this less, so that changes come to an end."""
    counts = Counter(problem.severity for problem in problems)
    return tuple(counts[severity] for severity in Severity)


def _adds(severity: Severity, old: Sequence[Diagnostic], new: Sequence[Diagnostic]) -> bool:
    """Whether there is more to say of some rule with a severity than there was."""
    before, now = (
        Counter(problem.rule for problem in found if problem.severity is severity)
        for found in (old, new)
    )
    return any(count > before[rule] for rule, count in now.items())
