"""Holds what backends make of one network against its flat graph, and so against each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from cnnspec.diagnostics import SpecError
from cnnspec.graph.ir import Graph
from cnnspec.ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm
from cnnspec.ops.pool import GlobalAvgPool, GlobalMaxPool
from cnnspec.verify.compare import compare_statistics, judge
from cnnspec.verify.measure import Array, Measured, Task, describe_error, draw_task
from cnnspec.verify.on_torch import REFERENCE
from cnnspec.verify.run import RUNNERS
from tests.fuzz.flat import Flat, run_flat
from tests.fuzz.known import explain


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a number may be off: by a share of the largest, or by very little.

    What the flat graph itself loses in single precision is allowed several times, since some
    networks lose much (a norm of numbers that hardly differ); in double a billionth of it.
    """

    share: float
    little: float
    of_rounding: float

    def allow(self, scale: float, rounding: float) -> float:
        """The largest difference that may be."""
        return max(self.share * scale, self.little, self.of_rounding * rounding)


# A difference of 1e-6 is what exp(x) - 1 loses near 0, however small the result is.
SINGLE = Tolerance(1e-5, 1e-6, 100)
# PyTorch's gradient of a hard sigmoid has a factor of 1/6 in single precision.
DOUBLE = Tolerance(1e-7, 1e-12, 1e-6)
# A step of Keras in double precision. All of ours and of TensorFlow's is kept to it.
DOUBLE_STEP = Tolerance(1e-10, 1e-12, 1e-6)
# The step of a Keras whose norms know no double precision.
SINGLE_STEP = Tolerance(1e-3, 1e-5, 50)
# Keras on PyTorch and JAX takes a variance as the mean of squares less the square of the mean.
ROUGH_NORMS = Tolerance(1e-2, 1e-4, 1000)
_NORMS = (BatchNorm, LayerNorm, GroupNorm, InstanceNorm)
_CLASS = "the class in double precision"


@dataclass(slots=True)
class Held:
    """What came of one network: `problems` say what is wrong, each in a line.

    `refused` has the targets that say with a diagnostic that they cannot, and why; `ran` has the
    others.
    `is_rough` says that single precision loses more of this network than others; `known` are the
    faults of frameworks that it shows.
    """

    problems: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    is_rough: bool = False
    known: list[str] = field(default_factory=list)


def hold(graph: Graph, targets: Sequence[str], seed: int = 0) -> Held:
    """Run a network everywhere: shapes, parameters, outputs, gradients and statistics."""
    task = draw_task(graph, seed, train=True, trace=True)
    held, flat = Held(), run_flat(task)
    held.problems += _compare_shapes("flat graph", graph, flat.exact)
    held.is_rough = _is_rough(flat)
    reference = _measure(task, REFERENCE, held)
    if reference is None:
        return held
    held.problems += _compare(_CLASS, graph, reference, flat, DOUBLE)
    after = (reference.statistics, flat.exact.statistics, flat.rounded.statistics)
    held.problems += _compare_all(_CLASS, "statistics", *after, DOUBLE)
    for target in targets:
        found = _measure(task, target, held)
        if found is not None:
            held.problems += _compare(target, graph, found, flat, _choose(graph, target))
            held.problems += _judge(graph, found, reference, task)
    told = [(problem, explain(graph, problem)) for problem in held.problems]
    held.problems = [problem for problem, fault in told if not fault]
    held.known = sorted({fault for _, fault in told if fault})
    return held


def _choose(graph: Graph, target: str) -> Tolerance:
    is_rough = target.endswith((":torch", ":jax")) and any(
        isinstance(node.op, _NORMS) for node in graph.nodes
    )
    return ROUGH_NORMS if is_rough else SINGLE


def _measure(task: Task, target: str, held: Held) -> Measured | None:
    """What a target computes; None where it refuses the network, or fails."""
    family = target.partition(":")[0].partition(" ")[0]
    try:
        found = RUNNERS[family](task, target)
    except SpecError as error:
        rules = {diagnostic.rule for diagnostic in error.diagnostics}
        if rules == {"backend-unsupported"}:
            held.refused[target] = error.diagnostics[0].message
        else:
            held.problems.append(f"{target}: {describe_error(error)}")
        return None
    except Exception as error:
        held.problems.append(f"{target}: {describe_error(error)}")
        return None
    if found.missing or found.error:
        held.problems.append(f"{target}: {found.missing or found.error}")
        return None
    held.ran.append(target)
    return found


def _is_rough(flat: Flat) -> bool:
    pairs = zip(flat.exact.outputs, flat.rounded.outputs, strict=True)
    return any(
        _peak(rounded[name] - exact[name]) > 3e-6 * _peak(exact[name])
        for exact, rounded in pairs
        for name in exact
    )


