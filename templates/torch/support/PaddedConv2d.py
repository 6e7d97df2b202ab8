import torch.nn.functional as F  # noqa: N812

from torch import Tensor, nn


class PaddedConv2d(nn.Conv2d):
    """Convolution with zeros of different widths at the two ends of an axis."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        *,
        sides: tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        """Keep the settings."""
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,  # type: ignore[arg-type]
            stride=stride,  # type: ignore[arg-type]
            dilation=dilation,  # type: ignore[arg-type]
            groups=groups,
            bias=bias,
        )
        self.sides = sides

    def forward(self, x: Tensor) -> Tensor:
        """Pad, then convolve."""
        return super().forward(F.pad(x, self.sides))
