from torch import Tensor, nn


class TokenPReLU(nn.PReLU):
    """PReLU with a slope for each channel of a sequence of tokens."""

    def forward(self, x: Tensor) -> Tensor:
        """Put the channels where PReLU looks for them, and move them back."""
        return super().forward(x.transpose(1, 2)).transpose(1, 2)
