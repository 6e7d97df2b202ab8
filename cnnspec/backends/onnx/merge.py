"""Ops that make one value out of several."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from cnnspec.backends.onnx.builder import Place, Writer
from cnnspec.ops.base import Op
from cnnspec.ops.merge import Add, Concat, Multiply
from cnnspec.ops.shapes import Kind


def write_add(op: Add, at: Place) -> str:
    """An Add of two, a Sum of any other number."""
    return at.give("Add" if len(at.inputs) == 2 else "Sum", at.inputs)


def write_concat(op: Concat, at: Place) -> str:
    """A Concat along the channels, which tokens have last."""
    return at.give("Concat", at.inputs, axis=2 if at.shape.kind is Kind.TOKENS else 1)


def write_multiply(op: Multiply, at: Place) -> str:
    """A chain of Mul, with vectors turned so that they meet the channels of a map."""
    full = at.node.shape
    factors: list[tuple[str, tuple[int, ...]]] = []
    for index, (name, shape) in enumerate(zip(at.inputs, at.node.shapes, strict=True)):
        dims = shape.dims
        if shape.kind is Kind.VECTOR and full.kind is Kind.MAP:
            dims = (shape.channels, *(1 for _ in full.sizes))
            axes = at.integers(f"axes{index}", range(2, 2 + full.rank))
            name = at.add(f"gate{index}", "Unsqueeze", (name, axes), dims)
        factors.append((name, dims))
    if len(factors) == 1:
        return at.give("Identity", at.inputs)
    product, dims = factors[0]
    for index, (name, other) in enumerate(factors[1:-1], 1):
        dims = np.broadcast_shapes(dims, other)
        product = at.add(f"product{index}", "Mul", (product, name), dims)
    return at.give("Mul", (product, factors[-1][0]))


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {
        Add: write_add,
        Concat: write_concat,
        Multiply: write_multiply,
    }
)
