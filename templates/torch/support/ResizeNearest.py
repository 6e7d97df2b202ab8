from torch import Tensor, nn


class ResizeNearest(nn.Module):
    """A map brought to a fixed size by taking the nearest rows."""

    def __init__(self, size: int | tuple[int, ...]) -> None:
        """Keep the size."""
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Compute the result for a batch."""
        return resize_nearest(x, self.size)
