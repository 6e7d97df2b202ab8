from torch import Tensor, nn


class SelectToken(nn.Module):
    """Takes one token of a sequence."""

    def __init__(self, index: int) -> None:
        """Keep the token's place."""
        super().__init__()
        self.index = index

    def forward(self, x: Tensor) -> Tensor:
        """Give that token of each sample."""
        return x[:, self.index]
