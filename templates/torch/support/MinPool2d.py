from torch import Tensor, nn


class MinPool2d(nn.MaxPool2d):
    """The smallest value of each window; padding is never picked."""

    def forward(self, x: Tensor) -> Tensor:
        """Pool the negated map, and negate it back."""
        pooled: Tensor = super().forward(-x)
        return -pooled
