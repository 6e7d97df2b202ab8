"""Upsampling in PyTorch."""

from __future__ import annotations

from cnnspec.backends.pycode import Call, Expr
from cnnspec.backends.torch.leaf import Leaf, TorchSite, keywords
from cnnspec.ops.base import Op
from cnnspec.ops.resize import Upsample


def upsample(site: TorchSite) -> Expr:
    """A map enlarged by whole factors."""
    return Call("nn.Upsample", (), keywords(site, "scale_factor", "mode"))


def _call_upsample(site: TorchSite, x: Expr) -> Expr:
    return Call("F.interpolate", (x,), keywords(site, "scale_factor", "mode"))


LEAVES: dict[type[Op], Leaf] = {Upsample: Leaf(upsample, _call_upsample)}
