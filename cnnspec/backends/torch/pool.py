"""Pooling in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from cnnspec.backends.base import Fact
from cnnspec.backends.pycode import Call, Expr, literal
from cnnspec.backends.torch.leaf import Leaf, TorchSite, keywords, ranked, sides_fact, unset
from cnnspec.graph.ir import Node
from cnnspec.ops.base import Op
from cnnspec.ops.pool import (
    AdaptiveAvgPool,
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    LpPool,
    MaxPool,
    MinPool,
)
from cnnspec.ops.windows import Window

Sides = tuple[tuple[int, int], ...]


def _windows(node: Node) -> tuple[Window, ...]:
    return cast(MaxPool, node.op).resolve(node.shapes[0])


def _padding(node: Node) -> int | tuple[int, ...]:
    before = tuple(window.before for window in _windows(node))
    return before[0] if len(set(before)) == 1 else before


def _is_native(node: Node) -> bool:
    """Whether PyTorch's own pooling can say the padding: even, and at most half the kernel."""
    return all(w.before == w.after and 2 * w.before <= w.kernel for w in _windows(node))


def _is_native_mean(node: Node) -> bool:
    """Whether PyTorch's own average can say it.

    Over three axes it wants the map without its padding to hold a whole window.
    """
    pairs = zip(_windows(node), node.shapes[0].sizes, strict=True)
    return _is_native(node) and (
        node.shapes[0].rank < 3 or all(size >= window.kernel for window, size in pairs)
    )


def _overhang(node: Node) -> Sides:
    sizes = node.shapes[0].sizes
    return tuple((0, w.find_overhang(n)) for w, n in zip(_windows(node), sizes, strict=True))


def _slack(node: Node) -> Sides:
    """The overhang that serves every size: what no window gets to stays unread."""
    return tuple((0, w.slack) for w in _windows(node))


def _choose_overhang(site: TorchSite) -> Callable[[Node], Sides]:
    return _slack if site.varies(_overhang) else _overhang


def _sides(node: Node) -> Sides:
    return tuple((w.before, w.after) for w in _windows(node))


def _sides_with(overhang: Callable[[Node], Sides]) -> Callable[[Node], Sides]:
    def compute(node: Node) -> Sides:
        pairs = zip(_sides(node), overhang(node), strict=True)
        return tuple((before, after + extra) for (before, after), (_, extra) in pairs)

    return compute


def _write_padding(site: TorchSite) -> tuple[tuple[str, Expr], ...]:
    if all(_padding(node) == 0 for node in site.nodes):
        return ()
    if all(_is_written(node) for node in site.nodes):
        return (("padding", site.field("padding")),)
    return (("padding", site.derive("padding", _padding)),)


def _is_written(node: Node) -> bool:
    padding = cast(MaxPool, node.op).padding
    return isinstance(padding, int) or (
        isinstance(padding, tuple) and len(padding) == node.shapes[0].rank
    )


def _window_keywords(site: TorchSite, *more: str) -> tuple[tuple[str, Expr], ...]:
    return (
        ("kernel_size", site.field("kernel_size")),
        *keywords(site, "stride"),
        *_write_padding(site),
        *keywords(site, *more),
    )


def _step(site: TorchSite) -> tuple[str, Expr]:
    return ("stride", site.field("kernel_size" if unset(site, "stride") else "stride"))


def _require_stride(site: TorchSite) -> None:
    """Uses that set a stride and uses that do not are two pieces of code."""
    site.same(lambda node: cast(MaxPool, node.op).stride is None)


def _extreme(native: str, padded: str) -> Callable[[TorchSite], Expr]:
    def write(site: TorchSite) -> Expr:
        _require_stride(site)
        if site.varies(_sides):
            return _pad_at_run_time(site, padded.replace("Padded", "SamePadded"), "dilation")
        if site.same(_is_native):
            name = ranked(site, native)
            callee = name if name.startswith("nn.") else site.require(name)
            return Call(callee, (), _window_keywords(site, "dilation", "ceil_mode"))
        sides = ("sides", site.derive("sides", sides_fact(_sides_with(_choose_overhang(site)))))
        return Call(
            site.require(ranked(site, padded)),
            (site.field("kernel_size"),),
            (_step(site), sides, *keywords(site, "dilation")),
        )

    return write


