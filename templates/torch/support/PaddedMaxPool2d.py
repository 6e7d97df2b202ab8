import torch.nn.functional as F  # noqa: N812

from torch import Tensor, nn


class PaddedMaxPool2d(nn.Module):
    """Max pooling with margins of any width, which are never picked."""

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        *,
        stride: int | tuple[int, ...],
        sides: tuple[int, ...],
        dilation: int | tuple[int, ...] = 1,
    ) -> None:
        """Keep the settings."""
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        self.sides = sides
        self.dilation = dilation

    def forward(self, x: Tensor) -> Tensor:
        """Pad with minus infinity, then pool."""
        x = F.pad(x, self.sides, value=float("-inf"))
        return F.max_pool2d(x, self.kernel_size, self.stride, dilation=self.dilation)
