"""Ops that act in training only, as Keras layers."""

from __future__ import annotations

from cnnspec.backends.base import Site
from cnnspec.backends.keras.layer import Layers, call_layer, find_rank
from cnnspec.backends.pycode import Bracketed, Expr, literal


def dropout(site: Site, name: Expr) -> Layers:
    """Keras's dropout."""
    return (call_layer("layers.Dropout", site.field("p"), name=name),)


def stochastic_depth(site: Site, name: Expr) -> Layers:
    """Keras's dropout with one draw for each sample."""
    axes = site.same(lambda node: len(node.shapes[0].dims))
    noise = Bracketed((literal(None), *[literal(1)] * axes), "()")
    return (call_layer("layers.Dropout", site.field("p"), noise_shape=noise, name=name),)


def spatial_dropout(site: Site, name: Expr) -> Layers:
    """Keras's dropout of whole channels."""
    kind = f"layers.SpatialDropout{find_rank(site)}D"
    return (call_layer(kind, site.field("p"), name=name),)
