"""Normalisation layers as Keras layers."""

from __future__ import annotations

from typing import cast

from cnnspec.backends.base import CannotSayError, Site
from cnnspec.backends.keras.initial import choose_initializers
from cnnspec.backends.keras.layer import Layers, call_layer, choose_affine, unless
from cnnspec.backends.pycode import Expr, literal
from cnnspec.graph.ir import Node
from cnnspec.ops.norm import BatchNorm, LayerNorm

# What norms call the initializers of their scale and shift.
_STARTS = ("gamma_initializer", "beta_initializer")


def batch_norm(site: Site, name: Expr) -> Layers:
    """Keras's batch normalisation, whose momentum is the share of the old statistics."""
    layer = call_layer(
        "layers.BatchNormalization",
        momentum=site.derive("momentum", _find_momentum),
        epsilon=site.field("eps"),
        **choose_affine(site),
        **choose_initializers(site, *_STARTS),
        name=name,
    )
    return (layer,)


def layer_norm(site: Site, name: Expr) -> Layers:
    """Keras's layer normalisation over the last axis, or over all axes of a sample."""
    axes = site.same(_list_axes)
    if len(axes) > 1 and site.is_open() and any(node.weights for node in site.nodes):
        raise CannotSayError("its scale has the map's sizes, and Keras takes them from open ones")
    layer = call_layer(
        "layers.LayerNormalization",
        axis=None if len(axes) == 1 else literal(list(axes)),
        epsilon=site.field("eps"),
        **choose_affine(site),
        **choose_initializers(site, *_STARTS),
        name=name,
    )
    return (layer,)


def group_norm(site: Site, name: Expr) -> Layers:
    """Keras's group normalisation."""
    return (_normalise_groups(site, name, site.field("num_groups")),)


def instance_norm(site: Site, name: Expr) -> Layers:
    """Keras's group normalisation with a group for each channel."""
    return (_normalise_groups(site, name, literal(-1)),)


def local_response_norm(site: Site, name: Expr) -> Layers:
    """A layer of ours: Keras has none."""
    layer = call_layer(
        site.require("LocalResponseNormalization"),
        site.field("size"),
        alpha=unless(site, "alpha", 1e-4),
        beta=unless(site, "beta", 0.75),
        k=unless(site, "k", 1.0),
        name=name,
    )
    return (layer,)


def l2_normalize(site: Site, name: Expr) -> Layers:
    """A layer of ours: Keras's own adds to the length on some of its backends."""
    epsilon = unless(site, "eps", 1e-12)
    return (call_layer(site.require("L2Normalization"), epsilon=epsilon, name=name),)


def scale(site: Site, name: Expr) -> Layers:
    """A layer of ours: Keras has none that only multiplies."""
    starts = choose_initializers(site, _STARTS[0])
    return (call_layer(site.require("Scale"), **starts, name=name),)


def _normalise_groups(site: Site, name: Expr, groups: Expr) -> Expr:
    return call_layer(
        "layers.GroupNormalization",
        groups=groups,
        epsilon=site.field("eps"),
        **choose_affine(site),
        **choose_initializers(site, *_STARTS),
        name=name,
    )


def _find_momentum(node: Node) -> float:
    return round(1 - cast(BatchNorm, node.op).momentum, 12)


def _list_axes(node: Node) -> tuple[int, ...]:
    if cast(LayerNorm, node.op).axes == "channels":
        return (-1,)
    return tuple(range(1, len(node.shapes[0].dims) + 1))
