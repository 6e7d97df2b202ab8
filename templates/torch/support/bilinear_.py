import torch
from torch import Tensor


@torch.no_grad()
def bilinear_(weight: Tensor) -> Tensor:
    """Fill a transposed kernel so that it enlarges each channel linearly."""
    window = torch.ones(())
    for size in weight.shape[2:]:
        distance = torch.arange(size) - (size - 1) / 2
        window = window[..., None] * (1 - distance.abs() / ((size + 1) // 2))
    weight.zero_()
    for channel in range(min(weight.shape[:2])):
        weight[channel, channel] = window
    return weight
