"""Holds the sizes that a spec declares for its input against those that its network takes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import lcm

from cnnspec.diagnostics import Diagnostic
from cnnspec.graph.ir import Graph
from cnnspec.graph.opened import describe_range, list_admitted
from cnnspec.graph.size_sets import SizeSet, spell_sizes
from cnnspec.graph.valid_sizes import MAX_TRIED, AxisSizes
from cnnspec.graph.variations import find_variations

_MAX_SHOWN = 6


def check_declared(graph: Graph) -> Iterator[Diagnostic]:
    """Report each declared range with a size in it that the network does not take."""
    if not any(size.is_range for size in graph.open_sizes):
        return
    for axis in find_variations(graph).valid.axes:
        if axis.size.is_range:
            wrong = _list_wrong(axis)
            if wrong:
                yield _explain(axis, wrong)


def _list_wrong(axis: AxisSizes) -> list[int]:
    """The first of the declared sizes that the network does not take.

    Without a bound of its own, a range starts at the least valid size. What repeats itself is
    looked at for as long as the two periods together take.
    """
    size, valid = axis.size, axis.valid
    start = size.least if size.has_least else valid.least or 1
    last = max(valid.tried, start) + _MAX_SHOWN * _find_period(axis)
    if size.most is not None:
        last = min(last, size.most)
    if size.most is None and not size.has_least and size.multiple_of == 1:
        return []
    wrong = (n for n in list_admitted(size, start, last) if n not in valid)
    return list(islice(wrong, _MAX_SHOWN + 1))


def _find_period(axis: AxisSizes) -> int:
    """After how many rows the valid sizes and the declared ones repeat themselves together."""
    return min(lcm(axis.valid.period or 1, axis.size.multiple_of), MAX_TRIED)


def _explain(axis: AxisSizes, wrong: list[int]) -> Diagnostic:
    size = axis.size
    name = " and ".join(axis.axes)
    more = ", ..." if len(wrong) > _MAX_SHOWN else ""
    shown = ", ".join(map(str, wrong[:_MAX_SHOWN])) + more
    message = (
        f"the network does not take every {name} that is declared ({describe_range(size)}): "
        f"not {shown}"
    )
    notes = [f"valid here: {spell_sizes(axis.valid)}"]
    if axis.capped:
        message = (
            f"it is not known that the network takes every {name} that is declared "
            f"({describe_range(size)}): not for {shown}"
        )
        notes.append(f"no size above {axis.valid.tried} was tried, and the sizes do not repeat")
    best = _write_best(axis)
    return Diagnostic(
        "invalid-range",
        message,
        size.span,
        notes=tuple(notes),
        help=(f"declare {best}",) if best else ("no size in this range works",),
    )


def _write_best(axis: AxisSizes) -> str:
    """The largest correct declaration inside of the one that is wrong, as it would be written."""
    size, valid = axis.size, axis.valid
    period = _find_period(axis)
    last = max(valid.tried, size.least) + 2 * period if size.most is None else size.most
    steps = range(size.multiple_of, period + 1, size.multiple_of)
    runs = [
        (last - end < step and valid.period is not None, (end - first) // step, -step, first, end)
        for step in steps
        if period % step == 0
        for first, end in _list_runs(valid, size.least, last, step)
    ]
    if not runs:
        return ""
    endless, _, negated, first, end = max(runs)
    parts = [f"min: {first}"]
    if size.most is not None or not endless:
        parts.append(f"max: {end}")
    if negated < -1:
        parts.append(f"multiple_of: {-negated}")
    if size.default is not None and size.default in valid:
        parts.append(f"default: {size.default}")
    return f"{{{', '.join(parts)}}}"


def _list_runs(valid: SizeSet, first: int, last: int, step: int) -> Iterator[tuple[int, int]]:
    """The longest stretches of multiples of a step that are all valid, by first and last."""
    start = None
    for size in range(-(-first // step) * step, last + 1, step):
        if size in valid:
            start = size if start is None else start
        elif start is not None:
            yield start, size - step
            start = None
    if start is not None:
        yield start, last // step * step
