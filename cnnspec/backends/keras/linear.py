"""The linear layer as a Keras layer."""

from __future__ import annotations

from cnnspec.backends.base import Site
from cnnspec.backends.keras.initial import choose_initializers
from cnnspec.backends.keras.layer import Layers, call_layer, unless
from cnnspec.backends.pycode import Expr


def linear(site: Site, name: Expr) -> Layers:
    """Keras's dense layer."""
    units, bias = site.field("out_features"), unless(site, "bias", True)
    starts = choose_initializers(site)
    return (call_layer("layers.Dense", units, use_bias=bias, **starts, name=name),)
