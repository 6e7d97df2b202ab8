"""The receptive field: how much of the input one number of a value depends on."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from cnnspec.graph.ir import Graph, Node, Value
from cnnspec.ops.shapes import Kind
from cnnspec.records import dataclass

# Whole numbers are not made fractions of: reckoning with those takes ten times as long.
Number = int | Fraction


@dataclass(frozen=True, slots=True)
class Field:
    """The receptive field along one axis, over all paths from an input.

    `low` and `high` are the rows of the input that the narrowest and the widest path read;
    None is all of them. `stride` is how many rows of the input lie between two rows of the
    value; None where the value has no such axis left.
    """

    low: Number | None
    high: Number | None
    stride: Number | None

    @property
    def rows(self) -> tuple[int | None, int | None]:
        """The whole rows read at least and at most."""
        low, high = self.low, self.high
        return None if low is None else ceil(low), None if high is None else ceil(high)


Fields = tuple[Field, ...]

Step = tuple[int, Number]

# A spec could make numbers with a thousand digits, which take long to reckon with.
_MOST = 2**64

_WHOLE = Field(None, None, None)
# The extent and the stride of an op along an axis where each row reads its own.
_OWN: Step = (1, 1)
# Along all axes, or where tokens stand for positions along all axes of the input.
_KEPT = (_OWN,)


def find_fields(graph: Graph) -> dict[Value, Fields]:
    """The receptive field of every value along each axis of the input.

    A row of the output that reads `extent` rows of a value whose rows lie `stride` input rows
    apart sees (extent - 1) * stride input rows more than one row of that value. Behind an
    enlarged map, where rows differ in how far they see, that is their mean.
    """
    finder = _Finder()
    start = Field(1, 1, 1)
    fields = {value: (start,) * value.known.rank for value in graph.inputs}
    for node in graph.nodes:
        fields[node.output] = finder.find(node, [fields[value] for value in node.flows])
    return fields


class _Finder:
    """Finds the fields of one op after another; what is the same along two axes is found once."""

    def __init__(self) -> None:
        self.steps: dict[tuple[object, ...], tuple[Step, ...] | None] = {}
        # By the identity of fields, which these tables keep.
        self.extended: dict[tuple[int, int, Number], tuple[Field, Field]] = {}
        self.joined: dict[tuple[object, ...], tuple[Field, list[Field]]] = {}

    def find(self, node: Node, inputs: list[Fields]) -> Fields:
        """The fields of an op's output."""
        steps = self._list_steps(node)
        if len(inputs) == 1:
            (joined,) = inputs
        else:
            rank = max(map(len, inputs), default=0)
            joined = tuple([self._join(node, inputs, axis) for axis in range(rank)])
        if steps is _KEPT:
            return joined
        if steps is None:
            return (_WHOLE,) * len(joined)
        if not steps:
            return tuple([Field(field.low, field.high, None) for field in joined])
        pairs = zip(joined, steps, strict=False)
        return tuple([self._extend(field, extent, stride) for field, (extent, stride) in pairs])

    def _list_steps(self, node: Node) -> tuple[Step, ...] | None:
        """The extent and the stride of an op along each axis; None where it reads everything."""
        # Equal ops in a network are mostly one object.
        key = (id(node.op), node.inputs[0].known.sizes, node.shape.sizes)
        if key not in self.steps:
            self.steps[key] = _find_steps(node)
        return self.steps[key]

    def _join(self, node: Node, inputs: list[Fields], axis: int) -> Field:
        """One axis of several values side by side: the narrowest and the widest path."""
        found = [fields[axis] for fields in inputs if axis < len(fields)]
        sizes = node.shape.sizes
        # A gate that stretches over a map has no say in how far apart the rows of the result are.
        full = [
            fields[axis]
            for fields, value in zip(inputs, node.flows, strict=True)
            if axis < len(fields) and value.known.sizes == sizes
        ] or found
        key = (*map(id, found), None, *map(id, full))
        if key not in self.joined:
            self.joined[key] = _merge(found, full), found
        return self.joined[key][0]

    def _extend(self, field: Field, extent: int, stride: Number) -> Field:
        if field.stride is None or (extent, stride) == _OWN:
            return field
        key = (id(field), extent, stride)
        if key not in self.extended:
            more = (extent - 1) * field.stride
            longer = Field(
                None if field.low is None else _simplify(field.low + more),
                None if field.high is None else _simplify(field.high + more),
                _simplify(field.stride * stride),
            )
            self.extended[key] = longer, field
        return self.extended[key][0]


def _find_steps(node: Node) -> tuple[Step, ...] | None:
    reaches = node.op.find_reach(node.shapes)
    if reaches is None:
        return None
    steps = tuple((reach.extent, _simplify(reach.stride)) for reach in reaches)
    kind = node.shape.kind
    is_kept = set(steps) == {_OWN} and node.shapes[0].kind is kind
    return _KEPT if is_kept or kind is Kind.TOKENS else steps


def _merge(found: list[Field], full: list[Field]) -> Field:
    lows = [field.low for field in found if field.low is not None]
    highs = [field.high for field in found if field.high is not None]
    strides = [field.stride for field in full if field.stride is not None]
    return Field(
        min(lows, default=None),
        max(highs, default=None) if len(highs) == len(found) else None,
        max(strides, default=None),
    )


def _simplify(number: Number) -> Number:
    if number.denominator > _MOST:
        number = Fraction(number).limit_denominator(_MOST)
    return min(number.numerator if number.denominator == 1 else number, _MOST)
