"""Layers and what their weights may start as, with the distributions written a second time.

Fans and deviations stand here in numbers that were worked out by hand: how many products are
summed into an output, and into how many outputs an input goes, where strides do not count.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph, Node
from cnnspec.spec.read import read_spec

# The largest distance between a sample's share below a number and the chance of it, times the root
# of its size, which one sample in half a million exceeds (Kolmogorov).
_FARTHEST = 2.75
# Standard errors that one mean in two million is off by.
_ERRORS = 5.2
_ENOUGH = 1500


@dataclass(frozen=True)
class Layer:
    """An op with weights: `fans` are those of its kernel, where it has one."""

    op: str
    fields: dict[str, Any]
    input: dict[str, int]
    fans: tuple[int, int] | None = None
    groups: int = 1
    bias: bool = True

    @property
    def id(self) -> str:
        """A name for a test."""
        told = "".join(f",{key}={value}" for key, value in self.fields.items())
        return f"{self.op}{told}-{'x'.join(map(str, self.input.values()))}".replace(" ", "")


def _map(channels: int, *sizes: int) -> dict[str, int]:
    names = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
    return {"channels": channels, **dict(zip(names[len(sizes)], sizes, strict=True))}


_MANY = 2000
_K3 = {"out_channels": 32, "kernel_size": 3}
_TWICE = {"kernel_size": 3, "multiplier": 2}
_EACH = {"out_channels": 480, "kernel_size": 3, "groups": 240}
_UP = {"out_channels": 32, "kernel_size": 4, "stride": 2}
LAYERS = (
    Layer("conv", _K3, _map(24, 5, 5), (216, 288)),
    Layer("conv", {**_K3, "kernel_size": [5, 3]}, _map(24, 5, 5), (360, 480)),
    Layer("conv", {**_K3, "stride": 2, "padding": "same"}, _map(24, 6, 6), (216, 288)),
    Layer("conv", {**_K3, "groups": 4}, _map(48, 5, 5), (108, 72), groups=4),
    Layer("conv", _EACH, _map(240, 5, 5), (9, 18), groups=240),
    Layer("conv", _K3, _map(24, 9), (72, 96)),
    Layer("conv", _K3, _map(6, 3, 4, 3), (162, 864)),
    Layer("depthwise_conv", {"kernel_size": 3}, _map(240, 5, 5), (9, 9), groups=240),
    Layer("depthwise_conv", _TWICE, _map(240, 5, 5), (9, 18), groups=240),
    Layer("depthwise_conv", _TWICE, _map(60, 3, 3, 3), (27, 54), groups=60),
    Layer("conv_transpose", _UP, _map(24, 3, 3), (384, 512)),
    Layer("conv_transpose", {**_UP, "groups": 4}, _map(48, 3, 3), (192, 128), groups=4),
    Layer("conv_transpose", {**_UP, "output_padding": 1}, _map(24, 5), (96, 128)),
    Layer("linear", {"out_features": 60}, {"features": 90}, (90, 60)),
    Layer("linear", {"out_features": 60}, {"tokens": 3, "channels": 90}, (90, 60)),
    Layer("batch_norm", {}, {"features": _MANY}),
    Layer("batch_norm", {}, _map(_MANY, 2, 2)),
    Layer("layer_norm", {}, {"tokens": 2, "channels": _MANY}),
    Layer("layer_norm", {}, _map(_MANY, 2, 2)),
    Layer("layer_norm", {"axes": "all"}, _map(30, 10, 10)),
    Layer("group_norm", {"num_groups": 4}, _map(_MANY, 2, 2)),
    Layer("instance_norm", {"affine": True}, _map(_MANY, 2, 2)),
    Layer("scale", {}, _map(_MANY, 2, 2), bias=False),
    Layer("prelu", {"per_channel": True}, _map(_MANY, 2, 2), bias=False),
)  # fmt: skip


@dataclass(frozen=True)
class Start:
    """A value of a field, and the distribution that it means on fans."""

    value: Any
    check: Callable[[Any, tuple[int, int]], None]
    kernels_only: bool = False

    @property
    def id(self) -> str:
        """A name for a test."""
        return str(self.value).replace(" ", "")


def _normal(value: Any, deviation: Callable[[int, int], float], mean: float = 0.0) -> Start:
    def check(sample: Any, fans: tuple[int, int]) -> None:
        law = NormalDist(mean, deviation(*fans))
        check_sample(sample, law.cdf, law.mean, law.stdev)
        # A normal variable is beyond 2.3 deviations in 2.1% of draws; a truncated one never.
        error = _ERRORS * math.sqrt(0.021 / sample.size)
        assert abs(_share_beyond(sample, law, 2.3) - 0.0214) < error

    return Start(value, check, kernels_only=deviation(1, 1) != deviation(2, 2))


def _cut(value: Any, deviation: float, mean: float = 0.0) -> Start:
    law, standard = NormalDist(mean, deviation), NormalDist()
    inside = standard.cdf(2) - standard.cdf(-2)

    def chance(number: float) -> float:
        return min(max((law.cdf(number) - standard.cdf(-2)) / inside, 0.0), 1.0)

    def check(sample: Any, fans: tuple[int, int]) -> None:
        # The deviation after the cut, from tables: 0.8796 of that before.
        check_sample(sample, chance, mean, 0.87963 * deviation)
        assert _share_beyond(sample, law, 2.00001) == 0
        assert _share_beyond(sample, law, 1.9) > 0

    return Start(value, check)


def _even(value: Any, bounds: Callable[[int, int], tuple[float, float]]) -> Start:
    def check(sample: Any, fans: tuple[int, int]) -> None:
        low, high = bounds(*fans)
        width = high - low
        check_sample(
            sample,
            lambda number: min(max((number - low) / width, 0.0), 1.0),
            (low + high) / 2,
            width / math.sqrt(12),
        )
        assert low - 1e-6 * width <= sample.min() and sample.max() <= high + 1e-6 * width
        assert sample.min() < low + width / 100 and sample.max() > high - width / 100

    return Start(value, check, kernels_only=bounds(1, 1) != bounds(2, 2))


def _around(deviation: Callable[[int, int], float]) -> Callable[[int, int], tuple[float, float]]:
    def bounds(i: int, o: int) -> tuple[float, float]:
        return (-math.sqrt(3) * deviation(i, o), math.sqrt(3) * deviation(i, o))

    return bounds


def _share_beyond(sample: Any, law: NormalDist, deviations: float) -> float:
    return float((np.abs(sample - law.mean) > deviations * law.stdev).mean())


def check_sample(
    sample: Any, chance: Callable[[float], float], mean: float, deviation: float
) -> None:
    """Hold numbers against a distribution: mean, deviation, and the share below each number."""
    assert sample.size >= _ENOUGH
    numbers = np.sort(sample.astype(np.float64).ravel())
    count = numbers.size
    assert abs(numbers.mean() - mean) < _ERRORS * deviation / math.sqrt(count)
    # The variance of a square is at most twice that of the variable, squared, for all of these.
    ratio = ((numbers - mean) ** 2).mean() / deviation**2
    assert abs(ratio - 1) < _ERRORS * math.sqrt(2 / count)
    picked = np.linspace(0, count - 1, min(count, 2000)).astype(int)
    below = np.array([chance(float(numbers[index])) for index in picked])
    assert np.abs(below - (picked + 0.5) / count).max() < _FARTHEST / math.sqrt(count)


def _all(value: float) -> Callable[[Any, tuple[int, int]], None]:
    def check(sample: Any, fans: tuple[int, int]) -> None:
        assert (sample == np.float32(value)).all()

    return check


STARTS = (
    _normal("he_normal", lambda i, o: math.sqrt(2 / i)),
    _normal({"he_normal": {"mode": "fan_out"}}, lambda i, o: math.sqrt(2 / o)),
    _normal({"he_normal": {"negative_slope": 0.5}}, lambda i, o: math.sqrt(1.6 / i)),
    _even("he_uniform", _around(lambda i, o: math.sqrt(2 / i))),
    _even({"he_uniform": {"mode": "fan_out"}}, _around(lambda i, o: math.sqrt(2 / o))),
    _normal("glorot_normal", lambda i, o: math.sqrt(2 / (i + o))),
    _even("glorot_uniform", _around(lambda i, o: math.sqrt(2 / (i + o)))),
    _even({"glorot_uniform": {"gain": 2}}, _around(lambda i, o: 2 * math.sqrt(2 / (i + o)))),
    _normal("lecun_normal", lambda i, o: math.sqrt(1 / i)),
    _normal({"lecun_normal": {"mode": "fan_out"}}, lambda i, o: math.sqrt(1 / o)),
    _even("lecun_uniform", _around(lambda i, o: math.sqrt(1 / i))),
    _normal({"normal": {"std": 0.03}}, lambda i, o: 0.03),
    _normal({"normal": {"mean": 1, "std": 0.5}}, lambda i, o: 0.5, mean=1.0),
    _normal("normal", lambda i, o: 0.01),
    _cut("truncated_normal", 0.02),
    _cut({"truncated_normal": {"mean": -1, "std": 0.3}}, 0.3, mean=-1.0),
    _even("uniform", lambda i, o: (-0.05, 0.05)),
    _even({"uniform": {"low": 0.5, "high": 2}}, lambda i, o: (0.5, 2.0)),
    Start({"constant": 0.25}, _all(0.25)),
    Start("zeros", _all(0)),
    Start("ones", _all(1)),
)


def list_starts(layer: Layer) -> list[Start]:
    """What a layer's weight can start as, of the distributions."""
    return [start for start in STARTS if layer.fans is not None or not start.kernels_only]


