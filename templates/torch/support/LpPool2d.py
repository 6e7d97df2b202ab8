import torch.nn.functional as F  # noqa: N812

from torch import Tensor, nn


class LpPool2d(nn.LPPool2d):
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
        super().__init__(norm_type, kernel_size, stride)
        self.overhang = overhang

    def forward(self, x: Tensor) -> Tensor:
        """Pool the values' sizes: an odd power of a negative value gives NaN."""
        return super().forward(F.pad(x, self.overhang).abs())
