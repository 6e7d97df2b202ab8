"""For which sizes of its input a network is valid, axis by axis, found by trying them.

A size function is made of steps (factor * n + offset) // divisor, so that a size and one a whole
period larger come out alike: one period beyond the least valid size decides for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from fractions import Fraction
from math import lcm

from cnnspec.diagnostics import Span
from cnnspec.graph.ir import Graph, Node, OpenSize, Value
from cnnspec.graph.replay import Prober
from cnnspec.graph.size_sets import SizeSet, shorten_period
from cnnspec.ops.base import Op
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.records import dataclass

# Larger than any image that a network takes whole.
MAX_TRIED = 4096
# Where each size means building the spec again.
MAX_REBUILT = 256
# How far from a size a better one is looked for; few networks have larger strides than this.
MAX_NEAR = 64
# Ops tried in all, so that a check stays prompt; a build costs as much as some 30 replays.
MAX_OPS = 500_000
# Shapes that are worked out anew for it, which takes as long as some 50 that are known already.
MAX_INFERRED = 30_000
_MAX_BUILT_OPS = 20_000

Rates = tuple[Fraction | None, ...]


@dataclass(frozen=True, slots=True)
class AxisSizes:
    """One open size of the input with all that is known of it.

    `valid` are the sizes that the network takes, the other sizes being `nominal`, and `usable`
    those that are declared too; `lossless` are those of them for which no pixel at a border stays
    unread. Sizes above those that were tried are unknown where the search was `capped`. What an op
    makes of a size repeats itself after `cycle` rows.
    """

    size: OpenSize
    axes: tuple[str, ...]
    nominal: int
    valid: SizeSet
    usable: SizeSet
    lossless: SizeSet
    capped: bool
    cycle: int


@dataclass(frozen=True, slots=True)
class ValidSizes:
    """The open sizes of a network.

    `together` is the smallest valid input of all open sizes at once: they hang together where a
    norm counts the positions of a map. `work` is what it took to find them, in steps of a build.
    """

    axes: tuple[AxisSizes, ...]
    together: tuple[int, ...] | None
    work: int = field(default=0, compare=False)


def find_valid_sizes(graph: Graph, locked: bool = True) -> ValidSizes:
    """For which values of its open sizes a network is valid; of all its sizes, if none is open.

    The weights are those of the network as it is, or unless `locked` those that each size needs.
    """
    opened = graph.open_sizes or free_sizes(graph.inputs)
    prober = Prober(graph, locked)
    share = 2 * MAX_INFERRED // max(2, len(opened))
    axes = tuple(_search(prober, size, share) for size in opened)
    together = _find_together(prober, axes)
    return ValidSizes(axes, together, prober.work)


def free_sizes(inputs: Sequence[Value]) -> tuple[OpenSize, ...]:
    """The sizes of all inputs that are maps, as if each stayed open."""
    found = []
    for position, value in enumerate(inputs):
        if value.known.kind is Kind.MAP:
            for place, axis in enumerate(value.known.axes):
                letter = axis if len(inputs) == 1 else f"{value.name}.{axis}"
                found.append(OpenSize(letter, ((position, place),), Span("", 1, 1, 1, 1)))
    return tuple(found)


def put_size(shapes: tuple[Shape, ...], size: OpenSize, value: int) -> tuple[Shape, ...]:
    """The inputs with one open size changed."""
    changed = list(shapes)
    for position, place in size.places:
        own = changed[position]
        changed[position] = own.resize((*own.sizes[:place], value, *own.sizes[place + 1 :]))
    return tuple(changed)


def read_nominal(shapes: Sequence[Shape], size: OpenSize) -> int:
    """The size that an open one has in some inputs."""
    position, place = size.places[0]
    return shapes[position].sizes[place]


def _search(prober: Prober, size: OpenSize, share: int) -> AxisSizes:
    """Try one size after the other until they repeat themselves, or the share is used up."""
    count = len(prober.graph.nodes)
    most = min(MAX_TRIED, MAX_OPS // count)
    if prober.reads.sizes:
        most = min(MAX_REBUILT, _MAX_BUILT_OPS // max(count, prober.graph.steps))
    if size.most is not None:
        most = min(most, size.most)
    rates = find_rates(prober.graph, size)
    period = lcm(*(rate.numerator for own in rates.values() for rate in own if rate))
    lossless: list[int] = []
    valid: list[int] = []
    unread = _Unread(prober, rates)
    tried, end = 0, most
    enough = prober.replay.inferred + share
    while tried < min(end, most) and prober.replay.inferred <= enough:
        tried += 1
        shapes = prober.infer(put_size(prober.inputs, size, tried))
        if shapes is None:
            continue
        if not valid:
            end = tried + 2 * period
        valid.append(tried)
        if unread.is_lossless(shapes):
            lossless.append(tried)
    repeats = tried == end and bool(valid)
    found = shorten_period(SizeSet(tuple(valid), tried, period if repeats else None))
    kept = shorten_period(SizeSet(tuple(lossless), tried, period if repeats else None))
    declared = size.most is not None and tried >= size.most
    axes = tuple(_name_axis(prober, place) for place in size.places)
    nominal = read_nominal(prober.inputs, size)
    usable, lossless_usable = (
        sizes.restrict(size.least, size.most, size.multiple_of) for sizes in (found, kept)
    )
    capped = not repeats and not declared
    return AxisSizes(size, axes, nominal, found, usable, lossless_usable, capped, period)


def find_lossless_near(graph: Graph, position: int, place: int) -> tuple[tuple[int, ...], int]:
    """The nearest sizes of an input's axis for which no border stays unread: below and above.

    The weights are those that each size needs. The second is what it took, in steps of a build.
    """
    free = OpenSize("", ((position, place),), Span("", 1, 1, 1, 1))
    size = next((own for own in graph.open_sizes if free.places[0] in own.places), free)
    prober = Prober(graph, locked=False)
    unread = _Unread(prober, find_rates(graph, size))
    nominal = read_nominal(prober.inputs, size)
    found = []
    near = min(MAX_NEAR, MAX_OPS // (2 * len(graph.nodes)))
    for step in (-1, 1):
        for tried in range(nominal + step, nominal + step * (near + 1), step):
            if tried < 1 or not size.admits(tried):
                continue
            if prober.replay.inferred > MAX_INFERRED:
                break
            shapes = prober.infer(put_size(prober.inputs, size, tried))
            if shapes is not None and unread.is_lossless(shapes):
                found.append(tried)
                break
    return tuple(found), prober.work


def _name_axis(prober: Prober, place: tuple[int, int]) -> str:
    value = prober.graph.inputs[place[0]]
    axis = value.known.axes[place[1]]
    return axis if len(prober.inputs) == 1 else f"{value.name}.{axis}"


def find_rates(graph: Graph, size: OpenSize) -> dict[Value, Rates]:
    """How many rows of an open size each row of a value stands for, along each of its axes.

    None where the axis does not follow the size.
    """
    rates: dict[Value, Rates] = {}
    for position, value in enumerate(graph.inputs):
        rates[value] = tuple(
            Fraction(1) if (position, place) in size.places else None
            for place in range(value.known.rank)
        )
    # Deep networks repeat few ops: what is the same is one object here, and found once.
    same: dict[Rates, Rates] = {}
    known: dict[tuple[object, ...], Rates] = {}
    for node in graph.nodes:
        key = (id(node.op), node.shapes, *[id(rates[value]) for value in node.sizing])
        if key not in known:
            found = _find_rate(node, rates)
            known[key] = same.setdefault(found, found)
        rates[node.output] = known[key]
    return rates


def _find_rate(node: Node, rates: dict[Value, Rates]) -> Rates:
    growth = node.op.find_growth(node.shapes)
    if growth is None:
        return (None,) * node.shape.rank
    # Which of several inputs a result follows does not matter where they are equal, and where one
    # is a gate it is one whose axes follow the size at all.
    ranked = [rates[value] for value in node.sizing if value.known.rank == len(growth)]
    joined = [
        max((rate for rate in axis if rate is not None), default=None)
        for axis in zip(*ranked, strict=True)
    ]
    return tuple(
        None if rate is None or not step.factor else rate * step.divisor / step.factor
        for rate, step in zip(joined, growth, strict=True)
    )


class _Unread:
    """Which rows no op reads, for each value of a network."""

    def __init__(self, prober: Prober, rates: dict[Value, Rates]) -> None:
        graph = prober.graph
        self.prober = prober
        self.shapes = prober.shapes
        self.followed = {
            value: {place for place, rate in enumerate(own) if rate is not None}
            for value, own in rates.items()
        }
        self.known: dict[Op, dict[int, tuple[int, ...]]] = {}
        values = [*graph.inputs, *(node.output for node in graph.nodes)]
        places = {value: place for place, value in enumerate(values)}
        ends = {output.value for output in graph.every_output}
        self.readers = [
            (places[value], axes, [(node.op, self.share(node.op)) for node in value.readers])
            for value in values
            if value.readers and value not in ends and (axes := sorted(self.followed[value]))
            # Most ops read everything, whatever the size.
            if all(type(node.op).count_unread is not Op.count_unread for node in value.readers)
        ]

    def share(self, op: Op) -> dict[int, tuple[int, ...]]:
        """What is known of the unread rows of an op, and of those that are equal to it."""
        return self.known.setdefault(op, {})

    def is_lossless(self, values: list[int]) -> bool:
        """Whether every last row has a reader, for shapes by number."""
        return all(
            any(self.count(op, known, values[place])[axis] == 0 for op, known in ops)
            for place, axes, ops in self.readers
            for axis in axes
        )

    def count(self, op: Op, known: dict[int, tuple[int, ...]], value: int) -> tuple[int, ...]:
        """The unread rows of one op."""
        if value not in known:
            self.prober.counted += 1
            known[value] = op.count_unread((self.shapes[value],))
        return known[value]


def _find_together(prober: Prober, axes: Iterable[AxisSizes]) -> tuple[int, ...] | None:
    """The smallest valid input with all open sizes at once, on the way from their least ones."""
    every = [(axis, list(axis.usable)) for axis in axes]
    if not every or not all(sizes for _, sizes in every):
        return None
    for step in range(max(len(sizes) for _, sizes in every)):
        chosen = tuple(sizes[min(step, len(sizes) - 1)] for _, sizes in every)
        shapes = prober.inputs
        for (axis, _), value in zip(every, chosen, strict=True):
            shapes = put_size(shapes, axis.size, value)
        if prober.infer(shapes) is not None:
            return chosen
    return None
