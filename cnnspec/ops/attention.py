"""Attention between tokens."""

from __future__ import annotations

from typing import ClassVar

from cnnspec.ops.base import Kernel, Op, Weight
from cnnspec.ops.conv import check_groups
from cnnspec.ops.fields import Count, Flag, Rate
from cnnspec.ops.initializers import Initial
from cnnspec.ops.model import Field
from cnnspec.ops.shapes import Kind, Shape


class Attention(Op):
    """Multi-head self-attention: each token becomes a mean of all, by how alike they are.

    Query, key and value are linear maps of each token, cut into heads of equal width. In each
    head a token's query is held against all keys; the heads' results, side by side, go through
    one more linear map. `dropout` zeroes shares of tokens in training.

    Formula: `softmax(q @ k.T / sqrt(channels / num_heads)) @ v` in each head.
    Shape: that of the input.
    Weights: `in_proj_weight` of 3 * channels and the channels, the matrices of query, key and
    value one above the other; `out_proj.weight` of the channels twice; `in_proj_bias` and
    `out_proj.bias`, if `bias`.
    MACs: tokens times 4 * channels ** 2, for the four matrices. The products of queries with keys
    and of shares with values, 2 * tokens ** 2 * channels, are counted apart.
    Source: Vaswani et al., arXiv:1706.03762.
    """

    op: ClassVar[str] = "attention"
    principal: ClassVar[str | None] = "num_heads"
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.TOKENS})

    num_heads: Count = Field(description="number of heads, which the channels are split into")
    bias: Flag = Field(True, description="whether each of the four linear maps adds a bias")
    dropout: Rate = Field(0.0, description="probability that a token's share is zeroed")
    initializer: Initial = Field(None, description="what each of the four matrices starts as")
    bias_initializer: Initial = Field(None, description="what the biases start as")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        check_groups(self.num_heads, shape.channels, "channels", "num_heads", "heads")
        return shape

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        channels = inputs[0].channels
        matrices = Weight("in_proj_weight", (3 * channels, channels))
        out = Weight("out_proj.weight", (channels, channels))
        if not self.bias:
            return (matrices, out)
        biases = Weight("in_proj_bias", (3 * channels,)), Weight("out_proj.bias", (channels,))
        return (matrices, biases[0], out, biases[1])

    def describe_kernel(self, inputs: tuple[Shape, ...]) -> Kernel:
        return Kernel(inputs[0].channels, inputs[0].channels, stacked=3)

    def count_macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return 4 * output.elements * output.channels

    def count_attention_macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return 2 * output.elements * output.sizes[0]

    def find_reach(self, inputs: tuple[Shape, ...]) -> None:
        return None
