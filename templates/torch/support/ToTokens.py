from torch import Tensor, nn


class ToTokens(nn.Module):
    """Makes the positions of a map a sequence of tokens, row by row."""

    def forward(self, x: Tensor) -> Tensor:
        """Put the positions on one axis, before the channels."""
        return x.flatten(2).transpose(1, 2)
