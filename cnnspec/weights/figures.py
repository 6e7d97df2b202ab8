"""Figures of the numbers in an array."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, sqrt

import numpy as np

from cnnspec.records import dataclass
from cnnspec.weights.formats.base import Array

# Numbers at a time, so that no array is copied whole into double precision.
_CHUNK = 2**20


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


def split_array(array: Array) -> Iterator[Array]:
    """The numbers of an array in double precision, some at a time."""
    numbers = array.reshape(-1)
    for start in range(0, numbers.size, _CHUNK):
        # A NaN may be of the kind that processors complain about.
        with np.errstate(invalid="ignore"):
            part = numbers[start : start + _CHUNK].astype(np.float64)
        yield part
