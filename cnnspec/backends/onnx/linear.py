"""The linear layer."""

from __future__ import annotations

from types import MappingProxyType

from cnnspec.backends.onnx.builder import Place, Writer
from cnnspec.ops.base import Op
from cnnspec.ops.linear import Linear
from cnnspec.ops.shapes import Kind


def write_linear(op: Linear, at: Place) -> str:
    """A Gemm on vectors; on tokens a MatMul, for a Gemm takes no third axis."""
    weight, *bias = at.weights()
    if at.shape.kind is Kind.VECTOR:
        return at.give("Gemm", (at.input, weight, *bias), transB=1)
    turned = at.fold(
        "transposed", "Transpose", (weight,), (at.shape.channels, op.out_features), perm=[1, 0]
    )
    if not bias:
        return at.give("MatMul", (at.input, turned))
    product = at.add("product", "MatMul", (at.input, turned), at.node.shape.dims)
    return at.give("Add", (product, *bias))


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType({Linear: write_linear})
