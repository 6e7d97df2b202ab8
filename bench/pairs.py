"""Two programs timed against each other on a machine that does other things too.

Both are run in pairs, in random order, and what counts is the ratio within a pair: whatever slows
the machine for longer than a pair slows both. The result is the median of these ratios, which no
single disturbance moves, with the interval of its bootstrap distribution.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

BUILDS = 4
WARM_UP = 2
LEAST_PAIRS = 16
MOST_PAIRS = 400
# An interval as narrow as this, to both sides, ends the timing.
PRECISION = 0.004
RESAMPLES = 1000

Step = Callable[[], object]
Maker = Callable[[], Step]


@dataclass(frozen=True, slots=True)
class Contest:
    """Two programs that do the same; each maker builds one, and the step that it gives is timed.

    `clock` is by default the processor time of this process, in which waiting for a processor
    does not count; that is fair to programs of one thread. Where memory comes to lie makes a model
    faster or slower for as long as it lives, so each side is built anew `builds` times.
    """

    network: str
    work: str
    make_ours: Maker
    make_theirs: Maker
    limit: float | None = None
    clock: Callable[[], float] = time.process_time
    builds: int = BUILDS


@dataclass(frozen=True, slots=True)
class Result:
    """The median ratio of ours to theirs, its 99 % interval, and the median seconds of both."""

    contest: Contest
    ratio: float
    low: float
    high: float
    ours: float
    theirs: float
    pairs: int

    @property
    def is_over(self) -> bool:
        """Whether the limit is exceeded by more than the noise."""
        return self.contest.limit is not None and self.low > self.contest.limit


def run_contest(contest: Contest, seconds: float) -> Result:
    """Time both in pairs, for about so many seconds, but no fewer than `LEAST_PAIRS`."""
    chance = random.Random(contest.network + contest.work)
    pairs: list[tuple[float, float]] = []
    for build in range(contest.builds):
        ours, theirs = _make_both(contest, chance)
        for _ in range(WARM_UP):
            ours(), theirs()
        gc.collect()
        gc.disable()
        end = time.perf_counter() + seconds / contest.builds
        least, most = (count * (build + 1) // contest.builds for count in (LEAST_PAIRS, MOST_PAIRS))
        while len(pairs) < least or (time.perf_counter() < end and len(pairs) < most):
            # Whoever comes second finds other caches, so each order is taken as often.
            for first in chance.sample((True, False), 2):
                pairs.append(_time_pair(ours, theirs, contest.clock, ours_first=first))
        gc.enable()
        del ours, theirs
        if build > 1 and _is_precise(pairs, chance):
            break
    low, high = _find_interval(pairs, chance)
    return Result(
        contest,
        _find_ratio(pairs),
        low,
        high,
        statistics.median(ours for ours, _ in pairs),
        statistics.median(theirs for _, theirs in pairs),
        len(pairs),
    )


def _make_both(contest: Contest, chance: random.Random) -> tuple[Step, Step]:
    if chance.random() < 0.5:
        ours = contest.make_ours()
        return ours, contest.make_theirs()
    theirs = contest.make_theirs()
    return contest.make_ours(), theirs


def _time_pair(
    ours: Step, theirs: Step, clock: Callable[[], float], *, ours_first: bool
) -> tuple[float, float]:
    if ours_first:
        first = _time_step(ours, clock)
        return first, _time_step(theirs, clock)
    first = _time_step(theirs, clock)
    return _time_step(ours, clock), first


def _time_step(step: Step, clock: Callable[[], float]) -> float:
    begin = clock()
    step()
    return clock() - begin


def _find_ratio(pairs: list[tuple[float, float]]) -> float:
    return statistics.median(ours / theirs for ours, theirs in pairs)


def _find_interval(pairs: list[tuple[float, float]], chance: random.Random) -> tuple[float, float]:
    """The 99 % percentile interval of the median ratio."""
    medians = sorted(_find_ratio(chance.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    cut = RESAMPLES // 200
    return medians[cut], medians[-cut - 1]


def _is_precise(pairs: list[tuple[float, float]], chance: random.Random) -> bool:
    low, high = _find_interval(pairs, chance)
    return (high - low) / 2 <= PRECISION
