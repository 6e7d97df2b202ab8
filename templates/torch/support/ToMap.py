import torch
from torch import Tensor, nn


class ToMap(nn.Module):
    """Makes tokens the positions of a map, row by row."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        """Keep the sizes of the map."""
        super().__init__()
        self.sizes = sizes

    def forward(self, x: Tensor) -> Tensor:
        """Put the channels first, and the tokens on axes of their own."""
        # With the channels last in memory, PyTorch's group norm may fail.
        x = x.transpose(1, 2).clone(memory_format=torch.contiguous_format)
        return x.reshape(x.shape[0], x.shape[1], *self.sizes)
