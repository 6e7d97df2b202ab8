"""The nodes of a network with open sizes, as they are for other valid inputs.

What a backend derives from a node must hold for all of them, or be computed when the model runs.
"""

from __future__ import annotations

from dataclasses import replace
from math import lcm
from typing import TYPE_CHECKING

from cnnspec.graph.ir import Graph, Node, Value
from cnnspec.ops.shapes import Shape

if TYPE_CHECKING:
    from cnnspec.graph.valid_sizes import AxisSizes


class Variations:
    """What the nodes of a graph become along each open size, over one period of it."""

    def __init__(self, graph: Graph) -> None:
        # Most networks have no open sizes, and need none of this.
        from cnnspec.graph.replay import Prober
        from cnnspec.graph.size_formulas import SizeFormulas
        from cnnspec.graph.valid_sizes import find_rates, find_valid_sizes, put_size

        prober = Prober(graph)
        self.valid = find_valid_sizes(graph)
        self.formulas = SizeFormulas(graph, self.valid)
        self._values: list[list[int]] = []
        self._shapes = prober.shapes
        for axis in self.valid.axes:
            for size in choose_sizes(axis):
                values = prober.infer(put_size(prober.inputs, axis.size, size))
                if values is not None:
                    self._values.append(values)
        self._open = {
            value
            for axis in self.valid.axes
            for value, rates in find_rates(graph, axis.size).items()
            if any(rate is not None for rate in rates)
        }
        values_of = [*graph.inputs, *(node.output for node in graph.nodes)]
        self._places = {value: place for place, value in enumerate(values_of)}

    def is_open(self, value: Value) -> bool:
        """Whether a value's sizes come from open ones, even if all valid ones give the same."""
        return value in self._open

    def vary(self, node: Node) -> tuple[Node, ...]:
        """The node with its inputs and its output in other sizes."""
        places = [self._places[value] for value in node.inputs]
        result = self._places[node.output]
        rows = dict.fromkeys((*(row[p] for p in places), row[result]) for row in self._values)
        own = (*node.shapes, node.shape)
        found = (tuple(self._shapes[number] for number in row) for row in rows)
        return tuple(_resize(node, shapes) for shapes in found if shapes != own)


def find_variations(graph: Graph) -> Variations:
    """The variations of a graph, which are found once."""
    if graph.variations is None:
        graph.variations = Variations(graph)
    return graph.variations


def list_dims(graph: Graph, value: Value) -> tuple[int | str, ...]:
    """The axes of a value, channels first: numbers, and formulas of the sizes that are open."""
    if not graph.open_sizes:
        return value.known.dims
    return find_variations(graph).formulas.list_dims(value)


def list_other_inputs(graph: Graph) -> list[tuple[Shape, ...]]:
    """Inputs of other valid sizes: the least ones, and odd ones that differ from axis to axis."""
    if not graph.open_sizes:
        return []
    from cnnspec.graph.replay import Prober
    from cnnspec.graph.valid_sizes import put_size

    valid = find_variations(graph).valid
    prober = Prober(graph)
    shapes = tuple(value.known for value in graph.inputs)
    choices = [valid.together, tuple(map(_choose_odd, range(len(valid.axes)), valid.axes))]
    found = []
    for sizes in choices:
        tried = shapes
        for axis, size in zip(valid.axes, sizes or (), strict=bool(sizes)):
            tried = put_size(tried, axis.size, size)
        if tried != shapes and tried not in found and prober.infer(tried) is not None:
            found.append(tried)
    return found


def _choose_odd(position: int, axis: AxisSizes) -> int:
    """A valid size near the nominal one, odd if there is an odd one, and others for other axes."""
    members = [size for size in axis.usable if size != axis.nominal] or [axis.nominal]
    near = sorted(members, key=lambda size: (size % 2 == 0, abs(size - axis.nominal), -size))
    return near[min(position, len(near) - 1)]


def _resize(node: Node, shapes: tuple[Shape, ...]) -> Node:
    inputs = tuple(
        Value(shape, value.producer, value.readers, value.name, value.is_output)
        for value, shape in zip(node.inputs, shapes, strict=False)
    )
    return replace(node, inputs=inputs, output=Value(shapes[-1], node))


def choose_sizes(axis: AxisSizes) -> list[int]:
    """Valid sizes that stand for all of them: a cycle of the least ones and one of large ones."""
    usable, step = axis.usable, axis.size.multiple_of
    cycle = lcm(axis.cycle, step)
    wanted = set(usable.members[-1:])
    for first in (usable.least or 1, max(axis.nominal, axis.valid.tried, axis.size.least)):
        # A set that does not repeat itself ends with its last member.
        end = first + cycle if usable.period else min(first + cycle, (usable.most or 0) + 1)
        wanted.update(n for n in range(-(-first // step) * step, end, step) if n in usable)
    return sorted(wanted)
