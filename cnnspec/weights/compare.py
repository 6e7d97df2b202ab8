"""How far two sets of arrays differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf

import numpy as np

from cnnspec.records import dataclass
from cnnspec.weights.figures import Census, split_array
from cnnspec.weights.formats.base import Array, ArrayFile, Entry
from cnnspec.weights.read import NetworkFile


@dataclass(frozen=True, slots=True)
class Arrays:
    """Arrays under the names to show: what each is like, and how it is read."""

    entries: Mapping[str, Entry]
    read: Callable[[str], Array]
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """How an array differs in two files; `reason` says it where numbers cannot be compared.

    `absolute` is the largest distance, `relative` its share of the first array's largest number;
    `count` is how many of the `size` numbers differ at all.
    """

    name: str
    reason: str = ""
    absolute: float = inf
    relative: float = inf
    count: int = 0
    size: int = 0


def list_arrays(file: ArrayFile | NetworkFile) -> Arrays:
    """The arrays of a file as it has them, or as a network sees them."""
    if isinstance(file, ArrayFile):
        return Arrays(file.entries, file.read, file.metadata)
    entries = {
        name: Entry(shape, "F32" if name in file.fills else _get_type(file, name))
        for name, shape in file.shapes.items()
    }
    return Arrays(entries, file.read, file.file.metadata)


def _get_type(file: NetworkFile, name: str) -> str:
    held, _ = file.places[name][0]
    return file.file.entries[held].dtype


def compare_arrays(
    first: Arrays, second: Arrays, tolerance: float, census: Census
) -> list[Difference]:
    """All differences, the worst first; arrays that both files have go into the census."""
    names = {**first.entries, **second.entries}
    found = (_compare(name, first, second, tolerance, census) for name in names)
    return sorted((each for each in found if each), key=lambda each: -each.relative)


def _compare(
    name: str, first: Arrays, second: Arrays, tolerance: float, census: Census
) -> Difference | None:
    if name not in first.entries or name not in second.entries:
        return Difference(name, "only in the " + ("first" if name in first.entries else "second"))
    left, right = first.entries[name].shape, second.entries[name].shape
    if left != right:
        sizes = ["x".join(map(str, shape)) or "a single number" for shape in (left, right)]
        return Difference(name, f"{sizes[0]} in the first, {sizes[1]} in the second")
    array = first.read(name)
    census.add(name, array)
    difference = _measure(name, array, second.read(name))
    return difference if difference.relative > tolerance else None


def _measure(name: str, first: Array, second: Array) -> Difference:
    """The distances of two arrays of one shape; NaN is as far from a number as infinity."""
    absolute, largest, count = 0.0, 0.0, 0
    for left, right in zip(split_array(first), split_array(second), strict=True):
        differs = (left != right) & ~(np.isnan(left) & np.isnan(right))
        count += int(np.count_nonzero(differs))
        largest = max(largest, float(np.abs(left[np.isfinite(left)]).max(initial=0.0)))
        with np.errstate(invalid="ignore"):
            distances = np.abs(left[differs] - right[differs])
        absolute = max(absolute, float(np.nan_to_num(distances, nan=inf).max(initial=0.0)))
    relative = absolute / largest if largest else (inf if absolute else 0.0)
    return Difference(name, "", absolute, relative, count, first.size)
