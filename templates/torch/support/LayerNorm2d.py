from torch import Tensor, nn


class LayerNorm2d(nn.LayerNorm):
    """Layer normalisation over the channels of each position of a map."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise with the channels last, and move them back."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
