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
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.overhang = overhang

    def forward(self, x: Tensor) -> Tensor:
        """Sum the powers of each window, and take the root."""
        powers = F.pad(x, self.overhang).abs().pow(self.norm_type)
        sums = F.avg_pool2d(
            powers,
            self.kernel_size,  # type: ignore[arg-type]
            self.stride,  # type: ignore[arg-type]
            divisor_override=1,
        )
        return sums.pow(1 / self.norm_type)
