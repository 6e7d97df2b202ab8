"""Attention and tokens as Keras layers."""

from __future__ import annotations

from math import prod
from typing import cast

from cnnspec.backends.base import CannotSayError, Site
from cnnspec.backends.keras.initial import choose_initializers, say_start
from cnnspec.backends.keras.layer import Layers, call_layer, unless
from cnnspec.backends.pycode import Binary, Bracketed, Code, Expr, literal
from cnnspec.graph.ir import Node
from cnnspec.ops.attention import Attention
from cnnspec.ops.tokens import ToMap


def attention(site: Site, name: Expr) -> Layers:
    """Keras's attention, whose key has the width of one head; it takes its value twice."""
    if any(_is_mixed_up(node, site.is_open()) for node in site.nodes):
        raise CannotSayError(
            "on TensorFlow, Keras adds the bias of heads of one channel to as many tokens; "
            "without bias it can"
        )
    layer = call_layer(
        "layers.MultiHeadAttention",
        site.field("num_heads"),
        key_dim=_say_width(site),
        dropout=unless(site, "dropout", 0.0),
        use_bias=unless(site, "bias", True),
        **choose_initializers(site),
        name=name,
    )
    return (layer,)


def to_tokens(site: Site, name: Expr) -> Layers:
    """A reshape: maps have their channels last."""
    count: Expr = literal(-1)
    if site.is_open() and not site.varies(_count_positions):
        # Keras does not see that there are as many whatever the open sizes.
        count = site.derive("tokens", _count_positions)
    shape = Bracketed((count, site.in_channels()), "()")
    return (call_layer("layers.Reshape", shape, name=name),)


def to_map(site: Site, name: Expr) -> Layers:
    """A reshape: maps have their channels last."""
    sizes = site.same(_list_sizes)
    shape = Bracketed((*map(literal, sizes), site.in_channels()), "()")
    return (call_layer("layers.Reshape", shape, name=name),)


def class_token(site: Site, name: Expr) -> Layers:
    """A layer of ours: Keras has none."""
    layer = call_layer(
        site.require("ClassToken"),
        count=unless(site, "count", 1),
        initializer=say_start(site),
        name=name,
    )
    return (layer,)


def position_embedding(site: Site, name: Expr) -> Layers:
    """A layer of ours: Keras has none outside of its libraries."""
    start = say_start(site)
    return (call_layer(site.require("PositionEmbedding"), initializer=start, name=name),)


def select_token(site: Site, name: Expr) -> Layers:
    """A layer of ours: Keras has none."""
    return (call_layer(site.require("SelectToken"), site.field("index"), name=name),)


def _say_width(site: Site) -> Expr:
    """The channels of one head: a number where both numbers are known."""
    channels, heads = site.in_channels(), site.field("num_heads")
    known = all(isinstance(e, Code) and e.text.isdecimal() for e in (channels, heads))
    return site.derive("key_dim", _count_width) if known else Binary(channels, "//", heads)


def _count_width(node: Node) -> int:
    return node.shape.channels // cast(Attention, node.op).num_heads


def _list_sizes(node: Node) -> tuple[int, ...]:
    return cast(ToMap, node.op).list_sizes()


def _count_positions(node: Node) -> int:
    return prod(node.shapes[0].sizes)


def _is_mixed_up(node: Node, is_open: bool) -> bool:
    """Whether Keras 3.15 gives wrong numbers on TensorFlow.

    Its sum takes a second value with one long axis for a bias of the channels, which it thinks are
    first if their number is that of the first axis behind the samples: of the tokens here.
    """
    op, (shape, *_) = cast(Attention, node.op), node.shapes
    if not op.bias or op.num_heads == 1 or op.num_heads != shape.channels:
        return False
    return is_open or shape.sizes[0] == op.num_heads
