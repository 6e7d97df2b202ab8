"""Ops that move or cut values, as Keras layers."""

from __future__ import annotations

from typing import cast

from cnnspec.backends.base import Site
from cnnspec.backends.keras.layer import Layers, call_layer, find_rank
from cnnspec.backends.keras.names import suffix_name
from cnnspec.backends.keras.padding import Sides, write_sides
from cnnspec.backends.pycode import Bracketed, Expr, literal
from cnnspec.graph.ir import Node
from cnnspec.ops.reshape import Crop, ZeroPad
from cnnspec.ops.shapes import Kind


def flatten(site: Site, name: Expr) -> Layers:
    """Keras's flatten; a map has its channels moved to the front first, where order matters."""
    rank = site.same(_count_moved_axes)
    if site.is_open() and not site.varies(_count_features):
        # Keras's own does not see that the result is as long whatever the open sizes.
        features = site.derive("features", _count_features)
        flat = call_layer("layers.Reshape", Bracketed((features,), "()"), name=name)
    else:
        flat = call_layer("layers.Flatten", name=name)
    if not rank:
        return (flat,)
    order = literal((rank + 1, *range(1, rank + 1)))
    return (call_layer("layers.Permute", order, name=suffix_name(name, "channels_first")), flat)


def zero_pad(site: Site, name: Expr) -> Layers:
    """Keras's zero padding."""

    def find(node: Node) -> Sides:
        return cast(ZeroPad, node.op).resolve_sides(node.shapes[0])

    rows = write_sides(site, "padding", find)
    return (call_layer(f"layers.ZeroPadding{find_rank(site)}D", rows, name=name),)


def crop(site: Site, name: Expr) -> Layers:
    """Keras's cropping."""

    def find(node: Node) -> Sides:
        return cast(Crop, node.op).resolve_sides(node.shapes[0])

    rows = write_sides(site, "margins", find)
    return (call_layer(f"layers.Cropping{find_rank(site)}D", rows, name=name),)


def identity(site: Site, name: Expr) -> Layers:
    """Keras's identity."""
    return (call_layer("layers.Identity", name=name),)


def _count_moved_axes(node: Node) -> int:
    """The spatial axes that the channels have to pass; 0 where the order is the same anyway."""
    (shape,) = node.shapes
    moves = shape.kind is Kind.MAP and shape.channels > 1 and max(shape.sizes) > 1
    return shape.rank if moves else 0


def _count_features(node: Node) -> int:
    return node.shape.channels
