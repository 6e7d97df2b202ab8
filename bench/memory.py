"""The memory that a training step's activations take: counted, so the same in every run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from bench.page import write_limit, write_table

LIMIT = 1.00


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of one training step.

    `kept` is what the forward pass keeps for the backward pass: every storage once, without the
    model's own arrays. `peak` is the most that was allocated at a time beyond what there was
    before the step.
    """

    kept: int
    peak: int


@dataclass(frozen=True, slots=True)
class Row:
    """A network's memory in our model and in theirs."""

    network: str
    ours: Memory
    theirs: Memory

    @property
    def is_over(self) -> bool:
        """Whether ours takes more than the limit."""
        return (
            self.ours.kept > LIMIT * self.theirs.kept or self.ours.peak > LIMIT * self.theirs.peak
        )


def measure_memory(model: nn.Module, x: Tensor) -> Memory:
    """Measure a training step up to the gradient of the input.

    Gradients of weights are left out: they are the same size in any implementation, and in VGG
    they would hide the activations.
    """
    model.train()
    return Memory(_count_kept(model, x), _find_peak(model, x))


def _count_kept(model: nn.Module, x: Tensor) -> int:
    own = {_identify(array) for array in (*model.parameters(), *model.buffers())}
    kept: dict[int, int] = {}
    alive: list[Tensor] = []  # an address that is used again would be counted once

    def keep(array: Tensor) -> Tensor:
        if _identify(array) not in own:
            kept[_identify(array)] = array.untyped_storage().nbytes()
            alive.append(array)
        return array

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda array: array):
        model(x).sum()
    return sum(kept.values())


def _identify(array: Tensor) -> int:
    return array.untyped_storage().data_ptr()


def _find_peak(model: nn.Module, x: Tensor) -> int:
    x = x.clone().requires_grad_()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        torch.autograd.grad(model(x).sum(), x)
    events: Any = profiler.profiler.kineto_results.events()
    now = peak = 0
    for event in sorted(
        (event for event in events if event.name() == "[memory]"), key=lambda e: e.start_ns()
    ):
        now += event.nbytes()
        peak = max(peak, now)
    return peak


def write_memory(rows: Iterable[Row]) -> str:
    """A table of what both take."""
    return write_table(
        ("Network", "What", "Generated", "torchvision", "Ratio", "Limit"),
        (
            (row.network, what, f"{ours:,}", f"{theirs:,}", f"{ours / theirs:.4f}",
             write_limit(LIMIT))
            for row in rows
            for what, ours, theirs in (
                ("kept", row.ours.kept, row.theirs.kept),
                ("peak", row.ours.peak, row.theirs.peak),
            )
        ),
        words=2,
    )  # fmt: skip
