import torch.nn.functional as F  # noqa: N812

from torch import Tensor, nn


class SamePaddedMinPool2d(nn.Module):
    """Min pooling that gives ceil(size / stride) rows, whatever the size of its input.

    The rows that this takes are put around the map, the odd one at the end, and are
    never picked.
    """

    def __init__(
        self,
        kernel_size: int | tuple[int, ...],
        *,
        stride: int | tuple[int, ...],
        dilation: int | tuple[int, ...] = 1,
    ) -> None:
        """Keep the settings."""
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        self.dilation = dilation

    def forward(self, x: Tensor) -> Tensor:
        """Pool the negated map, padded with minus infinity, and negate it back."""
        x = F.pad(-x, self._find_sides(x), value=float("-inf"))
        return -F.max_pool2d(x, self.kernel_size, self.stride, dilation=self.dilation)

    def _find_sides(self, x: Tensor) -> list[int]:
        rank = x.dim() - 2
        settings = (self.kernel_size, self.stride, self.dilation)
        kernels, strides, dilations = (
            (value,) * rank if isinstance(value, int) else value for value in settings
        )
        sides: list[int] = []
        for axis in reversed(range(rank)):
            size, stride = x.shape[2 + axis], strides[axis]
            extent = dilations[axis] * (kernels[axis] - 1) + 1
            total = max((-(-size // stride) - 1) * stride + extent - size, 0)
            sides += [total // 2, total - total // 2]
        return sides
