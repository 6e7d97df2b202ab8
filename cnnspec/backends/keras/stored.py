"""Parameters and constants as Keras layers, which Keras lacks."""

from __future__ import annotations

from cnnspec.backends.base import Fact, Site
from cnnspec.backends.keras.initial import say_start
from cnnspec.backends.keras.layer import Layers, call_layer
from cnnspec.backends.pycode import Bracketed, Expr
from cnnspec.graph.ir import Node
from cnnspec.ops.stored import Constant, Stored


def parameter(site: Site, name: Expr) -> Layers:
    """A layer of ours, which takes its value for the number of samples."""
    layer = site.require("Parameter")
    return (call_layer(layer, _say_shape(site), initializer=say_start(site), name=name),)


def constant(site: Site, name: Expr) -> Layers:
    """A layer of ours, with the numbers in Keras's order."""
    listed = site.same(lambda node: isinstance(_constant(node).values, tuple))
    values = site.derive("values", _list_values) if listed else site.field("values")
    return (call_layer(site.require("Constant"), _say_shape(site), values=values, name=name),)


def _say_shape(site: Site) -> Expr:
    names = site.same(_name_sizes)
    return Bracketed(tuple(site.field(name) for name in names), "()")


def _name_sizes(node: Node) -> tuple[str, ...]:
    """The sizes with the channels last, as everything in Keras has them."""
    assert isinstance(node.op, Stored)
    names = tuple(node.op.list_sizes())
    return names if "features" in names else (*(n for n in names if n != "channels"), "channels")


def _constant(node: Node) -> Constant:
    assert isinstance(node.op, Constant)
    return node.op


def _list_values(node: Node) -> Fact:
    return _constant(node).list_values(channels_last=True)
