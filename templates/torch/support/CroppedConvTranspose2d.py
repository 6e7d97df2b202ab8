import torch.nn.functional as F  # noqa: N812

from torch import Tensor, nn


class CroppedConvTranspose2d(nn.ConvTranspose2d):
    """Transposed convolution that cuts different widths off the two ends of an axis."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        *,
        sides: tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        output_padding: int | tuple[int, ...] = 0,
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
            output_padding=output_padding,  # type: ignore[arg-type]
            dilation=dilation,  # type: ignore[arg-type]
            groups=groups,
            bias=bias,
        )
        self.sides = sides

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Convolve, then cut the sides off with negative padding."""
        full = super().forward(x, output_size)
        return F.pad(full, self.sides)
