"""The weights that a network starts with, as its spec declares them.

Every number comes from raw draws of PCG64 and plain arithmetic, which are the same on every
machine; only an orthogonal matrix, which LAPACK computes, may differ in its last digits.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.graph.ir import Graph, Node
from cnnspec.ops.base import Kernel, Weight
from cnnspec.ops.initializers import (
    CUT,
    Bilinear,
    Constant,
    Dirac,
    Initializer,
    Normal,
    Orthogonal,
    Scaled,
    Uniform,
    find_initializer,
)
from cnnspec.weights.draw import Array, draw_even, draw_raw, draw_weights, seed_array

_Doubles = NDArray[np.floating[Any]]

# The chance that a normal variable is below -2, where a truncated one begins.
_BELOW_CUT = 0.022750131948179195
_LN2 = 0.6931471805599453

# Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied
# Statistics 37, 1988: PPND7, right to seven digits. Quotients of polynomials, lowest power first.
_CENTRE = (
    (3.3871327179, 50.434271938, 159.29113202, 59.109374720),
    (1.0, 17.895169469, 78.757757664, 67.187563600),
)
_TAIL = (
    (1.4234372777, 2.7568153900, 1.3067284816, 0.17023821103),
    (1.0, 0.73700164250, 0.12021132975),
)
_FAR_TAIL = (
    (6.6579051150, 3.0812263860, 0.42868294337, 0.017337203997),
    (1.0, 0.24197894225, 0.012258202635),
)


# They are all in memory at once: so many are 4 GiB.
MAX_DRAWN = 2**30


def initialise_weights(graph: Graph, seed: int) -> dict[str, Array]:
    """Draw every array of a network by its full name, in the order of the graph.

    An array with an initializer has that distribution, and depends on its name and the seed
    alone. The others are drawn as `draw_weights` draws them.
    """
    _hold_size(graph)
    declared: dict[str, Array] = {}
    for node in graph.nodes:
        for weight in node.own_weights:
            initializer = find_initializer(node.op, weight.name)
            if initializer is not None:
                name = node.name_weight(weight)
                declared[name] = _fill(initializer, node, weight, seed_array(seed, name))
    drawn = draw_weights(graph, seed, skip=declared.keys())
    return {
        name: declared[name] if name in declared else drawn[name]
        for name, _ in graph.list_weights()
    }


def _hold_size(graph: Graph) -> None:
    """Raise SpecError for more weights than can be drawn."""
    count = sum(prod(weight.shape) for _, weight in graph.list_weights())
    if count > MAX_DRAWN:
        message = f"{count:,} weights would be drawn; the limit is {MAX_DRAWN:,}"
        help = "give weights with --weights or --external, or leave them out with --no-weights"
        raise SpecError([Diagnostic("too-large", message, graph.spec.span, help=(help,))])


def _fill(initializer: Initializer, node: Node, weight: Weight, source: np.random.PCG64) -> Array:
    shape, kernel = weight.shape, node.op.describe_kernel(node.shapes) or Kernel(1, 1)
    match initializer:
        case Scaled(even=even):
            deviation = initializer.find_deviation(kernel)
            if even:
                return draw_even(source, shape, -(3**0.5) * deviation, 3**0.5 * deviation)
            return _draw_normal(source, shape, Normal(0.0, deviation))
        case Normal():
            return _draw_normal(source, shape, initializer)
        case Uniform(low=low, high=high):
            return draw_even(source, shape, low, high)
        case Constant(value=value):
            return np.full(shape, value, np.float32)
        case Orthogonal(gain=gain):
            return _draw_orthogonal(source, shape, gain)
        case Dirac():
            return _place_windows(shape, kernel.groups, [_point(size) for size in shape[2:]])
        case Bilinear():
            return _place_windows(shape, kernel.groups, [_fall(size) for size in shape[2:]])


def _draw_normal(source: np.random.PCG64, shape: tuple[int, ...], what: Normal) -> Array:
    first = _BELOW_CUT if what.truncated else 0.0

    def convert(raw: NDArray[np.uint64]) -> _Doubles:
        # Never 0 and never 1: the middles of 2^52 equal parts.
        chance = ((raw >> np.uint64(12)) + 0.5) * 2.0**-52
        number = what.mean + what.std * invert_normal(first + (1 - 2 * first) * chance)
        reach = CUT * what.std
        low, high = what.mean - reach, what.mean + reach
        return np.clip(number, low, high, out=number) if what.truncated else number

    return draw_raw(source, prod(shape), convert).reshape(shape)


def invert_normal(chance: _Doubles) -> _Doubles:
    """The number below which a standard normal variable is with a chance, for each chance."""
    offset = chance - 0.5
    square = 0.180625 - offset * offset
    result = offset * _divide(_CENTRE, square)
    is_tail = square < 0
    if is_tail.any():
        outer = offset[is_tail]
        rest = 0.5 - np.abs(offset[is_tail])
        root = np.sqrt(-_find_logarithm(rest))
        tail = np.where(root <= 5, _divide(_TAIL, root - 1.6), _divide(_FAR_TAIL, root - 5))
        result[is_tail] = np.where(outer < 0, -tail, tail)
    return result


def _divide(quotient: tuple[tuple[float, ...], tuple[float, ...]], at: _Doubles) -> _Doubles:
    above, below = (np.full_like(at, terms[-1]) for terms in quotient)
    for total, terms in ((above, quotient[0]), (below, quotient[1])):
        for term in terms[-2::-1]:
            total *= at
            total += term
    above /= below
    return above


def _find_logarithm(number: _Doubles) -> _Doubles:
    """The natural logarithm, by arithmetic alone: those of libraries differ in the last digit."""
    part, power = np.frexp(number)
    # From 0.7 to 1.4: 2 * (z + z^3 / 3 + z^5 / 5 + ...), where z = (part - 1) / (part + 1).
    low = part < 0.5**0.5
    part, power = np.where(low, 2 * part, part), power - low
    ratio = (part - 1) / (part + 1)
    square = ratio * ratio
    series = np.zeros_like(ratio)
    for odd in range(21, 0, -2):
        series = series * square + 1 / odd
    logarithm: _Doubles = 2 * ratio * series + power * _LN2
    return logarithm


def _draw_orthogonal(source: np.random.PCG64, shape: tuple[int, ...], gain: float) -> Array:
    rows, columns = shape[0], prod(shape[1:])
    long, short = max(rows, columns), min(rows, columns)
    normal = _draw_normal(source, (long, short), Normal(0.0, 1.0))
    matrix, triangle = np.linalg.qr(normal.astype(np.float64))
    # With these signs every such matrix is as likely as any other.
    matrix *= np.where(np.diagonal(triangle) < 0, -gain, gain)
    return (matrix if rows == long else matrix.T).astype(np.float32).reshape(shape)


def _place_windows(shape: tuple[int, ...], groups: int, sides: list[Array]) -> Array:
    """From each channel of a group to itself, the product of a window along each axis."""
    window = np.ones((), np.float32)
    for side in sides:
        window = window[..., None] * side
    array = np.zeros(shape, np.float32)
    rows = shape[0] // groups
    for group in range(groups):
        for channel in range(min(rows, shape[1])):
            array[group * rows + channel, channel] = window
    return array


def _point(size: int) -> Array:
    return np.asarray(np.arange(size) == size // 2, np.float32)


def _fall(size: int) -> Array:
    distance = np.abs(np.arange(size) - (size - 1) / 2)
    return np.asarray(1 - distance / ((size + 1) // 2), np.float32)
