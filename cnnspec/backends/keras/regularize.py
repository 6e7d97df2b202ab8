"""Ops that act in training only, as Keras layers."""

from __future__ import annotations

from cnnspec.backends.base import Site
from cnnspec.backends.keras.layer import Layers, call_layer, find_rank
from cnnspec.backends.pycode import Expr


def dropout(site: Site, name: Expr) -> Layers:
    """Keras's dropout."""
    return (call_layer("layers.Dropout", site.field("p"), name=name),)


def spatial_dropout(site: Site, name: Expr) -> Layers:
    """Keras's dropout of whole channels."""
    kind = f"layers.SpatialDropout{find_rank(site)}D"
    return (call_layer(kind, site.field("p"), name=name),)
