"""Dropout in PyTorch."""

from __future__ import annotations

from cnnspec.backends.pycode import Call
from cnnspec.backends.torch.leaf import Leaf, ranked
from cnnspec.ops.base import Op
from cnnspec.ops.regularize import Dropout, SpatialDropout, StochasticDepth

LEAVES: dict[type[Op], Leaf] = {
    Dropout: Leaf(lambda site: Call("nn.Dropout", (), (("p", site.field("p")),))),
    SpatialDropout: Leaf(
        lambda site: Call(ranked(site, "nn.Dropout"), (), (("p", site.field("p")),))
    ),
    StochasticDepth: Leaf(
        lambda site: Call(site.require("StochasticDepth"), (), (("p", site.field("p")),))
    ),
}
