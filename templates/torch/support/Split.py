from torch import Tensor, nn


class Split(nn.Module):
    """One of several equal parts of the channels."""

    def __init__(self, parts: int, index: int, dim: int = 1) -> None:
        """Keep the settings."""
        super().__init__()
        self.parts = parts
        self.index = index
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """Take the part."""
        return x.chunk(self.parts, self.dim)[self.index]
