import torch.nn.functional as F  # noqa: N812

import torch
from torch import Tensor, nn


class LpPool2d(nn.Module):
    """The p-norm of each window: (sum of |x|^p) to the power 1/p.

    `overhang` are the rows past the end that the last window reads, as zeros.
    """

    def __init__(
        self,
        norm_type: float,
        kernel_size: int | tuple[int, ...],
        *,
        stride: int | tuple[int, ...],
        overhang: tuple[int, ...] = (),
    ) -> None:
        """Keep the settings."""
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.overhang = overhang

    def forward(self, x: Tensor) -> Tensor:
        """Take the mean of the powers times the size of a window, and the root."""
        size = self.kernel_size
        taps = torch.Size((size,) * (x.dim() - 2) if isinstance(size, int) else size)
        powers = F.pad(x.abs() ** self.norm_type, self.overhang)
        sums = taps.numel() * F.avg_pool2d(powers, size, self.stride)
        # The root has no finite slope at zero: a window of zeros gets a gradient of 0.
        is_zero = sums == 0
        roots: Tensor = sums.masked_fill(is_zero, 1.0) ** (1 / self.norm_type)
        return roots.masked_fill(is_zero, 0.0)
