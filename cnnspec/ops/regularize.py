"""Ops that act in training only."""

from __future__ import annotations

from typing import ClassVar

from cnnspec.ops.base import MAPS, Op
from cnnspec.ops.fields import Rate
from cnnspec.ops.model import Field
from cnnspec.ops.shapes import Kind


class Dropout(Op):
    """Zeroes single values at random in training and scales the others by 1 / (1 - p).

    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting", 2014.
    """

    op: ClassVar[str] = "dropout"
    principal: ClassVar[str | None] = "p"
    acts_in_training: ClassVar[bool] = True

    p: Rate = Field(0.5, description="probability that a value is zeroed")


class StochasticDepth(Op):
    """Zeroes whole samples at random in training and scales the others by 1 / (1 - p).

    At the end of a residual's body it leaves the whole body out of the sum, for some samples.

    Source: Huang et al., arXiv:1603.09382, scaled in training as dropout is.
    """

    op: ClassVar[str] = "stochastic_depth"
    principal: ClassVar[str | None] = "p"
    acts_in_training: ClassVar[bool] = True

    p: Rate = Field(0.5, description="probability that a sample is zeroed")


class SpatialDropout(Op):
    """Zeroes whole channels at random in training and scales the others by 1 / (1 - p).

    Source: Tompson et al., arXiv:1411.4280.
    """

    op: ClassVar[str] = "spatial_dropout"
    principal: ClassVar[str | None] = "p"
    kinds: ClassVar[frozenset[Kind]] = MAPS
    acts_in_training: ClassVar[bool] = True

    p: Rate = Field(0.5, description="probability that a channel is zeroed")
