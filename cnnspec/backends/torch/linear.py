"""The linear layer in PyTorch."""

from __future__ import annotations

from cnnspec.backends.pycode import Call, Expr
from cnnspec.backends.torch.leaf import Leaf, TorchSite, keywords
from cnnspec.ops.base import Op
from cnnspec.ops.linear import Linear


def linear(site: TorchSite) -> Expr:
    """A matrix and a bias."""
    arguments = (site.in_channels(), site.field("out_features"))
    return Call("nn.Linear", arguments, keywords(site, "bias"))


LEAVES: dict[type[Op], Leaf] = {Linear: Leaf(linear)}
