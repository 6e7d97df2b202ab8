"""Merging ops as Keras layers."""

from __future__ import annotations

from cnnspec.backends.base import Site
from cnnspec.backends.keras.layer import Layers, call_layer, unless
from cnnspec.backends.keras.names import suffix_name
from cnnspec.backends.pycode import Expr, literal
from cnnspec.graph.ir import Node
from cnnspec.ops.shapes import Kind
from cnnspec.records import dataclass


@dataclass(frozen=True, slots=True)
class Merged:
    """The layers that each input passes first, and the layer that takes the list of them."""

    inputs: tuple[Layers, ...]
    layer: Expr


def add(site: Site, name: Expr) -> Merged:
    """Keras's sum, or a layer of ours: what stretches Keras may take for a bias on TensorFlow."""
    # Where sizes are open, what is as large as the others here is not at another size.
    stretches = site.same(_takes_stored if site.is_open() else _stretches)
    layer = site.require("BroadcastAdd") if stretches else "layers.Add"
    return _merge(site, call_layer(layer, name=name))


def concat(site: Site, name: Expr) -> Merged:
    """Keras's concatenation, along the last axis, where the channels are."""
    return _merge(site, call_layer("layers.Concatenate", name=name))


def multiply(site: Site, name: Expr) -> Merged:
    """Keras's product; a vector that gates a map becomes a map of one position first."""
    gates = site.same(_find_gates)
    several = sum(map(bool, gates)) > 1
    inputs = []
    for position, rank in enumerate(gates, start=1):
        suffix = f"gate{position}" if several else "gate"
        shape = literal((*[1] * rank, -1))
        reshape = call_layer("layers.Reshape", shape, name=suffix_name(name, suffix))
        inputs.append((reshape,) if rank else ())
    return Merged(tuple(inputs), call_layer("layers.Multiply", name=name))


def crop_like(site: Site, name: Expr) -> Merged:
    """A layer of ours, which takes the map and the other value."""
    offset = unless(site, "offset", "center")
    return Merged(((), ()), call_layer(site.require("CropLike"), offset=offset, name=name))


def _merge(site: Site, layer: Expr) -> Merged:
    count = site.same(lambda node: len(node.inputs))
    return Merged(((),) * count, layer)


def _takes_stored(node: Node) -> bool:
    """Whether the network's own values are among those that are added: they alone may stretch."""
    return any(value.is_stored for value in node.inputs)


def _stretches(node: Node) -> bool:
    return any(shape.dims != node.shape.dims for shape in node.shapes)


def _find_gates(node: Node) -> tuple[int, ...]:
    """For each input the number of axes that it lacks."""
    rank = node.shape.rank if node.shape.kind is Kind.MAP else 0
    return tuple(rank if shape.kind is Kind.VECTOR else 0 for shape in node.shapes)