def _compare(
    target: str, graph: Graph, found: Measured, flat: Flat, tolerance: Tolerance
) -> Iterator[str]:
    """Shapes of all values, outputs, and a training step where there was one."""
    yield from _compare_shapes(target, graph, found)
    off = []
    for wanted, rounded, arrays in zip(
        flat.exact.outputs, flat.rounded.outputs, found.outputs, strict=True
    ):
        off += _compare_all(target, "output", arrays, wanted, rounded, tolerance)
    if off:
        yield from off
        yield from _find_first(target, found, flat, tolerance)
    is_keras = target.startswith("keras")
    step = DOUBLE_STEP if is_keras else DOUBLE
    step = step if found.precision == "float64" else SINGLE_STEP
    if tolerance is ROUGH_NORMS:
        step = ROUGH_NORMS
    if found.trained:
        yield from _compare_all(
            target, "output in training", found.trained, flat.exact.trained, flat.rounded.trained,
            step,
        )  # fmt: skip
        yield from _compare_all(
            target,
            "gradient",
            found.gradients,
            flat.exact.gradients,
            flat.rounded.gradients,
            step,
            _find_peak(flat.exact.trained),
        )


def _compare_all(
    target: str,
    what: str,
    arrays: dict[str, Array],
    wanted: dict[str, Array],
    rounded: dict[str, Array],
    tolerance: Tolerance,
    beside: float = 0.0,
) -> Iterator[str]:
    """Arrays by name against those that are wanted, of which one may be nothing but rounding.

    `beside` is how large the outputs are that gradients are of.
    """
    if arrays.keys() != wanted.keys():
        yield f"{target}: {what} of {sorted(arrays)} instead of {sorted(wanted)}"
        return
    # A bias before a norm has no gradient but rounding, of which others say the scale.
    least = max(1e-2 * _find_peak(wanted), beside) if what == "gradient" else 0.0
    for name, array in wanted.items():
        if arrays[name].shape != array.shape:
            yield f"{target}: {what} {name} is {arrays[name].shape} instead of {array.shape}"
            continue
        if not np.isfinite(array).all():
            # The flat graph itself has no number here, as for the root of a sum of zeros.
            continue
        scale = max(_peak(array), least)
        gap = _peak(arrays[name].astype(np.float64) - array)
        allowed = tolerance.allow(scale, _peak(rounded[name] - array))
        if not gap <= allowed:
            yield f"{target}: {what} {name} is {gap:.1e} off of {scale:.1e} ({allowed:.0e})"


def _judge(graph: Graph, found: Measured, reference: Measured, task: Task) -> Iterator[str]:
    """What `cnnspec verify` counts, and the statistics after a step as that backend keeps them."""
    verdict = judge(graph, found, reference, task.weights)
    yield from (f"{found.target}: {p}" for p in verdict.problems if "parameters" in p)
    if found.statistics:
        worst = compare_statistics(graph, found, reference, task.weights)
        limit = DOUBLE.share if found.precision == "float64" else SINGLE_STEP.share
        if not (worst.relative <= limit or worst.absolute <= limit * 1e-2):
            yield f"{found.target}: {worst.where} is {worst.relative:.1e} off"


def _compare_shapes(target: str, graph: Graph, found: Measured) -> Iterator[str]:
    """The values that a backend shows and that have not the predicted shape."""
    for node in graph.nodes:
        value = found.layers.get(node.path)
        if value is None or value.shape[1:] == node.shape.dims:
            continue
        # A pool over everything is a module of PyTorch and a call that drops the axes of size 1.
        is_pool = isinstance(node.op, GlobalMaxPool | GlobalAvgPool)
        if not (is_pool and value.size == len(value) * node.shape.elements):
            yield f"{target}: {node.path} is {value.shape[1:]} instead of {node.shape.dims}"


def _find_first(target: str, found: Measured, flat: Flat, tolerance: Tolerance) -> Iterator[str]:
    """Where a backend parts from the flat graph in evaluation."""
    for path, wanted in flat.exact.layers.items():
        value = found.layers.get(path)
        if value is None or value.shape != wanted.shape:
            continue
        allowed = tolerance.allow(_peak(wanted), _peak(flat.rounded.layers[path] - wanted))
        if not _peak(value - wanted) <= allowed:
            yield f"{target}: {path} is the first value that parts"
            return


def _find_peak(arrays: dict[str, Array]) -> float:
    return max((_peak(array) for array in arrays.values() if np.isfinite(array).all()), default=0.0)


def _peak(array: Array) -> float:
    return float(np.abs(array).max(initial=0.0))
