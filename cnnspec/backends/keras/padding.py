"""Rows added or cut around a map, as Keras writes them."""

from __future__ import annotations

from collections.abc import Callable

from cnnspec.backends.base import Fact, Site
from cnnspec.backends.keras.layer import Layers, call_layer, find_rank
from cnnspec.backends.keras.names import suffix_name
from cnnspec.backends.pycode import Expr
from cnnspec.graph.ir import Node

Sides = tuple[tuple[int, int], ...]


def is_bare(sides: Sides) -> bool:
    """Whether no axis has any rows."""
    return not any(map(any, sides))


def pad_zeros(site: Site, name: Expr, field: str | None, find: Callable[[Node], Sides]) -> Layers:
    """The layer that pads with zeros before the op's own layer; none where nothing is padded."""
    if all(is_bare(find(node)) for node in site.nodes):
        return ()
    kind = f"layers.ZeroPadding{find_rank(site)}D"
    return (call_layer(kind, write_sides(site, field, find), name=suffix_name(name, "pad")),)


def write_sides(site: Site, field: str | None, find: Callable[[Node], Sides]) -> Expr:
    """Rows for a padding or cropping layer of Keras.

    They are the author's expression where Keras reads that field as just these rows.
    """
    if field is not None and all(
        _read_sides(getattr(node.op, field), len(find(node))) == find(node) for node in site.nodes
    ):
        return site.field(field)
    return site.derive(field or "padding", lambda node: _shorten(find(node)))


def write_pairs(site: Site, field: str, find: Callable[[Node], Sides]) -> Expr | None:
    """Rows for a support layer: one number, or (before, after) for each axis; None for no rows."""
    if all(is_bare(find(node)) for node in site.nodes):
        return None
    if all(
        isinstance(value := getattr(node.op, field), int)
        and _read_sides(value, len(find(node))) == find(node)
        for node in site.nodes
    ):
        return site.field(field)
    return site.derive(field, lambda node: _collapse(find(node)))


def _read_sides(value: object, rank: int) -> Sides | None:
    """What Keras understands by a padding: one number, one per axis, or both sides of one axis."""
    if isinstance(value, int):
        return ((value, value),) * rank
    if isinstance(value, tuple) and len(value) == 2 and rank == 1:
        return ((value[0], value[1]),)
    if isinstance(value, tuple) and len(value) == rank > 1:
        return tuple((entry, entry) for entry in value)
    return None


def _collapse(sides: Sides) -> Fact:
    return sides[0][0] if len(set(sum(sides, ()))) == 1 else sides


def _shorten(sides: Sides) -> Fact:
    """The shortest form that Keras takes."""
    short = _collapse(sides)
    if isinstance(short, int):
        return short
    if len(sides) == 1:
        return sides[0]
    even = all(before == after for before, after in sides)
    return tuple(before for before, _ in sides) if even else sides
