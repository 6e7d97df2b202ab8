"""Parameters and constants."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from cnnspec.backends.onnx.builder import Place, Writer
from cnnspec.ops.base import Op
from cnnspec.ops.stored import Constant, Parameter

# From when on a Shape gives a part of the sizes.
_PARTIAL_SHAPE = 15


def say_repeats(at: Place, dims: tuple[int, ...]) -> str:
    """The sizes of a value that is there once for each sample."""
    if at.opset < _PARTIAL_SHAPE:
        sizes = at.count("sizes", "Shape", (at.input,), 1 + len(at.shape.dims))
        ends = at.integers("start", (0,)), at.integers("end", (1,))
        batch = at.count("batch", "Slice", (sizes, *ends), 1)
    else:
        batch = at.count("batch", "Shape", (at.input,), 1, start=0, end=1)
    rest = at.integers("own_shape", dims)
    return at.count("all_shape", "Concat", (batch, rest), 1 + len(dims), axis=0)


def write_parameter(op: Parameter, at: Place) -> str:
    """An Expand of the weight over the samples."""
    (value,) = at.weights()
    return at.give("Expand", (value, say_repeats(at, at.node.shape.dims)))


def write_constant(op: Constant, at: Place) -> str:
    """An Expand of an initializer that is no weight."""
    numbers = np.asarray(op.list_values(), np.float32)
    whole = numbers.reshape(at.node.shape.dims) if numbers.size > 1 else numbers[0]
    value = at.floats("values", whole)
    return at.give("Expand", (value, say_repeats(at, at.node.shape.dims)))


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {Parameter: write_parameter, Constant: write_constant}
)
