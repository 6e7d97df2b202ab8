"""Activations in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from cnnspec.backends.pycode import Call, Expr, literal
from cnnspec.backends.torch.leaf import (
    INPLACE,
    Leaf,
    TorchSite,
    plain_function,
    plain_module,
)
from cnnspec.ops import activation as ops
from cnnspec.ops.base import Op
from cnnspec.ops.shapes import Kind


def _overwriting(module: str, function: str) -> Leaf:
    """An activation that overwrites its input where nothing else reads it."""

    def make(site: TorchSite) -> Expr:
        return Call(f"nn.{module}", (), INPLACE if site.may_overwrite() else ())

    def call(site: TorchSite, x: Expr) -> Expr:
        return Call(function, (x,), INPLACE if site.may_overwrite() else ())

    return Leaf(make, call)


def prelu(site: TorchSite) -> Expr:
    """A learned slope, one for all channels or one for each."""
    if not site.same(lambda node: cast(ops.Prelu, node.op).per_channel):
        return Call("nn.PReLU")
    tokens = site.same(lambda node: node.shapes[0].kind is Kind.TOKENS)
    name = site.require("TokenPReLU") if tokens else "nn.PReLU"
    return Call(name, (site.in_channels(),))


def _softmax_axis(site: TorchSite) -> tuple[tuple[str, Expr], ...]:
    tokens = site.same(lambda node: node.shapes[0].kind is Kind.TOKENS)
    return (("dim", literal(-1 if tokens else 1)),)


def _call(function: str) -> Callable[[TorchSite, Expr], Expr]:
    return lambda site, x: Call(function, (x,))


LEAVES: dict[type[Op], Leaf] = {
    ops.Relu: _overwriting("ReLU", "F.relu"),
    ops.Relu6: _overwriting("ReLU6", "F.relu6"),
    ops.LeakyRelu: Leaf(
        plain_module("LeakyReLU", "negative_slope"),
        plain_function("F.leaky_relu", "negative_slope"),
    ),
    ops.Prelu: Leaf(prelu),
    ops.Elu: Leaf(plain_module("ELU", "alpha"), plain_function("F.elu", "alpha")),
    ops.Selu: Leaf(plain_module("SELU"), _call("F.selu")),
    ops.Gelu: Leaf(plain_module("GELU", "approximate"), plain_function("F.gelu", "approximate")),
    ops.Silu: Leaf(plain_module("SiLU"), _call("F.silu")),
    ops.HardSwish: Leaf(plain_module("Hardswish"), _call("F.hardswish")),
    ops.HardSigmoid: Leaf(plain_module("Hardsigmoid"), _call("F.hardsigmoid")),
    ops.Mish: Leaf(plain_module("Mish"), _call("F.mish")),
    ops.Sigmoid: Leaf(plain_module("Sigmoid"), _call("torch.sigmoid")),
    ops.Tanh: Leaf(plain_module("Tanh"), _call("torch.tanh")),
    ops.Softmax: Leaf(
        lambda site: Call("nn.Softmax", (), _softmax_axis(site)),
        lambda site, x: Call("F.softmax", (x,), _softmax_axis(site)),
    ),
}
