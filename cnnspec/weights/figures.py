"""Figures of the numbers in an array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field
from math import inf, sqrt

import numpy as np

from cnnspec.records import dataclass
from cnnspec.weights.formats.base import Array

# Numbers at a time, so that no array is copied whole into double precision.
_CHUNK = 2**20
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """What an array's numbers are like; mean to maximum are None where no number is finite."""

    mean: float | None
    deviation: float | None
    minimum: float | None
    maximum: float | None
    unknown: int
    infinite: int


def measure_array(array: Array) -> Figures:
    """The mean, the deviation and the limits of the finite numbers, and a count of the others."""
    total, square, count, unknown = 0.0, 0.0, 0, 0
    low, high = inf, -inf
    for part in split_array(array):
        finite = part[np.isfinite(part)]
        unknown += int(np.count_nonzero(np.isnan(part)))
        count += finite.size
        if finite.size:
            total += float(finite.sum())
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    infinite = array.size - count - unknown
    if not count:
        return Figures(None, None, None, None, unknown, infinite)
    mean = total / count
    for part in split_array(array):
        square += float(((part[np.isfinite(part)] - mean) ** 2).sum())
    return Figures(mean, sqrt(square / count), low, high, unknown, infinite)


@dataclass(slots=True)
class Census:
    """The arrays seen so far, and those of them with NaN or infinite numbers.

    Such arrays are what a training run leaves that went wrong: they are kept as they are, but never
    without a word.
    """

    arrays: int = 0
    odd: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, array: Array) -> None:
        """Look at one array; parts of one that come one by one count as one."""
        self.arrays += 1
        finite = np.isfinite(array)
        if not finite.all():
            unknown = int(np.count_nonzero(np.isnan(array)))
            infinite = array.size - int(np.count_nonzero(finite)) - unknown
            counts = [(unknown, "NaN"), (infinite, "infinite")]
            said = " and ".join(f"{count} {word}" for count, word in counts if count)
            self.odd[name] = f"{name} ({said} of {array.size})"

    def watch(self, arrays: Iterable[tuple[str, Array]]) -> Iterator[tuple[str, Array]]:
        """Hand arrays on, and look at each."""
        for name, array in arrays:
            self.add(name, array)
            yield name, array

    def describe(self) -> tuple[str, ...]:
        """What there is to say, if anything."""
        if not self.odd:
            return ()
        named = list(self.odd.values())
        more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        return (
            f"{len(named)} of {self.arrays} arrays hold numbers that are not finite, which are "
            f"kept as they are: {', '.join(named[:_MOST_NAMED])}{more}",
        )


def split_array(array: Array) -> Iterator[Array]:
    """The numbers of an array in double precision, some at a time."""
    numbers = array.reshape(-1)
    for start in range(0, numbers.size, _CHUNK):
        # A NaN may be of the kind that processors complain about.
        with np.errstate(invalid="ignore"):
            part = numbers[start : start + _CHUNK].astype(np.float64)
        yield part
