"""One use of an op, as the oracle of the backends' tests sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnspec.ops.shapes import Kind

if TYPE_CHECKING:
    from torch import Tensor

    Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Call:
    """One use of an op: what goes in, of which kinds, and the op's arrays by short name."""

    inputs: list[Tensor]
    kinds: list[Kind]
    weights: Weights
    training: bool

    @property
    def x(self) -> Tensor:
        return self.inputs[0]

    @property
    def rank(self) -> int:
        """The number of axes after batch and channels."""
        return self.x.dim() - 2

    @property
    def channel_axis(self) -> int:
        return 2 if self.kinds[0] is Kind.TOKENS else 1

    def per_channel(self, weight: Tensor) -> Tensor:
        """A weight with a number for each channel, as it multiplies the input."""
        return weight if self.channel_axis == 2 else over_map(weight, self.rank)


def over_map(weight: Tensor, rank: int) -> Tensor:
    return weight.reshape(-1, *[1] * rank)


# Convolutions and linear layers.
