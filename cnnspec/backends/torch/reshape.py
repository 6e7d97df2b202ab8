"""Flatten, pad and crop in PyTorch."""

from __future__ import annotations

from typing import cast

from cnnspec.backends.base import Fact
from cnnspec.backends.pycode import Call, Expr, literal
from cnnspec.backends.torch.leaf import Leaf, TorchSite, ranked, sides_fact
from cnnspec.graph.ir import Node
from cnnspec.ops.base import Op
from cnnspec.ops.reshape import Crop, Flatten, Identity, ZeroPad


def _pad_sides(node: Node) -> Fact:
    return sides_fact(lambda n: cast(ZeroPad, n.op).resolve_sides(n.shapes[0]))(node)


def _crop_sides(node: Node) -> Fact:
    """A crop is a padding with negative widths."""
    sides = cast(Crop, node.op).resolve_sides(node.shapes[0])
    return tuple(-side for pair in reversed(sides) for side in pair)


def _is_one_number(node: Node) -> bool:
    return isinstance(cast(ZeroPad, node.op).padding, int)


def zero_pad(site: TorchSite) -> Expr:
    """Zeros around a map."""
    if all(map(_is_one_number, site.nodes)):
        return Call(ranked(site, "nn.ZeroPad"), (site.field("padding"),))
    return Call(ranked(site, "nn.ZeroPad"), (site.derive("padding", _pad_sides),))


def crop(site: TorchSite) -> Expr:
    """A map without its margins, as negative padding."""
    return Call(ranked(site, "nn.ZeroPad"), (site.derive("padding", _crop_sides),))


LEAVES: dict[type[Op], Leaf] = {
    Flatten: Leaf(
        lambda site: Call("nn.Flatten"), lambda site, x: Call("torch.flatten", (x, literal(1)))
    ),
    ZeroPad: Leaf(zero_pad, lambda site, x: Call("F.pad", (x, site.derive("padding", _pad_sides)))),
    Crop: Leaf(crop, lambda site, x: Call("F.pad", (x, site.derive("padding", _crop_sides)))),
    Identity: Leaf(lambda site: Call("nn.Identity"), lambda site, x: x),
}
