import torch.nn.functional as F  # noqa: N812

import torch
from torch import Tensor, nn


class PaddedAvgPool2d(nn.Module):
    """Average pooling with margins of any width.

    `sides` are zeros around the map and `overhang` the rows past them that the last
    window reads; the mean counts the zeros if `count_include_pad` is set, and never
    the overhang.
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        *,
        stride: int | tuple[int, ...],
        sides: tuple[int, ...],
        overhang: tuple[int, ...],
        count_include_pad: bool = True,
    ) -> None:
        """Keep the settings."""
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        self.sides = sides
        self.overhang = overhang
        self.count_include_pad = count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        """Divide the windows' sums by the number of entries that count."""
        ones = torch.ones_like(x[:1, :1])
        ones = F.pad(ones, self.sides, value=float(self.count_include_pad))
        return self._average(F.pad(x, self.sides)) / self._average(ones)

    def _average(self, x: Tensor) -> Tensor:
        x = F.pad(x, self.overhang)
        return F.avg_pool2d(x, self.kernel_size, self.stride)
