"""Chooses the sizes that a network with open sizes is built for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING

from cnnspec.graph.builder import Builder
from cnnspec.graph.ir import Graph, Node, OpenSize
from cnnspec.graph.opened import list_admitted
from cnnspec.ops.shapes import Shape

if TYPE_CHECKING:
    from cnnspec.graph.replay import Replay

# Each attempt gets past one step at least where the one before failed.
_MAX_ATTEMPTS = 16

Sizes = Mapping[str, tuple[int, ...]]


def build_settled(make: Callable[[Sizes], Builder]) -> tuple[Builder, Graph | None]:
    """Build a network, with its open sizes at their defaults or at sizes that it takes.

    Without a default that is the first valid size from the usual one on, else the last below it.
    """
    first = make({})
    graph = first.build()
    if graph is not None:
        return first, graph
    movable = tuple(size for size in first.open_sizes if size.default is None)
    found = settle(first, movable, make)
    if found is None:
        return first, None
    found[0].steps += first.steps
    return found


def settle(
    failed: Builder, opened: tuple[OpenSize, ...], make: Callable[[Sizes], Builder]
) -> tuple[Builder, Graph | None] | None:
    """Another build of the same network, at sizes where nothing fails; None if none was found.

    What that takes is added to the steps of the build that failed.
    """
    from cnnspec.graph.replay import Replay

    first = failed
    for _ in range(_MAX_ATTEMPTS):
        if failed.diagnostics or not opened or not failed.faults:
            return None
        replay = Replay(failed.inputs, _list_determined(failed))
        inputs = next(_list_fitting(failed, opened, replay), None)
        first.steps += replay.work
        if inputs is None:
            return None
        pairs = zip(failed.inputs, inputs, strict=True)
        failed = make({value.name: shape.sizes for value, shape in pairs})
        graph = failed.build()
        if graph is not None:
            return failed, graph
        first.steps += failed.steps
    return None


def _list_fitting(
    failed: Builder, opened: tuple[OpenSize, ...], replay: Replay
) -> Iterator[tuple[Shape, ...]]:
    """The inputs that get through all ops that the build came to, all open sizes moved at once."""
    from cnnspec.graph.valid_sizes import (
        MAX_INFERRED,
        MAX_OPS,
        MAX_TRIED,
        put_size,
        read_nominal,
    )

    shapes = tuple(value.known for value in failed.inputs)
    start = max(read_nominal(shapes, size) for size in opened)
    most = min(MAX_TRIED, MAX_OPS // len(failed.nodes))
    for wanted in chain(range(start, start + most), range(start - 1, max(0, start - most), -1)):
        tried = shapes
        for size in opened:
            near = next(list_admitted(size, wanted), None)
            tried = tried if near is None else put_size(tried, size, near)
        if replay.infer(tried) is not None:
            yield tried
        if replay.inferred > MAX_INFERRED:
            return


def _list_determined(failed: Builder) -> Iterator[Node]:
    """The nodes as far as their inputs come from nodes that are there."""
    known = set(failed.inputs)
    for node in failed.nodes:
        if known.issuperset(node.inputs):
            known.add(node.output)
            yield node
