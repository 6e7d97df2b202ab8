"""Normalisation in PyTorch."""

from __future__ import annotations

from typing import cast

from cnnspec.backends.pycode import Bracketed, Call, Expr, literal
from cnnspec.backends.torch.leaf import Leaf, TorchSite, keywords, ranked, unset
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


def batch_norm(site: TorchSite) -> Expr:
    """BatchNorm1d serves vectors as well as maps of rank 1."""
    rank = site.same(lambda node: max(1, node.shapes[0].rank))
    fields = keywords(site, "eps", "momentum", "affine")
    return Call(f"nn.BatchNorm{rank}d", (site.in_channels(),), fields)


def layer_norm(site: TorchSite) -> Expr:
    """Over everything, over the last axis, or over the channels of a map."""
    affine = () if unset(site, "affine") else (("elementwise_affine", site.field("affine")),)
    fields = (*keywords(site, "eps"), *affine)
    kind = site.same(lambda node: node.shapes[0].kind)
    if site.same(lambda node: cast(LayerNorm, node.op).axes) == "all" and kind is not Kind.VECTOR:
        sizes = site.same(lambda node: node.shapes[0].dims)
        return Call("nn.LayerNorm", (Bracketed(tuple(map(literal, sizes)), "()"),), fields)
    if kind is Kind.MAP:
        # The class serves maps of any rank; the rank in its name says what it is used on here.
        name = site.require(ranked(site, "LayerNorm"))
        return Call(name, (site.in_channels(),), fields)
    return Call("nn.LayerNorm", (site.in_channels(),), fields)


def group_norm(site: TorchSite) -> Expr:
    """A norm over groups of channels."""
    arguments = (site.field("num_groups"), site.in_channels())
    return Call("nn.GroupNorm", arguments, keywords(site, "eps", "affine"))


def instance_norm(site: TorchSite) -> Expr:
    """A norm over each channel of each sample."""
    fields = keywords(site, "eps", "affine")
    return Call(ranked(site, "nn.InstanceNorm"), (site.in_channels(),), fields)


def local_response_norm(site: TorchSite) -> Expr:
    """A norm over neighbouring channels."""
    fields = keywords(site, "alpha", "beta", "k")
    return Call("nn.LocalResponseNorm", (site.field("size"),), fields)


def _call_local_response_norm(site: TorchSite, x: Expr) -> Expr:
    fields = keywords(site, "alpha", "beta", "k")
    return Call("F.local_response_norm", (x, site.field("size")), fields)


def l2_normalize(site: TorchSite) -> Expr:
    """The channels over their length, as a module of ours."""
    return Call(site.require("L2Normalize"), (), (*_say_dim(site), *keywords(site, "eps")))


def _call_l2_normalize(site: TorchSite, x: Expr) -> Expr:
    return Call("F.normalize", (x,), (*_say_dim(site), *keywords(site, "eps")))


def scale(site: TorchSite) -> Expr:
    """A learned number for each channel, as a module of ours."""
    return Call(site.require("Scale"), (site.in_channels(),), _say_dim(site))


def _say_dim(site: TorchSite) -> tuple[tuple[str, Expr], ...]:
    """The axis of the channels, where it is not the first after the batch."""
    tokens = site.same(lambda node: node.shapes[0].kind is Kind.TOKENS)
    return (("dim", literal(-1)),) if tokens else ()


LEAVES: dict[type[Op], Leaf] = {
    BatchNorm: Leaf(batch_norm),
    LayerNorm: Leaf(layer_norm),
    GroupNorm: Leaf(group_norm),
    InstanceNorm: Leaf(instance_norm),
    LocalResponseNorm: Leaf(local_response_norm, _call_local_response_norm),
    L2Normalize: Leaf(l2_normalize, _call_l2_normalize),
    Scale: Leaf(scale),
}
