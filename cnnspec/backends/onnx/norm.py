"""Normalisation layers."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from cnnspec.backends.base import CannotSayError
from cnnspec.backends.onnx.builder import Place, Writer
from cnnspec.ops.base import Op
from cnnspec.ops.norm import (
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    L2Normalize,
    LayerNorm,
    LocalResponseNorm,
    Scale,
)
from cnnspec.ops.shapes import Kind


def _scale_and_shift(at: Place, shape: tuple[int, ...]) -> tuple[str, str]:
    """A scale of ones and a shift of zeros, for ONNX's norms always take both."""
    return at.floats("scale", np.ones(shape)), at.floats("shift", np.zeros(shape))


def write_batch_norm(op: BatchNorm, at: Place) -> str:
    """A BatchNormalization with the running statistics."""
    *affine, mean, variance = at.weights()
    scale, shift = affine or _scale_and_shift(at, (at.shape.channels,))
    # ONNX's momentum is the share of the old statistics.
    attributes = {"epsilon": op.eps, "momentum": 1 - op.momentum}
    return at.give("BatchNormalization", (at.input, scale, shift, mean, variance), **attributes)


def write_layer_norm(op: LayerNorm, at: Place) -> str:
    """A LayerNormalization, with the channels brought to the end where they alone count."""
    if at.opset < 17:
        raise CannotSayError(f"it needs opset 17 or later, not {at.opset}")
    shape = at.shape
    whole = op.axes == "all"
    affine = at.weights() or _scale_and_shift(at, shape.dims if whole else (shape.channels,))
    if whole or shape.kind is not Kind.MAP:
        axis = 1 if whole else -1
        inputs = (at.input, *affine)
        return at.give("LayerNormalization", inputs, axis=axis, epsilon=op.eps)
    last = shape.rank + 1
    dims = (*shape.sizes, shape.channels)
    order = [0, *range(2, last + 1), 1]
    turned = at.add("to_last", "Transpose", (at.input,), dims, perm=order)
    inputs = (turned, *affine)
    normed = at.add("norm", "LayerNormalization", inputs, dims, axis=-1, epsilon=op.eps)
    return at.give("Transpose", (normed,), perm=[0, last, *range(1, last)])


def write_group_norm(op: GroupNorm, at: Place) -> str:
    """An InstanceNormalization of each group as one long channel, then scale and shift.

    ONNX's GroupNormalization has no shape inference, and ONNX Runtime's loses digits where the
    mean is large.
    """
    shape = at.shape
    groups = at.reshape("groups", at.input, (op.num_groups, shape.elements // op.num_groups))
    inputs = (groups, *_scale_and_shift(at, (op.num_groups,)))
    dims = (op.num_groups, shape.elements // op.num_groups)
    normed = at.add("norm", "InstanceNormalization", inputs, dims, epsilon=op.eps)
    if not op.affine:
        return at.give("Reshape", (normed, at.integers("shape", (0, *shape.dims))))
    weight, bias = (at.stretch(name) for name in at.weights())
    value = at.reshape("map", normed, shape.dims)
    return at.give("Add", (at.add("scaled", "Mul", (value, weight), shape.dims), bias))


def write_instance_norm(op: InstanceNorm, at: Place) -> str:
    """An InstanceNormalization."""
    affine = at.weights() or _scale_and_shift(at, (at.shape.channels,))
    return at.give("InstanceNormalization", (at.input, *affine), epsilon=op.eps)


def write_local_response_norm(op: LocalResponseNorm, at: Place) -> str:
    """An LRN, over a map of two axes, for ONNX Runtime takes no others."""
    attributes = {"size": op.size, "alpha": op.alpha, "beta": op.beta, "bias": op.k}
    shape = at.shape
    if shape.rank == 2:
        return at.give("LRN", (at.input,), **attributes)
    dims = (shape.channels, shape.elements // shape.channels, 1)
    flat = at.reshape("flat", at.input, dims)
    normed = at.add("norm", "LRN", (flat,), dims, **attributes)
    return at.give("Reshape", (normed, at.integers("shape", (0, *shape.dims))))


def write_l2_normalize(op: L2Normalize, at: Place) -> str:
    """The length of the channels, then a Div: ONNX's LpNormalization has no least length."""
    axis = 2 if at.shape.kind is Kind.TOKENS else 1
    dims = [1 if place == axis - 1 else size for place, size in enumerate(at.shape.dims)]
    if at.opset < 18:
        length = at.add("length", "ReduceL2", (at.input,), dims, axes=[axis], keepdims=1)
    else:
        length = at.add("length", "ReduceL2", (at.input, at.integers("axes", [axis])), dims)
    least = at.add("least", "Max", (length, at.floats("eps", op.eps)), dims)
    return at.give("Div", (at.input, least))


def write_scale(op: Scale, at: Place) -> str:
    """A Mul."""
    (weight,) = at.weights()
    return at.give("Mul", (at.input, at.stretch(weight)))


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {
        BatchNorm: write_batch_norm,
        LayerNorm: write_layer_norm,
        GroupNorm: write_group_norm,
        InstanceNorm: write_instance_norm,
        LocalResponseNorm: write_local_response_norm,
        L2Normalize: write_l2_normalize,
        Scale: write_scale,
    }
)
