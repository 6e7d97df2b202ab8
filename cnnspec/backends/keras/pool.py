"""Pools as Keras layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from cnnspec.backends.base import Site
from cnnspec.backends.keras.layer import (
    Layers,
    call_layer,
    find_rank,
    text,
    unless,
)
from cnnspec.backends.keras.names import suffix_name
from cnnspec.backends.keras.padding import Sides, is_bare, pad_zeros, write_pairs
from cnnspec.backends.pycode import Expr, literal
from cnnspec.graph.ir import Node
from cnnspec.ops.activation import Relu, Relu6
from cnnspec.ops.base import spread
from cnnspec.ops.pool import AdaptiveAvgPool, AvgPool, LpPool, MaxPool, MinPool
from cnnspec.ops.windows import Window


def max_pool(site: Site, name: Expr) -> Layers:
    """Padding that is never picked, where there is any, and Keras's pool.

    Zeros are such padding for what comes out of a ReLU.
    """
    if _is_same_at_run_time(site):
        return (_pool_extremes(site, name, padding=text("same")),)
    if all(map(_follows_relu, site.nodes)):
        sides = _choose_sides(site)
        return (*pad_zeros(site, name, "padding", sides), _pool_extremes(site, name))
    return (*_pad_infinity(site, name), _pool_extremes(site, name))


def min_pool(site: Site, name: Expr) -> Layers:
    """The maximum of the negated map, negated again."""
    native = _is_same_at_run_time(site)
    return (
        call_layer("layers.Rescaling", literal(-1.0), name=suffix_name(name, "negate")),
        *(() if native else _pad_infinity(site, name)),
        _pool_extremes(site, name, padding=text("same") if native else None),
        call_layer("layers.Rescaling", literal(-1.0), name=suffix_name(name, "restore")),
    )


def avg_pool(site: Site, name: Expr) -> Layers:
    """Keras's pool over padded zeros where all of them count, else a layer of ours."""
    if not any(map(_leaves_out_rows, site.nodes)):
        layer = call_layer(
            f"layers.AveragePooling{find_rank(site)}D",
            site.field("kernel_size"),
            strides=_choose_strides(site),
            name=name,
        )
        return (*pad_zeros(site, name, "padding", _choose_sides(site)), layer)
    hangs = any(any(_find_overhang(node)) for node in site.nodes)
    layer = call_layer(
        site.require("CountedAveragePooling"),
        site.field("kernel_size"),
        strides=_choose_strides(site),
        padding=write_pairs(site, "padding", _find_padding),
        overhang=site.derive("overhang", _choose_overhang(site)) if hangs else None,
        count_padding=unless(site, "count_include_pad", False),
        name=name,
    )
    return (layer,)


def lp_pool(site: Site, name: Expr) -> Layers:
    """A layer of ours; zeros add nothing to a norm, so they fill a window that hangs over."""
    layer = call_layer(
        site.require("LpPooling"),
        site.field("kernel_size"),
        strides=_choose_strides(site),
        norm_type=site.field("norm_type"),
        name=name,
    )
    return (*pad_zeros(site, name, None, _choose_sides(site)), layer)


def global_avg_pool(site: Site, name: Expr) -> Layers:
    """Keras's global average."""
    return (_pool_globally(site, name, "Average"),)


def global_max_pool(site: Site, name: Expr) -> Layers:
    """Keras's global maximum."""
    return (_pool_globally(site, name, "Max"),)


def adaptive_avg_pool(site: Site, name: Expr) -> Layers:
    """A global average for one bin, a plain one where the bins are equal, else a layer of ours.

    Keras's own adaptive pooling is wrong on some of its backends.
    """
    if all(_count_bins(node) == 1 for node in site.nodes):
        kind = f"layers.GlobalAveragePooling{find_rank(site)}D"
        return (call_layer(kind, keepdims=literal(True), name=name),)
    if site.is_open():
        support = site.require("OpenAdaptiveAveragePooling")
        return (call_layer(support, site.field("output_size"), name=name),)
    if site.same(_divides):
        kind = f"layers.AveragePooling{find_rank(site)}D"
        return (call_layer(kind, site.derive("pool_size", _find_bin), name=name),)
    support = site.require("AdaptiveAveragePooling")
    return (call_layer(support, site.field("output_size"), name=name),)


