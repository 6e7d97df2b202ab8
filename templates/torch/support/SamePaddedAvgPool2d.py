import torch.nn.functional as F  # noqa: N812

import torch
from torch import Tensor, nn


class SamePaddedAvgPool2d(nn.Module):
    """Average pooling that gives ceil(size / stride) rows, whatever the input's size.

    The zeros that this takes are put around the map, the odd one at the end; the mean
    counts them if `count_include_pad` is set.
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        *,
        stride: int | tuple[int, ...],
        count_include_pad: bool = True,
    ) -> None:
        """Keep the settings."""
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        self.count_include_pad = count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        """Divide the windows' sums by the number of entries that count."""
        sides = self._find_sides(x)
        mean = F.avg_pool2d(F.pad(x, sides), self.kernel_size, self.stride)
        if self.count_include_pad:
            return mean
        ones = F.pad(torch.ones_like(x[:1, :1]), sides)
        return mean / F.avg_pool2d(ones, self.kernel_size, self.stride)

    def _find_sides(self, x: Tensor) -> list[int]:
        rank = x.dim() - 2
        kernels, strides = (
            (value,) * rank if isinstance(value, int) else value
            for value in (self.kernel_size, self.stride)
        )
        sides: list[int] = []
        for axis in reversed(range(rank)):
            size, stride = x.shape[2 + axis], strides[axis]
            reach = (-(-size // stride) - 1) * stride + kernels[axis]
            total = max(reach - size, 0)
            sides += [total // 2, total - total // 2]
        return sides
