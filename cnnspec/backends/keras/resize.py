"""Interpolation as Keras layers."""

from __future__ import annotations

from typing import cast

from cnnspec.backends.base import Site
from cnnspec.backends.keras.layer import Layers, call_layer, find_rank, list_ops, unless
from cnnspec.backends.pycode import Expr
from cnnspec.graph.ir import Node
from cnnspec.ops.resize import Upsample


def upsample(site: Site, name: Expr) -> Layers:
    """Keras's upsampling, whose two ways to interpolate are ours."""
    rank = find_rank(site)
    listed = any(isinstance(cast(Upsample, op).scale_factor, tuple) for op in list_ops(site))
    layer = call_layer(
        f"layers.UpSampling{rank}D",
        # One axis takes a number, not a list of one.
        site.derive("scale_factor", _find_factor)
        if rank == 1 and listed
        else site.field("scale_factor"),
        interpolation=unless(site, "mode", "nearest"),
        name=name,
    )
    return (layer,)


def _find_factor(node: Node) -> int:
    return cast(Upsample, node.op).factors(node.shapes[0])[0]
