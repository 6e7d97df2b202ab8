"""Interpolation in PyTorch."""

from __future__ import annotations

from cnnspec.backends.pycode import Call, Code, Expr, format_inline
from cnnspec.backends.torch.leaf import Leaf, TorchSite, keywords
from cnnspec.graph.ir import Node
from cnnspec.ops.base import Op
from cnnspec.ops.resize import Resize, Upsample, is_whole

_HOW = ("mode", "align_corners")


def upsample(site: TorchSite) -> Expr:
    """A map enlarged by whole factors."""
    return Call("nn.Upsample", (), keywords(site, "scale_factor", *_HOW))


def _call_upsample(site: TorchSite, x: Expr) -> Expr:
    return Call("F.interpolate", (x,), keywords(site, "scale_factor", *_HOW))


def resize(site: TorchSite) -> Expr:
    """A map brought to a fixed size, as a module of ours or PyTorch's own."""
    if _is_exact(site):
        return Call("nn.Upsample", (), (("size", site.field("size")), *keywords(site, *_HOW)))
    site.require("resize_nearest")
    return Call(site.require("ResizeNearest"), (site.field("size"),))


def _call_resize(site: TorchSite, x: Expr) -> Expr:
    return interpolate(site, x, site.field("size"))


def interpolate(site: TorchSite, x: Expr, size: Expr) -> Expr:
    """A map brought to a size."""
    if _is_exact(site):
        return Call("F.interpolate", (x,), (("size", size), *keywords(site, *_HOW)))
    return Call(site.require("resize_nearest"), (x, size))


def resize_like(site: TorchSite, values: tuple[Expr, ...]) -> Expr:
    """A map brought to another's size."""
    x, like = values
    return interpolate(site, x, Code(f"{format_inline(like)}.shape[2:]"))


def _is_exact(site: TorchSite) -> bool:
    """Whether PyTorch finds the same rows, whose numbers it reckons in single precision."""
    nearest = site.same(lambda node: getattr(node.op, "mode", "") == "nearest")
    return not nearest or (not site.is_open() and site.same(_is_whole))


def _is_whole(node: Node) -> bool:
    return is_whole(node.shapes[0].sizes, node.shape.sizes)


LEAVES: dict[type[Op], Leaf] = {
    Upsample: Leaf(upsample, _call_upsample),
    Resize: Leaf(resize, _call_resize),
}
