"""What every op becomes in PyTorch, by its class."""

from __future__ import annotations

from cnnspec.backends.torch import (
    activation,
    attention,
    conv,
    linear,
    norm,
    pool,
    rearrange,
    regularize,
    reshape,
    resize,
    stored,
)
from cnnspec.backends.torch.leaf import Leaf
from cnnspec.backends.torch.merge import MERGES
from cnnspec.ops.base import Op

LEAVES: dict[type[Op], Leaf] = {
    **conv.LEAVES,
    **pool.LEAVES,
    **norm.LEAVES,
    **activation.LEAVES,
    **linear.LEAVES,
    **attention.LEAVES,
    **stored.LEAVES,
    **reshape.LEAVES,
    **rearrange.LEAVES,
    **resize.LEAVES,
    **regularize.LEAVES,
}

# Ops that PyTorch cannot say exactly, each with the reason that the user is given.
UNSUPPORTED: dict[type[Op], str] = {}

__all__ = ["LEAVES", "MERGES", "UNSUPPORTED"]
