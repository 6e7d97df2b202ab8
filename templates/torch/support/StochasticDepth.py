from torch import Tensor, nn


class StochasticDepth(nn.Dropout):
    """Zeroes whole samples at random in training and scales the others."""

    def forward(self, x: Tensor) -> Tensor:
        """Draw one factor for each sample."""
        if not self.training:
            return x
        return x * super().forward(x.new_ones(x.shape[0], *[1] * (x.dim() - 1)))
