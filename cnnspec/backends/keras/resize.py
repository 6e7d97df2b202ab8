"""Interpolation as Keras layers."""

from __future__ import annotations

from typing import cast

from cnnspec.backends.base import Site
from cnnspec.backends.keras.layer import Layers, call_layer, find_rank, list_ops, unless
from cnnspec.backends.keras.merge import Merged
from cnnspec.backends.pycode import Expr
from cnnspec.graph.ir import Node
from cnnspec.ops.resize import Upsample


def upsample(site: Site, name: Expr) -> Layers:
    """Keras's upsampling, or a layer of ours: over one axis and three Keras only repeats."""
    rank = find_rank(site)
    if not site.same(_has_own_layer):
        return (_write_resize(site, name, scale_factor=site.field("scale_factor")),)
    if rank != 2 and site.same(_interpolates):
        support = site.require("LinearUpsampling")
        return (call_layer(support, site.field("scale_factor"), name=name),)
    listed = any(isinstance(cast(Upsample, op).scale_factor, tuple) for op in list_ops(site))
    layer = call_layer(
        f"layers.UpSampling{rank}D",
        # One axis takes a number, not a list of one.
        site.derive("scale_factor", _find_factor)
        if rank == 1 and listed
        else site.field("scale_factor"),
        interpolation=unless(site, "mode", "nearest") if rank == 2 else None,
        name=name,
    )
    return (layer,)


def resize(site: Site, name: Expr) -> Layers:
    """A layer of ours: Keras's own computes in single precision, and picks other nearest rows."""
    return (_write_resize(site, name, size=site.field("size")),)


def resize_like(site: Site, name: Expr) -> Merged:
    """A layer of ours, which takes the map and the other value."""
    return Merged(((), ()), _write_resize(site, name))


def _write_resize(site: Site, name: Expr, **extent: Expr) -> Expr:
    return call_layer(
        site.require("Resize"),
        **extent,
        mode=unless(site, "mode", "nearest"),
        align_corners=unless(site, "align_corners", False),
        name=name,
    )


def _has_own_layer(node: Node) -> bool:
    """Keras's layers do not take rows from the first to the last."""
    return not cast(Upsample, node.op).align_corners


def _interpolates(node: Node) -> bool:
    return cast(Upsample, node.op).mode != "nearest"


def _find_factor(node: Node) -> int:
    return cast(Upsample, node.op).factors(node.shapes[0])[0]
