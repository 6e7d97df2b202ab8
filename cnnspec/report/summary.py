"""What a network costs: shapes, parameters, multiply-accumulates and receptive fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod

from cnnspec.analysis.receptive import Fields, find_fields
from cnnspec.graph.ir import BranchItem, CallItem, Graph, GroupItem, Node, Output
from cnnspec.graph.serving import find_training_only
from cnnspec.graph.valid_sizes import AxisSizes
from cnnspec.graph.variations import find_variations, list_dims
from cnnspec.graph.walk import walk_items
from cnnspec.ops.shapes import Shape
from cnnspec.records import dataclass

_FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One layer, or several folded into one.

    `parameters` counts what is trained, `statistics` the running means and variances, `macs` the
    multiply-accumulates of convolution and linear layers for one sample, and `training_macs` those
    in training. `activations` is how many numbers the layers give for one sample. Of layers that
    serve training alone a trained network has neither. `dims` are the axes of the output, with
    formulas for sizes that are open; `output` and the figures are for one such size.
    """

    path: str
    op: str
    output: Shape
    parameters: int
    statistics: int
    macs: int
    training_macs: int
    attention_macs: int
    activations: int
    fields: Fields
    dims: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """A network's layers with their figures, and the totals.

    `outputs` are what it gives, each with its axes. `open_inputs` are the axes of the inputs with
    the letters of open sizes, where there are any, and `sizes` what these can be.
    """

    name: str
    inputs: tuple[tuple[str, Shape], ...]
    layers: tuple[Row, ...]
    outputs: tuple[tuple[Output, tuple[int | str, ...]], ...]
    open_inputs: tuple[tuple[str, tuple[int | str, ...]], ...] = ()
    sizes: tuple[AxisSizes, ...] = ()

    @property
    def parameters(self) -> int:
        """All parameters; running statistics are not among them."""
        return sum(row.parameters for row in self.layers)

    @property
    def statistics(self) -> int:
        """The running means and variances, which Keras counts as non-trainable parameters."""
        return sum(row.statistics for row in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one sample."""
        return sum(row.macs for row in self.layers)

    @property
    def training_macs(self) -> int:
        """The same in training, where there may be more layers."""
        return sum(row.training_macs for row in self.layers)

    @property
    def is_named(self) -> bool:
        """Whether its outputs have names."""
        return [output.name for output, _ in self.outputs] != ["output"]

    @property
    def has_training(self) -> bool:
        """Whether some output is there in training only."""
        return any(output.training for output, _ in self.outputs)

    @property
    def attention_macs(self) -> int:
        """Multiply-accumulates of attention's products, which `macs` has not."""
        return sum(row.attention_macs for row in self.layers)

    @property
    def activation_bytes(self) -> int:
        """Bytes of every layer's output for one sample in float32."""
        return _FLOAT_BYTES * sum(row.activations for row in self.layers)

    @property
    def weight_bytes(self) -> int:
        """Bytes of the parameters and the running statistics in float32."""
        return _FLOAT_BYTES * (self.parameters + self.statistics)

    @property
    def totals(self) -> dict[str, int]:
        """The figures of the whole network by name."""
        return {
            "parameters": self.parameters,
            "trainable": self.parameters,
            "statistics": self.statistics,
            "macs": self.macs,
            **({"training_macs": self.training_macs} if self.has_training else {}),
            "attention_macs": self.attention_macs,
            "activation_bytes": self.activation_bytes,
            "weight_bytes": self.weight_bytes,
        }


def summarize(graph: Graph, depth: int | None = None) -> Summary:
    """Measure every layer of a network.

    Args:
        graph: the network.
        depth: how many parts of a path to tell apart; layers that agree in them become one row.
    """
    fields = find_fields(graph)
    later = find_training_only(graph)
    rows = [_measure(graph, node, fields[node.output], node in later) for node in graph.nodes]
    if depth is not None:
        rows = _fold(rows, depth, _name_parts(graph))
    inputs = tuple((value.name or "input", value.known) for value in graph.inputs)
    outputs = tuple((output, list_dims(graph, output.value)) for output in graph.every_output)
    if not graph.open_sizes:
        return Summary(graph.name, inputs, tuple(rows), outputs)
    opened = tuple((value.name or "input", list_dims(graph, value)) for value in graph.inputs)
    sizes = find_variations(graph).valid.axes
    return Summary(graph.name, inputs, tuple(rows), outputs, opened, sizes)


def _measure(graph: Graph, node: Node, fields: Fields, is_later: bool) -> Row:
    # A layer that is called several times owns its weights once, and computes each time.
    own, shape, macs = node.own_weights, node.shape, node.macs
    trained = sum([prod(weight.shape) for weight in own if weight.trainable])
    kept = sum([prod(weight.shape) for weight in own if not weight.trainable])
    return Row(
        node.path, node.op.op, shape, trained, kept, 0 if is_later else macs, macs,
        0 if is_later else node.attention_macs, 0 if is_later else shape.elements, fields,
        list_dims(graph, node.output),
    )  # fmt: skip


def _name_parts(graph: Graph) -> dict[str, str]:
    """What stands at each path that is no op: a block's name, or the structure's word."""
    names: dict[str, str] = {}
    for item in walk_items(graph.body):
        if isinstance(item, CallItem):
            # A block that only wraps another shares its path; the author wrote the outer one.
            names.setdefault(item.path, item.block.name)
        elif isinstance(item, GroupItem | BranchItem) and item.path:
            names.setdefault(item.path, item.step.head)
    return names


def _fold(rows: Iterable[Row], depth: int, parts: dict[str, str]) -> list[Row]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(".".join(row.path.split(".")[:depth]), []).append(row)
    return [
        group[0]
        if len(group) == 1 and group[0].path == path
        else _join(path, parts.get(path, "layers"), group)
        for path, group in groups.items()
    ]


def _join(path: str, op: str, group: list[Row]) -> Row:
    """Layers as one row, with the shape and the receptive field of the last."""
    return replace(
        group[-1],
        path=path,
        op=op,
        parameters=sum(row.parameters for row in group),
        statistics=sum(row.statistics for row in group),
        macs=sum(row.macs for row in group),
        training_macs=sum(row.training_macs for row in group),
        attention_macs=sum(row.attention_macs for row in group),
        activations=sum(row.activations for row in group),
    )


def list_sizes(fields: Fields, whole: Iterable[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The rows read at least and at most along each axis; `whole` stands in for all of them."""
    lows, highs = [], []
    for field, size in zip(fields, whole, strict=False):
        low, high = field.rows
        lows.append(size if low is None else low)
        highs.append(size if high is None else high)
    return tuple(lows), tuple(highs)
