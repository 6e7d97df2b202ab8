"""Compares what the backends computed, against a reference and within stated tolerances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod

import numpy as np

from cnnspec.graph.ir import Graph, Node
from cnnspec.graph.trained import drop_training
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.linear import Linear
from cnnspec.ops.norm import BatchNorm
from cnnspec.records import dataclass
from cnnspec.verify.measure import Array, Measured

# Single precision loses about 1e-7 of the largest value in each layer; deep nets add that up.
TOLERANCE = 1e-5
DEEP_TOLERANCE = 1e-4
# Layers with kernels from which on a network counts as deep.
DEEP_LAYERS = 50
# A training step runs in double precision, where rounding is a billion times smaller.
TRAINING_TOLERANCE = 1e-7
# Where a framework cannot, single precision has to do.
SINGLE_TRAINING_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Difference:
    """The largest difference between two arrays, and relative to the reference's largest value."""

    absolute: float
    relative: float
    where: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one backend fared; `problems` say what is wrong, and is empty for a pass.

    `training` is the worst output of a training step, where some are there in training only.
    """

    target: str
    version: str
    output_shapes: Mapping[str, tuple[int, ...]]
    parameters: int
    output: Difference | None
    gradient: Difference | None
    statistics: Difference | None
    training: Difference | None
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it computes the same."""
        return not self.problems


def choose_tolerance(graph: Graph) -> float:
    """The tolerance for outputs, relative to their scale."""
    kernels = (Conv, DepthwiseConv, ConvTranspose, Linear)
    depth = sum(isinstance(node.op, kernels) for node in graph.nodes)
    return DEEP_TOLERANCE if depth >= DEEP_LAYERS else TOLERANCE


def measure_difference(
    found: Array, reference: Array, where: str = "", scale: float | None = None
) -> Difference:
    """The difference of two arrays of equal shape, by the reference's scale if none is given."""
    gap = float(np.abs(found.astype(np.float64) - reference).max(initial=0.0))
    if scale is None:
        scale = measure_scale(reference)
    return Difference(gap, gap / scale if scale else gap, where)


def measure_scale(array: Array) -> float:
    """The largest of all numbers, without its sign."""
    return float(np.abs(array).max(initial=0.0))


def judge(
    graph: Graph, found: Measured, reference: Measured, weights: Mapping[str, Array]
) -> Verdict:
    """The verdict on one backend."""
    if found.missing or found.error:
        problem = found.missing or found.error
        return Verdict(found.target, found.version, {}, 0, None, None, None, None, (problem,))
    tolerance = choose_tolerance(graph)
    problems: list[str] = []
    shapes = {name: array.shape[1:] for name, array in found.outputs[0].items()}
    # A model file holds the trained network alone.
    owner = drop_training(graph) if found.target.startswith("onnx") else graph
    parameters = sum(prod(w.shape) for _, w in owner.list_weights() if w.trainable)
    if found.parameters != parameters:
        problems.append(f"{found.parameters:,} parameters instead of {parameters:,}")
    expected = {name: value.known.dims for name, value in graph.outputs.items()}
    output = compare_outputs(expected, found, reference, tolerance, problems)
    limit = TRAINING_TOLERANCE if found.precision == "float64" else SINGLE_TRAINING_TOLERANCE
    gradient = statistics = training = None
    if found.trained and reference.trained:
        training = compare_trained(graph, found, reference, limit, problems)
    if found.gradients and reference.gradients:
        gradient = compare_gradients(found, reference, problems)
        if not gradient.relative <= limit:
            problems.append(
                f"gradient of {gradient.where} differs by {gradient.relative:.1e} "
                f"(tolerance {limit:.0e})"
            )
    if found.statistics and reference.statistics:
        statistics = compare_statistics(graph, found, reference, weights)
        if not statistics.relative <= limit:
            problems.append(f"{statistics.where} differs by {statistics.relative:.1e}")
    notes: tuple[str, ...] = ()
    if gradient is not None and found.precision != "float64":
        notes = (f"a step in single precision, for want of double; tolerance {limit:.0e}",)
    return Verdict(
        found.target, found.version, shapes, found.parameters, output, gradient, statistics,
        training if graph.training_outputs else None, tuple(problems), notes,
    )  # fmt: skip


def compare_outputs(
    expected: Mapping[str, tuple[int, ...]],
    found: Measured,
    reference: Measured,
    tolerance: float,
    problems: list[str],
) -> Difference | None:
    """The worst output of a trained network in any batch; None where there is none to compare."""
    for arrays in found.outputs:
        if arrays.keys() != expected.keys():
            problems.append(f"outputs {_join(arrays)} instead of {_join(expected)}")
            return None
    differences = [
        _compare_output(
            _say_output(name),
            expected[name],
            [(f"batch of {len(arrays[name])}", arrays[name]) for arrays in found.outputs],
            [arrays[name] for arrays in reference.outputs],
            tolerance,
            problems,
        )
        for name in expected
    ]
    known = [difference for difference in differences if difference is not None]
    return _worst(known) if known else None


