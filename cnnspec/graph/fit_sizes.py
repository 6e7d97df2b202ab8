"""Sizes of the input that a network can take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import lcm

from cnnspec.graph.parting import Parting, count_strides
from cnnspec.graph.record import Fault
from cnnspec.graph.trail import label_changes, trace
from cnnspec.graph.trials import Trials
from cnnspec.ops.shapes import Kind
from cnnspec.spec.model import Literal, MapArgument

# Larger than any image that a network takes whole.
_MAX_SIZE = 8192
# Divisors are products of strides; no network halves its input more often than this.
_MAX_DIVISOR = 1024

Sizes = tuple[int, ...]


def read_sizes(trials: Trials) -> Sizes | None:
    """The spatial sizes of the input, where they are written as plain numbers, or open.

    Sizes that come from parameters may be used elsewhere too, so that they cannot be tried alone.
    """
    spec, inputs = trials.base.spec, trials.base.inputs
    if len(inputs) != 1 or inputs[0].shape is None or inputs[0].shape.kind is not Kind.MAP:
        return None
    shape = inputs[0].shape
    written = map(spec.inputs[0].sizes.get, shape.axes)
    if all(isinstance(argument, Literal | MapArgument) for argument in written):
        return shape.sizes
    return None


def find_smallest(fault: Fault, trials: Trials) -> Iterator[str]:
    """The smallest input that works, axis by axis where the axes differ."""
    sizes = read_sizes(trials)
    if sizes is None:
        return
    works = _remember(lambda tried: trials.solves(fault, sizes=tried))
    enough = sizes
    while not works(enough):
        if max(enough) * 2 > _MAX_SIZE or trials.left <= 0:
            return
        enough = tuple(2 * size for size in enough)
    if len(set(sizes)) == 1:
        low, high = sizes[0], enough[0]
        found = (_bisect(low, high, lambda size: works((size,) * len(sizes))),) * len(sizes)
    else:
        found = enough
        for axis in range(len(sizes)):
            found = _lower(found, axis, sizes[axis], works)
    if trials.left <= 0 or not works(found):
        return
    shown = "x".join(map(str, found))
    # Where branches must meet, a smaller size may fit again, and the search proves nothing.
    yield (
        f"an input of {shown} works"
        if trials.uneven
        else (f"the smallest input that works is {shown}")
    )


def _lower(sizes: Sizes, axis: int, least: int, works: Callable[[Sizes], bool]) -> Sizes:
    """The sizes with one axis as small as it can be, from a number that is asked for first."""

    def put(size: int) -> Sizes:
        return (*sizes[:axis], size, *sizes[axis + 1 :])

    if works(put(least)):
        return put(least)
    return put(_bisect(least, sizes[axis], lambda size: works(put(size))))


def _bisect(low: int, high: int, works: Callable[[int], bool]) -> int:
    """The least number that works, when `low` does not and `high` does."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return high


def _remember(works: Callable[[Sizes], bool]) -> Callable[[Sizes], bool]:
    seen: dict[Sizes, bool] = {}

    def ask(sizes: Sizes) -> bool:
        if sizes not in seen:
            seen[sizes] = works(sizes)
        return seen[sizes]

    return ask


def find_multiples(fault: Fault, parting: Parting, trials: Trials) -> Iterator[str]:
    """The sizes that can be halved as often as the network does, and the nearest of them.

    How a size comes out depends on its remainder by the product of all strides on the way, so one
    size for each remainder decides for all larger ones.
    """
    sizes = read_sizes(trials)
    if sizes is None:
        return
    ways = [count_strides(tuple(label_changes(trace(value)))) for value, _ in parting.sides]
    period = lcm(*(stride for way in ways for stride in way))
    if not 2 <= period <= _MAX_DIVISOR:
        return
    works = _remember(lambda tried: trials.solves(fault, sizes=tried))
    divisor = _least_divisor(period, sizes, works)
    if divisor is None:
        return
    below = tuple(max(size // divisor, 1) * divisor for size in sizes)
    above = tuple(-(-size // divisor) * divisor for size in sizes)
    nearest = [near for near in dict.fromkeys([below, above]) if works(near)]
    if len(nearest) < len({below, above}) or trials.left <= 0:
        return
    square = len(set(sizes)) == 1
    shown = ", ".join(str(n[0]) if square else "x".join(map(str, n)) for n in nearest)
    axes = " and ".join(trials.base.inputs[0].known.axes)
    smallest = (divisor,) * len(sizes)
    if works(smallest):
        yield (
            f"every input whose {axes} {'is a multiple' if len(sizes) == 1 else 'are multiples'} "
            f"of {divisor} works; nearest: {shown}"
        )
    else:
        yield f"the nearest inputs that work: {shown}"


def _least_divisor(period: int, sizes: Sizes, works: Callable[[Sizes], bool]) -> int | None:
    """The smallest divisor of a period whose every multiple works, as far as was tried."""
    base = -(-max(sizes) // period) * period

    def all_work(divisor: int) -> bool:
        # One period more, for strides that come after the fault and are not counted.
        offsets = [*range(0, period, divisor), period]
        return all(works((base + offset,) * len(sizes)) for offset in offsets)

    if not all_work(period):
        return None
    divisor = period
    for factor in _list_primes(period):
        while divisor % factor == 0 and all_work(divisor // factor):
            divisor //= factor
    return divisor if divisor > 1 else None


def _list_primes(number: int) -> list[int]:
    found, factor = [], 2
    while factor * factor <= number:
        if number % factor == 0:
            found.append(factor)
            while number % factor == 0:
                number //= factor
        factor += 1
    return [*found, number] if number > 1 else found
