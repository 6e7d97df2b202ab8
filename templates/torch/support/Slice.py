from torch import Tensor, nn


class Slice(nn.Module):
    """Every `step`-th entry along some axes, from `start` up to `stop`."""

    def __init__(
        self,
        dims: tuple[int, ...],
        start: int = 0,
        stop: int | None = None,
        step: int = 1,
    ) -> None:
        """Keep the settings."""
        super().__init__()
        self.dims = dims
        self.entries = slice(start, stop, step)

    def forward(self, x: Tensor) -> Tensor:
        """Take the entries."""
        whole = slice(None)
        cut = [self.entries if dim in self.dims else whole for dim in range(x.dim())]
        return x[tuple(cut)]
