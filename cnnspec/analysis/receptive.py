"""The receptive field: how much of the input one number of a value depends on."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from cnnspec.graph.ir import Graph, Node, Value
from cnnspec.ops.shapes import Kind
from cnnspec.records import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """The receptive field along one axis, over all paths from an input.

    `low` and `high` are the rows of the input that the narrowest and the widest path read;
    None is all of them. `stride` is how many rows of the input lie between two rows of the
    value; None where the value has no such axis left.
    """

    low: Fraction | None
    high: Fraction | None
    stride: Fraction | None

    @property
    def rows(self) -> tuple[int | None, int | None]:
        """The whole rows read at least and at most."""
        low, high = (None if side is None else ceil(side) for side in (self.low, self.high))
        return low, high


Fields = tuple[Field, ...]

_WHOLE = Field(None, None, None)


def find_fields(graph: Graph) -> dict[Value, Fields]:
    """The receptive field of every value along each axis of the input.

    A row of the output that reads `extent` rows of a value whose rows lie `stride` input rows
    apart sees (extent - 1) * stride input rows more than one row of that value. Behind an
    enlarged map, where rows differ in how far they see, that is their mean.
    """
    start = Field(Fraction(1), Fraction(1), Fraction(1))
    fields = {value: (start,) * value.known.rank for value in graph.inputs}
    for node in graph.nodes:
        fields[node.output] = _find_output(node, [fields[value] for value in node.flows])
    return fields


def _find_output(node: Node, inputs: list[Fields]) -> Fields:
    rank = max(map(len, inputs), default=0)
    reaches = node.op.find_reach(node.shapes)
    if reaches is None:
        return (_WHOLE,) * rank
    joined = tuple(_join(node, inputs, axis) for axis in range(rank))
    if node.shape.kind is Kind.TOKENS:
        # Tokens stand for positions along all axes of the input.
        return joined
    if not reaches:
        return tuple(Field(field.low, field.high, None) for field in joined)
    return tuple(
        _extend(field, reach.extent, reach.stride)
        for field, reach in zip(joined, reaches, strict=False)
    )


def _join(node: Node, inputs: list[Fields], axis: int) -> Field:
    """One axis of several values side by side: the narrowest and the widest path."""
    found = [fields[axis] for fields in inputs if axis < len(fields)]
    lows = [field.low for field in found if field.low is not None]
    highs = [field.high for field in found if field.high is not None]
    # A gate that stretches over a map has no say in how far apart the rows of the result are.
    full = [
        fields[axis].stride
        for fields, shape in zip(inputs, (v.known for v in node.flows), strict=True)
        if axis < len(fields) and shape.sizes == node.shape.sizes
    ] or [field.stride for field in found]
    strides = [stride for stride in full if stride is not None]
    return Field(
        min(lows, default=None),
        max(highs, default=None) if len(highs) == len(found) else None,
        max(strides, default=None),
    )


def _extend(field: Field, extent: int, stride: Fraction) -> Field:
    if field.stride is None:
        return field
    more = (extent - 1) * field.stride
    return Field(
        None if field.low is None else field.low + more,
        None if field.high is None else field.high + more,
        field.stride * stride,
    )
