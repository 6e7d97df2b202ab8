"""Which rows of its input each row of an output is made of, one axis at a time."""

from __future__ import annotations

from collections.abc import Callable

from cnnspec.records import dataclass


@dataclass(frozen=True, slots=True)
class Gather:
    """Row `i` reads the rows `i * stride - before + tap * dilation` that there are.

    `before` is the padding, or less than 0 where the first rows are left out.
    """

    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0


@dataclass(frozen=True, slots=True)
class Scatter:
    """Row `i` of the input goes into the rows `i * stride - before + tap * dilation` that there
    are.
    """

    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0


@dataclass(frozen=True, slots=True)
class Spans:
    """Row `i` reads the rows `find(i)`, which are neighbours."""

    find: Callable[[int], range]


Rows = Gather | Scatter | Spans

OWN = Gather()
