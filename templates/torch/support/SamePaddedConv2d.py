import torch.nn.functional as F  # noqa: N812

from torch import Tensor, nn


class SamePaddedConv2d(nn.Conv2d):
    """Convolution that gives ceil(size / stride) rows, whatever the size of its input.

    The zeros that this takes are put around the map, the odd one at the end.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Pad for the size at hand, then convolve."""
        sides: list[int] = []
        for size, kernel, stride, dilation in zip(
            reversed(x.shape[2:]),
            reversed(self.kernel_size),
            reversed(self.stride),
            reversed(self.dilation),
            strict=True,
        ):
            reach = (-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1
            total = max(reach - size, 0)
            sides += [total // 2, total - total // 2]
        return super().forward(F.pad(x, sides))
