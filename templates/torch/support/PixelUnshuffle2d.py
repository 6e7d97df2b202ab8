from torch import Tensor, nn


class PixelUnshuffle2d(nn.Module):
    """Each tile of positions becomes one position with as many channels."""

    def __init__(self, factor: int) -> None:
        """Keep the size of a tile."""
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Put the rows of the tiles behind the channels, and join them."""
        rank, r = x.dim() - 2, self.factor
        sizes = [part for size in x.shape[2:] for part in (size // r, r)]
        order = [*range(3, 3 + 2 * rank, 2), *range(2, 2 + 2 * rank, 2)]
        tiles = x.reshape(*x.shape[:2], *sizes).permute(0, 1, *order)
        return tiles.flatten(1, 1 + rank)
