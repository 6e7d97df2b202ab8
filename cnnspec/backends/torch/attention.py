"""Attention and tokens in PyTorch."""

from __future__ import annotations

from typing import cast

from cnnspec.backends.pycode import Binary, Bracketed, Call, Expr, format_inline, literal
from cnnspec.backends.pyexpr import Attribute, Subscript
from cnnspec.backends.torch.leaf import Held, Leaf, TorchSite, keywords, unset
from cnnspec.backends.torch.stored import refuse_sequence
from cnnspec.graph.ir import Node
from cnnspec.ops.attention import Attention
from cnnspec.ops.base import Op
from cnnspec.ops.tokens import ClassToken, PositionEmbedding, SelectToken, ToMap, ToTokens


def _write_attention(site: TorchSite, name: str) -> Expr:
    dropout = () if unset(site, "dropout") else (("dropout", site.field("dropout")),)
    fields = (*dropout, *keywords(site, "bias"), ("batch_first", literal(True)))
    return Call(name, (site.in_channels(), site.field("num_heads")), fields)


def attention(site: TorchSite) -> Expr:
    """A module of one input, which a sequence can hold."""
    return _write_attention(site, site.require("SelfAttention"))


def hold_attention(site: TorchSite) -> Expr:
    """PyTorch's own, which is told query, key and value apart."""
    return _write_attention(site, "nn.MultiheadAttention")


def _attend(site: TorchSite, module: Expr, x: Expr) -> Expr:
    call = Call(module, (x, x, x), (("need_weights", literal(False)),))
    return Subscript(call, "0")


def _count_tokens(node: Node) -> int:
    return node.shapes[0].sizes[0]


def _hold_zeros(site: TorchSite, count: Expr) -> Expr:
    zeros = Call("torch.zeros", (literal(1), count, site.in_channels()))
    return Call("nn.Parameter", (zeros,))


def _put_first(site: TorchSite, parameter: Expr, x: Expr) -> Expr:
    batch = Subscript(Attribute(x, "shape"), "0")
    tokens = Call(Attribute(parameter, "expand"), (batch, literal(-1), literal(-1)))
    return Call("torch.cat", (Bracketed((tokens, x)),), (("dim", literal(1)),))


def _list_sizes(node: Node) -> tuple[int, ...]:
    return cast(ToMap, node.op).list_sizes()


def _put_in_map(site: TorchSite, x: Expr) -> Expr:
    turned = Call(Attribute(x, "transpose"), (literal(1), literal(2)))
    # The method of a tensor has no types.
    return Call("torch.unflatten", (turned, literal(2), site.derive("sizes", _list_sizes)))


def _put_in_sequence(site: TorchSite, x: Expr) -> Expr:
    flat = Call(Attribute(x, "flatten"), (literal(2),))
    return Call(Attribute(flat, "transpose"), (literal(1), literal(2)))


def _select(site: TorchSite, x: Expr) -> Expr:
    return Subscript(x, f":, {format_inline(site.field('index'))}")


LEAVES: dict[type[Op], Leaf] = {
    Attention: Leaf(attention, held=Held(hold_attention, _attend)),
    ToTokens: Leaf(lambda site: Call(site.require("ToTokens")), _put_in_sequence, names_input=True),
    ToMap: Leaf(
        lambda site: Call(site.require("ToMap"), (site.derive("sizes", _list_sizes),)),
        _put_in_map,
        names_input=True,
    ),
    ClassToken: Leaf(
        refuse_sequence,
        held=Held(lambda site: _hold_zeros(site, site.field("count")), _put_first),
    ),
    PositionEmbedding: Leaf(
        refuse_sequence,
        held=Held(
            lambda site: _hold_zeros(site, site.derive("tokens", _count_tokens)),
            lambda site, parameter, x: Binary(x, "+", parameter),
        ),
    ),
    SelectToken: Leaf(
        lambda site: Call(site.require("SelectToken"), (site.field("index"),)),
        _select,
        names_input=True,
    ),
}
