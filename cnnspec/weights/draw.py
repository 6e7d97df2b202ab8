"""Random weights for a network, bit for bit the same on every machine.

An array depends on the seed, on its own name and on the ops before it, so a network that gains a
layer keeps the randomness of the others. Kernels are scaled so that values neither vanish nor
explode on their way through a deep network: each layer's output has a mean square of about 1.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from hashlib import sha256
from math import erf, exp, pi, prod, sqrt
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.graph.ir import Graph, Node
from cnnspec.ops import activation, attention, conv, linear, merge, norm, stored
from cnnspec.ops.base import Op, Weight, spread
from cnnspec.records import dataclass

Array = NDArray[np.float32]
Convert = Callable[[NDArray[np.uint64]], NDArray[np.floating[Any]]]

# Raw draws at a time. Arrays so small stay in the processor's cache from one operation to the next,
# and the C library keeps their memory: larger ones it fetches from the system again and again.
_CHUNK = 2**13

# Parts of a raw draw: the first and third 16 bits, and the lower 32.
_EVEN_QUARTERS = np.uint64(0x0000_FFFF_0000_FFFF)
_LOWER_HALF = np.uint64(0x0000_0000_FFFF_FFFF)

_NORMS = (norm.BatchNorm, norm.LayerNorm, norm.GroupNorm, norm.InstanceNorm, norm.Scale)


@dataclass(frozen=True, slots=True)
class Moments:
    """The mean of what flows, and the mean of its square."""

    mean: float
    square: float

    @property
    def variance(self) -> float:
        """The mean square without the mean's part, kept above zero."""
        return max(self.square - self.mean**2, 1e-6)


def draw_weights(graph: Graph, seed: int, skip: Container[str] = ()) -> dict[str, Array]:
    """Draw every array of a network by its full name, in the order of the graph.

    Kernels are bell-shaped and scaled by their fan-in, norms' scales and variances are from 0.5
    to 1.5, means and biases small and not zero. Initializers of the spec play no part: a weight
    that starts at zero would hide what is computed from it. `skip` are arrays to leave out.
    """
    moments = dict.fromkeys(graph.inputs, Moments(0.0, 1.0))
    weights: dict[str, Array] = {}
    for node in graph.nodes:
        incoming = [moments[value] for value in node.inputs]
        for weight in node.own_weights:
            name = node.name_weight(weight)
            if name not in skip:
                weights[name] = _draw_array(
                    node, weight, seed_array(seed, name), incoming[0].square
                )
        moments[node.output] = _estimate(node, incoming)
    return weights


def seed_array(seed: int, name: str) -> np.random.PCG64:
    """The source of an array's raw draws, which depends on its name and the seed alone."""
    digest = sha256(f"{seed}/{name}".encode()).digest()
    return np.random.PCG64(int.from_bytes(digest[:16], "big"))


def _draw_array(node: Node, weight: Weight, source: np.random.PCG64, power: float) -> Array:
    """One array; `power` is the mean square of the op's input."""
    if weight.name.endswith("bias"):
        return draw_even(source, weight.shape, -0.1, 0.1)
    if weight.name == "running_mean":
        return draw_even(source, weight.shape, -0.25, 0.25)
    if weight.name == "running_var" or isinstance(node.op, _NORMS):
        return draw_even(source, weight.shape, 0.5, 1.5)
    if isinstance(node.op, activation.Prelu):
        return draw_even(source, weight.shape, 0.1, 0.4)
    if node.op.is_parameter:
        return _draw_bell(source, weight.shape, 1.0)
    return _draw_bell(
        source, weight.shape, 1 / sqrt(_count_fan_in(node, weight) * max(power, 1e-6))
    )


def _count_fan_in(node: Node, weight: Weight) -> float:
    """How many products are summed into one output value."""
    op = node.op
    if not isinstance(op, conv.ConvTranspose):
        return prod(weight.shape[1:])
    taps = prod(weight.shape[2:]) / prod(spread(op.stride, len(weight.shape) - 2, "stride"))
    return max(weight.shape[0] / op.groups * taps, 1.0)


def draw_raw(source: np.random.PCG64, count: int, convert: Convert) -> Array:
    """`count` numbers, each made from one raw draw of 64 bits.

    NumPy promises the raw draws to stay the same in every version, and nothing above them.
    """
    result = np.empty(count, np.float32)
    for start in range(0, count, _CHUNK):
        part = result[start : start + _CHUNK]
        part[:] = convert(source.random_raw(part.size))
    return result


def draw_even(source: np.random.PCG64, shape: tuple[int, ...], low: float, high: float) -> Array:
    """Numbers spread evenly from `low` to `high`."""
    count = prod(shape)
    return draw_raw(
        source, count, lambda raw: low + (high - low) * ((raw >> np.uint64(11)) * 2.0**-53)
    ).reshape(shape)