def write_fields(layer: Layer, start: Start) -> dict[str, Any]:
    """A layer's fields with a start for its weight, and for its bias where it has a meaning."""
    fields = {**layer.fields, "initializer": start.value}
    if layer.bias and not start.kernels_only:
        fields["bias_initializer"] = start.value
    return fields


def build_parallel(layer: Layer, starts: list[Start]) -> Graph:
    """A network of one layer for each start, side by side."""
    branches = [[{layer.op: write_fields(layer, start)}] for start in starts]
    steps: list[Any] = [{"parallel": branches, "merge": "add"}]
    return build(layer.input, steps)


def build(input_sizes: dict[str, int], steps: list[Any], **more: Any) -> Graph:
    """A network of some steps."""
    spec = {"cnnspec": 1, "name": "net", "input": input_sizes, **more, "layers": steps}
    return build_graph(read_spec(json.dumps(spec), "net.yaml"))


def list_layers(graph: Graph, op: str) -> list[Node]:
    """The nodes of an op."""
    return [node for node in graph.nodes if node.op.op == op]


def check_arrays(layer: Layer, start: Start, weight: Any, bias: Any) -> None:
    """Hold a layer's arrays against what they were told to start as."""
    start.check(weight, layer.fans or (1, 1))
    if layer.bias and not start.kernels_only and bias.size >= _ENOUGH:
        start.check(bias, (1, 1))
    elif layer.bias and not start.kernels_only and isinstance(start.value, dict | str):
        low, high = _find_range(start)
        assert ((bias >= low) & (bias <= high)).all()


