"""Activations as Keras layers."""

from __future__ import annotations

from types import MappingProxyType
from typing import cast

from cnnspec.backends.base import Site
from cnnspec.backends.choices import refuse
from cnnspec.backends.keras.initial import choose_initializers
from cnnspec.backends.keras.layer import Layers, call_layer, list_ops, text, unless
from cnnspec.backends.pycode import Code, Expr, literal
from cnnspec.graph.ir import Node
from cnnspec.ops import activation as ops
from cnnspec.ops.activation import Gelu, LeakyRelu, Prelu
from cnnspec.ops.base import Op

# Ops that Keras has a word for, so that a function can take it as an argument.
WORDS: MappingProxyType[type[Op], str] = MappingProxyType(
    {
        ops.Relu: "relu",
        ops.Relu6: "relu6",
        ops.Selu: "selu",
        ops.Silu: "silu",
        ops.HardSwish: "hard_silu",
        ops.HardSigmoid: "hard_sigmoid",
        ops.Mish: "mish",
        ops.Sigmoid: "sigmoid",
        ops.Tanh: "tanh",
        ops.Softmax: "softmax",
    }
)


def spell_kind(site: Site) -> str:
    """Keras's word for an activation that is given."""
    word = WORDS.get(type(site.op))
    if word is None:
        raise refuse()
    return word


def relu(site: Site, name: Expr) -> Layers:
    """Keras's ReLU."""
    return _activate(WORDS[type(site.op)], name)


def relu6(site: Site, name: Expr) -> Layers:
    """Keras's ReLU with a ceiling."""
    return (call_layer("layers.ReLU", literal(6.0), name=name),)


def leaky_relu(site: Site, name: Expr) -> Layers:
    """Keras's leaky ReLU, whose own default slope is another; it refuses slopes below zero."""
    falls = any(cast(LeakyRelu, op).negative_slope < 0 for op in list_ops(site))
    function = site.require("SignedLeakyReLU") if falls else "layers.LeakyReLU"
    return (call_layer(function, negative_slope=site.field("negative_slope"), name=name),)


def prelu(site: Site, name: Expr) -> Layers:
    """Keras's PReLU, with one slope along all axes that share it."""
    axes = site.same(_list_shared_axes)
    shared = literal(list(axes)) if axes else None
    starts = choose_initializers(site, "alpha_initializer")
    return (call_layer("layers.PReLU", **starts, shared_axes=shared, name=name),)


def elu(site: Site, name: Expr) -> Layers:
    """Keras's ELU."""
    return (call_layer("layers.ELU", alpha=unless(site, "alpha", 1.0), name=name),)


def selu(site: Site, name: Expr) -> Layers:
    """Keras's SELU."""
    return _activate(WORDS[type(site.op)], name)


def gelu(site: Site, name: Expr) -> Layers:
    """Keras's GELU, which as a layer is the exact one; a function of ours says the other."""
    if site.same(lambda node: cast(Gelu, node.op).approximate) == "none":
        return _activate("gelu", name)
    return (call_layer("layers.Activation", Code(site.require("gelu_tanh")), name=name),)


def silu(site: Site, name: Expr) -> Layers:
    """Keras's SiLU."""
    return _activate(WORDS[type(site.op)], name)


def hard_swish(site: Site, name: Expr) -> Layers:
    """Keras's hard SiLU, another word for the same."""
    return _activate(WORDS[type(site.op)], name)


def hard_sigmoid(site: Site, name: Expr) -> Layers:
    """Keras's hard sigmoid."""
    return _activate(WORDS[type(site.op)], name)


def mish(site: Site, name: Expr) -> Layers:
    """Keras's Mish."""
    return _activate(WORDS[type(site.op)], name)


def sigmoid(site: Site, name: Expr) -> Layers:
    """Keras's sigmoid."""
    return _activate(WORDS[type(site.op)], name)


def tanh(site: Site, name: Expr) -> Layers:
    """Keras's tanh."""
    return _activate(WORDS[type(site.op)], name)


def softmax(site: Site, name: Expr) -> Layers:
    """Keras's softmax over the last axis, where its channels are."""
    return _activate(WORDS[type(site.op)], name)


def _activate(function: str, name: Expr) -> Layers:
    return (call_layer("layers.Activation", text(function), name=name),)


def _list_shared_axes(node: Node) -> tuple[int, ...]:
    """All axes but the batch, and but the channels where each has a slope of its own."""
    axes = range(1, len(node.shapes[0].dims) + 1)
    return tuple(axes[:-1] if cast(Prelu, node.op).per_channel else axes)