def _pool_globally(site: Site, name: Expr, kind: str) -> Expr:
    return call_layer(
        f"layers.Global{kind}Pooling{find_rank(site)}D",
        keepdims=unless(site, "keepdims", False),
        name=name,
    )


def _pool_extremes(site: Site, name: Expr, padding: Expr | None = None) -> Expr:
    dilation = unless(site, "dilation", 1)
    native = f"layers.MaxPooling{find_rank(site)}D"
    return call_layer(
        native if dilation is None else site.require("DilatedMaxPooling"),
        site.field("kernel_size"),
        strides=_choose_strides(site),
        padding=padding,
        dilation_rate=dilation,
        name=name,
    )


def _is_same_at_run_time(site: Site) -> bool:
    """Whether the padding follows from the size of the input, which Keras's pool computes too.

    Rows that it adds at the border are no larger than those inside of the same window.
    """
    return site.varies(_find_padding) and unless(site, "dilation", 1) is None


def _choose_overhang(site: Site) -> Callable[[Node], tuple[int, ...]]:
    """What the last window reads past the padding: at most, where sizes are open."""
    return _find_slack if site.varies(_find_overhang) else _find_overhang


def _choose_sides(site: Site) -> Callable[[Node], Sides]:
    """The padding, and what the last window reads past it."""
    overhang = _choose_overhang(site)

    def find(node: Node) -> Sides:
        pairs = zip(_find_padding(node), overhang(node), strict=True)
        return tuple((before, after + rows) for (before, after), rows in pairs)

    return find


def _pad_infinity(site: Site, name: Expr) -> Layers:
    rows = write_pairs(site, "padding", _choose_sides(site))
    if rows is None:
        return ()
    support = site.require("NegativeInfinityPadding")
    return (call_layer(support, rows, name=suffix_name(name, "pad")),)


def _choose_strides(site: Site) -> Expr | None:
    """The keyword for the stride, which Keras too takes from the window where it is unset."""
    unset = [_read_pool(node).stride is None for node in site.nodes]
    if all(unset):
        return None
    if any(unset):
        return site.derive("strides", lambda node: _read_pool(node).step)
    return site.field("stride")


def _follows_relu(node: Node) -> bool:
    """Whether the map has no negative values, and none that a zero in its place would rob.

    A zero of the padding may win against a zero of the map and take its gradient, which ReLU then
    drops anyway.
    """
    producer = node.inputs[0].producer
    return producer is not None and isinstance(producer.op, Relu | Relu6)


def _read_pool(node: Node) -> MaxPool | MinPool | AvgPool | LpPool:
    return cast(MaxPool | MinPool | AvgPool | LpPool, node.op)


def _find_windows(node: Node) -> tuple[Window, ...]:
    return _read_pool(node).resolve(node.shapes[0])


def _find_padding(node: Node) -> Sides:
    return tuple((window.before, window.after) for window in _find_windows(node))


def _find_overhang(node: Node) -> tuple[int, ...]:
    pairs = zip(_find_windows(node), node.shapes[0].sizes, strict=True)
    return tuple(window.find_overhang(size) for window, size in pairs)


def _find_slack(node: Node) -> tuple[int, ...]:
    return tuple(window.slack for window in _find_windows(node))


def _leaves_out_rows(node: Node) -> bool:
    """Whether a mean does not count all rows of its window."""
    counts = cast(AvgPool, node.op).count_include_pad
    return any(_find_overhang(node)) or not (counts or is_bare(_find_padding(node)))


def _count_bins(node: Node) -> int:
    return max(_find_bins(node))


def _find_bins(node: Node) -> tuple[int, ...]:
    op = cast(AdaptiveAvgPool, node.op)
    return spread(op.output_size, node.shapes[0].rank, "output_size")


def _divides(node: Node) -> bool:
    pairs = zip(node.shapes[0].sizes, _find_bins(node), strict=True)
    return all(size % bins == 0 for size, bins in pairs)


def _find_bin(node: Node) -> int | tuple[int, ...]:
    sizes = zip(node.shapes[0].sizes, _find_bins(node), strict=True)
    rows = tuple(size // bins for size, bins in sizes)
    return rows[0] if len(set(rows)) == 1 else rows
