import torch
from torch import Tensor, nn


class Scale(nn.Module):
    """Each channel times a learned number."""

    def __init__(self, channels: int, dim: int = 1) -> None:
        """Start with ones."""
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        """Compute the result for a batch."""
        return (x.movedim(self.dim, -1) * self.weight).movedim(-1, self.dim)