def compare_trained(
    graph: Graph, found: Measured, reference: Measured, limit: float, problems: list[str]
) -> Difference | None:
    """The worst output of a training step, of all that there are in training."""
    expected = {output.name: output.value.known.dims for output in graph.every_output}
    if found.trained.keys() != expected.keys():
        problems.append(f"outputs in training {_join(found.trained)} instead of {_join(expected)}")
        return None
    differences = [
        _compare_output(
            f"{_say_output(name)} in training",
            dims,
            [(name, found.trained[name])],
            [reference.trained[name]],
            limit,
            problems,
        )
        for name, dims in expected.items()
    ]
    known = [difference for difference in differences if difference is not None]
    return _worst(known) if known else None


def _compare_output(
    said: str,
    dims: tuple[int, ...],
    arrays: Sequence[tuple[str, Array]],
    wanted: Sequence[Array],
    tolerance: float,
    problems: list[str],
) -> Difference | None:
    """The worst of one output's batches, the first of which has the axes that are expected."""
    shapes = [dims, *(other.shape[1:] for other in wanted[1:])]
    wrong = [
        f"{said} shape {array.shape[1:]} instead of {shape}"
        for (_, array), shape in zip(arrays, shapes, strict=True)
        if array.shape[1:] != shape
    ]
    if wrong:
        problems += wrong
        return None
    # The one number of a batch of one may be near zero by chance.
    scale = max(map(measure_scale, wanted))
    worst = _worst(
        measure_difference(array, other, where, scale)
        for (where, array), other in zip(arrays, wanted, strict=True)
    )
    if not all(np.isfinite(array).all() for _, array in arrays):
        problems.append(f"the {said} holds infinities or NaN")
    elif not worst.relative <= tolerance:
        problems.append(f"{said} differs by {worst.relative:.1e} (tolerance {tolerance:.0e})")
    return worst


def _say_output(name: str) -> str:
    return "output" if name == "output" else f"output '{name}'"


def _join(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def compare_gradients(found: Measured, reference: Measured, problems: list[str]) -> Difference:
    """The worst gradient, relative to that parameter's largest or to a share of the overall."""
    missing = sorted(reference.gradients.keys() ^ found.gradients.keys())
    if missing:
        problems.append(f"gradients are missing on one side: {', '.join(missing[:5])}")
    overall = max(float(np.abs(g).max(initial=0.0)) for g in reference.gradients.values())
    differences = []
    for name in reference.gradients.keys() & found.gradients.keys():
        wanted = reference.gradients[name]
        gap = float(np.abs(found.gradients[name].astype(np.float64) - wanted).max(initial=0.0))
        # A bias before a norm has no gradient but rounding, which has no scale of its own.
        scale = max(float(np.abs(wanted).max(initial=0.0)), overall * 1e-2) or 1.0
        differences.append(Difference(gap, gap / scale, name))
    return _worst(sorted(differences, key=lambda d: d.where))


def compare_statistics(
    graph: Graph, found: Measured, reference: Measured, weights: Mapping[str, Array]
) -> Difference:
    """The worst running statistic.

    Keras keeps the variance over the batch, PyTorch the unbiased one, larger by n / (n - 1):
    the reference is turned into what Keras keeps before comparing.
    """
    differences = []
    uses: dict[Node, list[Node]] = {}
    for node in graph.nodes:
        if isinstance(node.op, BatchNorm):
            uses.setdefault(node.home, []).append(node)
    for home, nodes in uses.items():
        for kind in ("running_mean", "running_var"):
            name = f"{home.path}.{kind}"
            wanted = reference.statistics[name]
            if kind == "running_var" and found.target.startswith("keras"):
                wanted = bias_variance(nodes, weights[name], reference, name)
            differences.append(measure_difference(found.statistics[name], wanted, name))
    return _worst(differences)


def bias_variance(nodes: list[Node], start: Array, reference: Measured, name: str) -> Array:
    """A running variance as Keras keeps it after all of its uses."""
    before = wanted = start.astype(np.float64)
    for node, after in zip(nodes, reference.variances[name], strict=True):
        assert isinstance(node.op, BatchNorm)
        share, count = node.op.momentum, reference.last_batch * prod(node.shapes[0].sizes)
        fresh = (after - (1 - share) * before) / share
        factor = (count - 1) / count if count > 1 else 1.0
        wanted = (1 - share) * wanted + share * fresh * factor
        before = after
    return wanted


def find_parting(
    graph: Graph, results: list[Measured], tolerance: float
) -> tuple[str, str, str, Difference] | None:
    """The first layer where two backends part: its path, the two, and by how much."""
    for node in graph.nodes:
        known = [result for result in results if node.path in result.layers]
        for other in known[1:]:
            first, second = known[0].layers[node.path], other.layers[node.path]
            if first.shape != second.shape:
                if first.reshape(-1).shape != second.reshape(-1).shape:
                    return node.path, known[0].target, other.target, Difference(np.inf, np.inf)
                second = second.reshape(first.shape)
            difference = measure_difference(second, first.astype(np.float64), node.path)
            if not difference.relative <= tolerance:
                return node.path, known[0].target, other.target, difference
    return None


def _worst(differences: Iterable[Difference]) -> Difference:
    found = list(differences)
    return max(found, key=lambda d: d.relative) if found else Difference(0.0, 0.0)