def _draw_bell(source: np.random.PCG64, shape: tuple[int, ...], deviation: float) -> Array:
    """Numbers in a bell around 0: sums of four even ones, which need no library's logarithm."""
    centre = 4 * (2**16 - 1) / 2
    scale = deviation / sqrt(4 * (2**32 - 1) / 12)

    def sum_quarters(raw: NDArray[np.uint64]) -> NDArray[np.floating[Any]]:
        pairs = (raw & _EVEN_QUARTERS) + (raw >> np.uint64(16) & _EVEN_QUARTERS)
        total = (pairs & _LOWER_HALF) + (pairs >> np.uint64(32))
        return (total.astype(np.float64) - centre) * scale

    return draw_raw(source, prod(shape), sum_quarters).reshape(shape)


Estimate = Callable[[Node, list[Moments]], Moments]


def _estimate(node: Node, incoming: list[Moments]) -> Moments:
    """The moments of an op's output, roughly: enough to scale the kernels behind it."""
    estimate = _ESTIMATES.get(type(node.op))
    return incoming[0] if estimate is None else estimate(node, incoming)


def _reset(node: Node, incoming: list[Moments]) -> Moments:
    return Moments(0.0, 1.0)


def _measure(node: Node, incoming: list[Moments]) -> Moments:
    assert isinstance(node.op, stored.Constant)
    numbers = node.op.list_values()
    return Moments(sum(numbers) / len(numbers), sum(number**2 for number in numbers) / len(numbers))


def _rectify(node: Node, incoming: list[Moments]) -> Moments:
    """What is left of a normal variable above 0."""
    mean, variance = incoming[0].mean, incoming[0].variance
    deviation = sqrt(variance)
    chance = (1 + erf(mean / deviation / sqrt(2))) / 2
    density = deviation * exp(-(mean**2) / variance / 2) / sqrt(2 * pi)
    square = (mean**2 + variance) * chance + mean * density
    # The last digits of exp and erf differ between machines.
    return Moments(round(mean * chance + density, 6), round(square, 6))


def _gate(node: Node, incoming: list[Moments]) -> Moments:
    return Moments(0.5, 0.3)


def _bound(node: Node, incoming: list[Moments]) -> Moments:
    return Moments(0.0, min(incoming[0].square, 1.0) / 2)


def _share(node: Node, incoming: list[Moments]) -> Moments:
    return Moments(1 / node.shape.channels, 2 / node.shape.channels**2)


def _share_length(node: Node, incoming: list[Moments]) -> Moments:
    return Moments(0.0, 1 / node.shape.channels)


def _rescale(node: Node, incoming: list[Moments]) -> Moments:
    # The means of 1 / variance and of the squared scale, over what is drawn above.
    return Moments(incoming[0].mean, incoming[0].square * 1.19 + 0.03)


def _sum(node: Node, incoming: list[Moments]) -> Moments:
    mean = sum(each.mean for each in incoming)
    return Moments(mean, sum(each.variance for each in incoming) + mean**2)


def _multiply(node: Node, incoming: list[Moments]) -> Moments:
    return Moments(prod(each.mean for each in incoming), prod(each.square for each in incoming))


def _mix(node: Node, incoming: list[Moments]) -> Moments:
    parts = [shape.channels / node.shape.channels for shape in node.shapes]
    pairs = list(zip(parts, incoming, strict=True))
    mean = sum(part * each.mean for part, each in pairs)
    return Moments(mean, sum(part * each.square for part, each in pairs))


_ESTIMATES: MappingProxyType[type[Op], Estimate] = MappingProxyType(
    {
        conv.Conv: _reset,
        conv.DepthwiseConv: _reset,
        conv.ConvTranspose: _reset,
        linear.Linear: _reset,
        attention.Attention: _reset,
        stored.Parameter: _reset,
        stored.Constant: _measure,
        norm.LayerNorm: _reset,
        norm.GroupNorm: _reset,
        norm.InstanceNorm: _reset,
        norm.BatchNorm: _rescale,
        norm.Scale: _rescale,
        norm.L2Normalize: _share_length,
        activation.Relu: _rectify,
        activation.Relu6: _rectify,
        activation.LeakyRelu: _rectify,
        activation.Prelu: _rectify,
        activation.Elu: _rectify,
        activation.Gelu: _rectify,
        activation.Silu: _rectify,
        activation.HardSwish: _rectify,
        activation.Mish: _rectify,
        activation.Tanh: _bound,
        activation.Sigmoid: _gate,
        activation.HardSigmoid: _gate,
        activation.Softmax: _share,
        merge.Add: _sum,
        merge.Multiply: _multiply,
        merge.Concat: _mix,
    }
)
