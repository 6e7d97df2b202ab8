"""How much all expressions together may go through: one that is cheap may stand in a long loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from cnnspec.records import dataclass

# Entries of lists, and more for each value that is computed, as they count for one expression:
# about a second, and lists of 200 MB. Published networks need some thousands.
MAX_TOTAL_WORK: Final = 5_000_000


@dataclass(slots=True)
class Work:
    """What expressions have gone through so far."""

    done: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be evaluated."""
        return self.done > MAX_TOTAL_WORK


_CURRENT: ContextVar[Work | None] = ContextVar("work", default=None)


@contextmanager
def bound_work() -> Iterator[Work]:
    """Hold all expressions that are evaluated inside against one limit, apart from those around."""
    work = Work()
    token = _CURRENT.set(work)
    try:
        yield work
    finally:
        _CURRENT.reset(token)


def spend_work(amount: int) -> bool:
    """Count what goes through values without an expression; whether that is too much."""
    work = _CURRENT.get()
    if work is None:
        return False
    work.done += amount
    return work.is_spent


def explain_spent() -> str:
    """What is wrong where nothing more may be evaluated."""
    return f"the expressions of one network go through more than {MAX_TOTAL_WORK:,} values"


def find_work() -> Work | None:
    """What counts here; None where nothing does."""
    return _CURRENT.get()