def _pad_at_run_time(site: TorchSite, word: str, *more: str) -> Expr:
    """A pool with the padding of `same`, which follows from the size of its input."""
    name = site.require(ranked(site, word))
    return Call(name, (site.field("kernel_size"),), (_step(site), *keywords(site, *more)))


def _call_max_pool(site: TorchSite, x: Expr) -> Expr:
    _require_stride(site)
    if site.varies(_sides) or not site.same(_is_native):
        return Call(max_pool(site), (x,))
    return Call(ranked(site, "F.max_pool"), (x,), _window_keywords(site, "dilation", "ceil_mode"))


max_pool = _extreme("nn.MaxPool", "PaddedMaxPool")
min_pool = _extreme("MinPool", "PaddedMinPool")


def avg_pool(site: TorchSite) -> Expr:
    """An average; margins that PyTorch cannot say need a class of their own."""
    _require_stride(site)
    if site.varies(_sides):
        return _pad_at_run_time(site, "SamePaddedAvgPool", "count_include_pad")
    if site.same(_is_native_mean):
        return Call(
            ranked(site, "nn.AvgPool"), (), _window_keywords(site, "ceil_mode", "count_include_pad")
        )
    return Call(
        site.require(ranked(site, "PaddedAvgPool")),
        (site.field("kernel_size"),),
        (
            _step(site),
            ("sides", site.derive("sides", sides_fact(_sides))),
            ("overhang", site.derive("overhang", sides_fact(_choose_overhang(site)))),
            *keywords(site, "count_include_pad"),
        ),
    )


def _call_avg_pool(site: TorchSite, x: Expr) -> Expr:
    _require_stride(site)
    if site.varies(_sides) or not site.same(_is_native_mean):
        return Call(avg_pool(site), (x,))
    extra = _window_keywords(site, "ceil_mode", "count_include_pad")
    return Call(ranked(site, "F.avg_pool"), (x,), extra)


def lp_pool(site: TorchSite) -> Expr:
    """A p-norm; PyTorch's own gives NaN for odd powers of negative values."""
    _require_stride(site)
    overhang: tuple[tuple[str, Expr], ...] = ()
    if any(extra for node in site.nodes for _, extra in _overhang(node)):
        overhang = (("overhang", site.derive("overhang", sides_fact(_choose_overhang(site)))),)
    return Call(
        site.require(ranked(site, "LpPool")),
        (site.field("norm_type"), site.field("kernel_size")),
        (_step(site), *overhang),
    )


def _global(word: str) -> Leaf:
    return Leaf(
        lambda site: Call(ranked(site, f"nn.{word}"), (literal(1),)),
        flattens=lambda site: not site.same(lambda node: cast(GlobalAvgPool, node.op).keepdims),
    )


def _mean(site: TorchSite, x: Expr) -> Expr:
    axes: Fact = tuple(range(2, 2 + site.same(lambda node: node.shapes[0].rank)))
    keep = site.same(lambda node: cast(GlobalAvgPool, node.op).keepdims)
    return Call(
        "torch.mean", (x,), (("dim", literal(axes)), *((("keepdim", literal(True)),) * keep))
    )


def adaptive_avg_pool(site: TorchSite) -> Expr:
    """Means of a fixed number of bins."""
    return Call(ranked(site, "nn.AdaptiveAvgPool"), (site.field("output_size"),))


LEAVES: dict[type[Op], Leaf] = {
    MaxPool: Leaf(max_pool, _call_max_pool),
    MinPool: Leaf(min_pool),
    AvgPool: Leaf(avg_pool, _call_avg_pool),
    LpPool: Leaf(lp_pool),
    GlobalAvgPool: Leaf(
        _global("AdaptiveAvgPool").module, _mean, _global("AdaptiveAvgPool").flattens
    ),
    GlobalMaxPool: _global("AdaptiveMaxPool"),
    AdaptiveAvgPool: Leaf(adaptive_avg_pool),
}
