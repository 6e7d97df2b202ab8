import torch.nn.functional as F  # noqa: N812

from torch import Tensor, nn


class L2Normalize(nn.Module):
    """The channels of each position, divided by their length."""

    def __init__(self, dim: int = 1, eps: float = 1e-12) -> None:
        """Keep the settings."""
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Compute the result for a batch."""
        return F.normalize(x, dim=self.dim, eps=self.eps)
