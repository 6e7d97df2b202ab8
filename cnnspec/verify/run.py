"""Verifies a network: every backend on the same weights and inputs, held against a reference."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.graph.ir import Graph
from cnnspec.records import dataclass
from cnnspec.verify.compare import (
    TRAINING_TOLERANCE,
    Difference,
    Verdict,
    choose_tolerance,
    find_parting,
    judge,
)
from cnnspec.verify.measure import Measured, Runner, Task, describe_error, draw_task
from cnnspec.verify.on_keras import run_keras
from cnnspec.verify.on_onnx import run_onnx
from cnnspec.verify.on_torch import REFERENCE, run_torch

# The first part of a target's name says which program runs it.
RUNNERS: dict[str, Runner] = {
    "torch": run_torch,
    "keras": run_keras,
    "onnx": run_onnx,
}
DEFAULT_TARGETS = ("torch", "keras", "onnx")


@dataclass(frozen=True, slots=True)
class Report:
    """The verdicts on all targets, the reference that they were held against, and what to know.

    `parting` is the first layer where two backends part, where a trace was asked for.
    """

    name: str
    reference: str
    tolerance: float
    training_tolerance: float
    verdicts: tuple[Verdict, ...]
    parting: tuple[str, str, str, Difference] | None = None
    traced: bool = False
    layers: int = 0

    @property
    def passed(self) -> bool:
        """Whether all targets were there and computed the same."""
        return all(verdict.passed for verdict in self.verdicts)


def verify(
    graph: Graph,
    targets: Sequence[str] = DEFAULT_TARGETS,
    seed: int = 0,
    *,
    train: bool = False,
    trace: bool = False,
) -> Report:
    """Hold the targets against a double-precision PyTorch run, or against the first that runs.

    Args:
        graph: the network.
        targets: ``torch``, ``keras`` (``keras:jax`` and so on), ``onnx``, ``onnx:unoptimised``.
        seed: where weights and inputs are drawn from.
        train: whether gradients and statistics of one training step are compared as well.
        trace: whether to look for the first layer where two backends part.
    """
    task = draw_task(graph, seed, train=train, trace=trace)
    results = [measure(task, target) for target in targets]
    reference = measure(task, REFERENCE)
    if reference.missing or reference.error:
        sound = [r for r in results if not r.missing and not r.error]
        reference = sound[0] if sound else reference
    verdicts = tuple(judge(graph, result, reference, task.weights) for result in results)
    tolerance = choose_tolerance(graph)
    parting = find_parting(graph, [reference, *results], tolerance) if trace else None
    return Report(
        graph.name, reference.target, tolerance, TRAINING_TOLERANCE, verdicts, parting,
        trace, len(graph.nodes),
    )  # fmt: skip


def measure(task: Task, target: str) -> Measured:
    """Measure one target; what goes wrong in generated code or a framework is its `error`."""
    family = target.partition(":")[0].partition(" ")[0]
    try:
        return RUNNERS[family](task, target)
    except Exception as error:
        # Whatever a framework raises on our code is a finding of the proof, not a crash of it.
        return Measured(target, error=describe_error(error))
