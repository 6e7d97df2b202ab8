"""Ops that make one value out of several."""

from __future__ import annotations

from typing import ClassVar

from cnnspec.ops.base import OWN_ROW, Op, Reach, ShapeFault
from cnnspec.ops.shapes import Kind, Shape


class _Merge(Op):
    """What merging ops share: they take their values by name."""

    merges: ClassVar[bool] = True

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...]:
        return (OWN_ROW,) * max(shape.rank for shape in inputs)


def _mismatch(op: str, need: str, inputs: tuple[Shape, ...]) -> ShapeFault:
    shapes = " and ".join(str(shape) for shape in inputs)
    return ShapeFault("shape-mismatch", f"{op} needs {need}, got {shapes}")


class Add(_Merge):
    """The sum of values of equal shape, and of parameters and constants that stretch over them.

    These stretch along their axes of size 1.

    Shape: that of the largest input.
    Source: He et al., arXiv:1512.03385.
    """

    op: ClassVar[str] = "add"

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        full = max(inputs, key=lambda shape: (shape.rank, shape.elements))
        if any(shape.kind is not full.kind or not fits_gate(shape, full) for shape in inputs):
            raise _mismatch("add", "equal shapes", inputs)
        return full

    def check_sources(self, inputs: tuple[Shape, ...], stored: tuple[bool, ...]) -> None:
        full = self.infer_shape(inputs)
        # Maps that repeat along an axis are more often a mistake than meant.
        if any(shape != full and not own for shape, own in zip(inputs, stored, strict=True)):
            raise _mismatch("add", "equal shapes", inputs)


class Concat(_Merge):
    """Values side by side along the channels.

    Shape: the sum of the channels; the other sizes must be equal.
    Source: Szegedy et al., arXiv:1409.4842.
    """

    op: ClassVar[str] = "concat"

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        first = inputs[0]
        if any((shape.kind, shape.sizes) != (first.kind, first.sizes) for shape in inputs):
            raise _mismatch("concat", "equal sizes apart from the channels", inputs)
        return first.widen(sum(shape.channels for shape in inputs))


class Multiply(_Merge):
    """The product of values of equal shape, or of a map and gates that stretch over it.

    A gate is a vector with a number for each channel, or a map whose channels or sizes are 1.

    Shape: that of the largest input.
    Source: Hu et al., "Squeeze-and-excitation networks", arXiv:1709.01507.
    """

    op: ClassVar[str] = "multiply"

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        full = max(inputs, key=lambda shape: (shape.rank, shape.elements))
        if not all(fits_gate(gate, full) for gate in inputs):
            raise _mismatch("multiply", "equal shapes, or gates that stretch over a map", inputs)
        return full


def fits_gate(gate: Shape, full: Shape) -> bool:
    """Whether a value stretches over another by repeating along its axes of size 1."""
    if gate.kind is Kind.VECTOR and full.kind is Kind.MAP:
        return gate.channels == full.channels
    return gate.kind is full.kind and all(
        own in (1, other) for own, other in zip(gate.dims, full.dims, strict=True)
    )
