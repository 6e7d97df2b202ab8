"""Activations."""

from __future__ import annotations

from math import pi, sqrt
from types import MappingProxyType

from cnnspec.backends.onnx.builder import Place, Writer
from cnnspec.ops.activation import (
    Elu,
    Gelu,
    HardSigmoid,
    HardSwish,
    LeakyRelu,
    Mish,
    Prelu,
    Relu,
    Relu6,
    Selu,
    Sigmoid,
    Silu,
    Softmax,
    Tanh,
)
from cnnspec.ops.base import Op
from cnnspec.ops.shapes import Kind


def write_relu(op: Relu, at: Place) -> str:
    """A Relu."""
    return at.give("Relu", (at.input,))


def write_relu6(op: Relu6, at: Place) -> str:
    """A Clip, whose bounds must be without axes."""
    return at.give("Clip", (at.input, at.floats("low", 0), at.floats("high", 6)))


def write_leaky_relu(op: LeakyRelu, at: Place) -> str:
    """A LeakyRelu."""
    return at.give("LeakyRelu", (at.input,), alpha=op.negative_slope)


def write_prelu(op: Prelu, at: Place) -> str:
    """A PRelu; on maps the slopes are turned so that they meet the channels."""
    (slope,) = at.weights()
    if op.per_channel:
        slope = at.stretch(slope)
    return at.give("PRelu", (at.input, slope))


def write_elu(op: Elu, at: Place) -> str:
    """An Elu."""
    return at.give("Elu", (at.input,), alpha=op.alpha)


def write_selu(op: Selu, at: Place) -> str:
    """A Selu; ONNX's own constants are the paper's."""
    return at.give("Selu", (at.input,))


def write_gelu(op: Gelu, at: Place) -> str:
    """x / 2 * (1 + Erf(x / sqrt 2)) or its stand-in; ONNX's Gelu comes with opset 20 only."""
    dims = at.shape.dims
    if op.approximate == "tanh":
        square = at.add("square", "Mul", (at.input, at.input), dims)
        cube = at.add("cube", "Mul", (square, at.input), dims)
        small = at.add("small", "Mul", (cube, at.floats("cubic", 0.044715)), dims)
        inner = at.add("inner", "Add", (at.input, small), dims)
        scaled = at.add("scaled", "Mul", (inner, at.floats("scale", sqrt(2 / pi))), dims)
        curve = at.add("tanh", "Tanh", (scaled,), dims)
    else:
        scaled = at.add("scaled", "Div", (at.input, at.floats("scale", sqrt(2))), dims)
        curve = at.add("erf", "Erf", (scaled,), dims)
    gate = at.add("gate", "Add", (curve, at.floats("one", 1)), dims)
    product = at.add("product", "Mul", (at.input, gate), dims)
    return at.give("Mul", (product, at.floats("half", 0.5)))


def write_silu(op: Silu, at: Place) -> str:
    """x * Sigmoid(x); ONNX's Swish comes with opset 24 only."""
    gate = at.add("gate", "Sigmoid", (at.input,), at.shape.dims)
    return at.give("Mul", (at.input, gate))


def write_hard_sigmoid(op: HardSigmoid, at: Place) -> str:
    """A HardSigmoid with our slope; ONNX's default is another function."""
    return at.give("HardSigmoid", (at.input,), alpha=1 / 6, beta=0.5)


def write_hard_swish(op: HardSwish, at: Place) -> str:
    """A HardSwish, or x * HardSigmoid(x) before opset 14."""
    if at.opset >= 14:
        return at.give("HardSwish", (at.input,))
    gate = at.add("gate", "HardSigmoid", (at.input,), at.shape.dims, alpha=1 / 6, beta=0.5)
    return at.give("Mul", (at.input, gate))


def write_mish(op: Mish, at: Place) -> str:
    """A Mish, or x * Tanh(Softplus(x)) before opset 18."""
    if at.opset >= 18:
        return at.give("Mish", (at.input,))
    soft = at.add("softplus", "Softplus", (at.input,), at.shape.dims)
    gate = at.add("gate", "Tanh", (soft,), at.shape.dims)
    return at.give("Mul", (at.input, gate))


def write_sigmoid(op: Sigmoid, at: Place) -> str:
    """A Sigmoid."""
    return at.give("Sigmoid", (at.input,))


def write_tanh(op: Tanh, at: Place) -> str:
    """A Tanh."""
    return at.give("Tanh", (at.input,))


def write_softmax(op: Softmax, at: Place) -> str:
    """A Softmax along the channels, which tokens have last."""
    return at.give("Softmax", (at.input,), axis=-1 if at.shape.kind is Kind.TOKENS else 1)


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {
        Relu: write_relu,
        Relu6: write_relu6,
        LeakyRelu: write_leaky_relu,
        Prelu: write_prelu,
        Elu: write_elu,
        Selu: write_selu,
        Gelu: write_gelu,
        Silu: write_silu,
        HardSwish: write_hard_swish,
        HardSigmoid: write_hard_sigmoid,
        Mish: write_mish,
        Sigmoid: write_sigmoid,
        Tanh: write_tanh,
        Softmax: write_softmax,
    }
)
