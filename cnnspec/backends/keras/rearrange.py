"""Parts of values and orders of channels, as Keras layers of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from cnnspec.backends.base import Site
from cnnspec.backends.keras.layer import Layers, call_layer, unless
from cnnspec.backends.pycode import Expr, literal
from cnnspec.graph.ir import Node
from cnnspec.ops.rearrange import Slice


def slice_entries(site: Site, name: Expr) -> Layers:
    """Entries along some axes."""
    layer = call_layer(
        site.require("Slice"),
        literal(site.same(_find_axes)),
        start=unless(site, "start", 0),
        stop=unless(site, "stop", None),
        step=unless(site, "step", 1),
        name=name,
    )
    return (layer,)


def _find_axes(node: Node) -> tuple[int, ...]:
    """The axes that are cut, by Keras's numbers: the channels are the last."""
    shape = node.shapes[0]
    return tuple(axis or len(shape.dims) for axis in cast(Slice, node.op).find_axes(shape))


def _with_fields(support: str, *fields: str) -> Callable[[Site, Expr], Layers]:
    """A layer of ours that takes an op's fields in order."""

    def make(site: Site, name: Expr) -> Layers:
        return (call_layer(site.require(support), *map(site.field, fields), name=name),)

    return make


split = _with_fields("Split", "parts", "index")
pad_channels = _with_fields("ChannelPadding", "padding")
channel_shuffle = _with_fields("ChannelShuffle", "groups")
pixel_shuffle = _with_fields("PixelShuffle", "factor")
pixel_unshuffle = _with_fields("PixelUnshuffle", "factor")
