import torch.nn.functional as F  # noqa: N812

from torch import Tensor, nn


class PadChannels(nn.Module):
    """Channels of zeros before and behind those of a map."""

    def __init__(self, padding: int | tuple[int, int]) -> None:
        """Keep the numbers of channels."""
        super().__init__()
        self.sides = (padding, padding) if isinstance(padding, int) else padding

    def forward(self, x: Tensor) -> Tensor:
        """Pad the axis of the channels, which F.pad takes after all of the map's."""
        return F.pad(x, (0, 0) * (x.dim() - 2) + self.sides)
