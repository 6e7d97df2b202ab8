from torch import Tensor, nn


class PixelShuffle2d(nn.Module):
    """Each position becomes a tile of positions, made of as many channels."""

    def __init__(self, factor: int) -> None:
        """Keep the size of a tile."""
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """Put the rows of the tiles behind those of the map, and join them."""
        rank, r = x.dim() - 2, self.factor
        tiles = x.reshape(x.shape[0], -1, *(r,) * rank, *x.shape[2:])
        order = [place + axis for axis in range(rank) for place in (2 + rank, 2)]
        sizes = [size * r for size in x.shape[2:]]
        return tiles.permute(0, 1, *order).reshape(x.shape[0], -1, *sizes)