def _find_range(start: Start) -> tuple[float, float]:
    """Bounds that no few numbers leave."""
    match start.value:
        case {"constant": value}:
            return value, value
        case "zeros":
            return 0, 0
        case "ones":
            return 1, 1
        case "uniform":
            return -0.05, 0.05
        case {"uniform": {"low": low, "high": high}}:
            return low, high
        case {"normal": {"mean": 1}}:
            return -2, 4
        case {"truncated_normal": _}:
            return -1.6001, -0.3999
    return -0.2, 0.2


# What holds for a weight as a whole

ORTHOGONAL = tuple(layer for layer in LAYERS if layer.fans is not None and layer.groups == 1)


def check_orthogonal(weight: Any, gain: float) -> None:
    """Rows, or columns where these are fewer, at right angles and of one length."""
    matrix = weight.astype(np.float64).reshape(weight.shape[0], -1)
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    assert np.abs(product - gain**2 * np.eye(len(product))).max() < 1e-5 * gain**2


def list_exact() -> Iterator[tuple[str, Layer]]:
    """Words without chance, with the layers that they have a meaning for."""
    for layer in LAYERS:
        if layer.fans is not None:
            yield "dirac", layer
        if layer.op == "conv_transpose":
            yield "bilinear", layer


def expect_exact(word: str, layer: Layer, shape: tuple[int, ...]) -> Any:
    """A weight worked out number by number."""
    array = np.zeros(shape)
    per_group = shape[0] // layer.groups
    for index in np.ndindex(*shape):
        first, second, *place = index
        if first % per_group != second:
            continue
        middles = [size // 2 for size in shape[2:]]
        if word == "dirac":
            array[index] = float(place == middles)
        else:
            # Kernels of four rows for a stride of two.
            array[index] = math.prod((0.25, 0.75, 0.75, 0.25)[row] for row in place)
    return array
