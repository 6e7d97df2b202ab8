from torch import Tensor, nn


class SelfAttention(nn.MultiheadAttention):
    """Multi-head attention of tokens to one another."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Take query, key and value from the same tokens."""
        return super().forward(x, x, x, need_weights=False)[0]
