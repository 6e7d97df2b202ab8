"""The linear layer."""

from __future__ import annotations

from typing import ClassVar

from cnnspec.ops.base import Kernel, Op, Weight
from cnnspec.ops.fields import Count, Flag
from cnnspec.ops.initializers import Initial
from cnnspec.ops.model import Field
from cnnspec.ops.shapes import Kind, Shape


class Linear(Op):
    """A learned matrix times a vector (or each token), plus a bias.

    A feature map is refused: frameworks would apply the matrix to different axes of it.

    Formula: `weight @ x + bias`.
    Shape: `out_features` in place of the features, or of the channels of each token.
    Weights: `weight` of `out_features` and the input's features; `bias` of `out_features`.
    MACs: values of the output times features of the input.
    """

    op: ClassVar[str] = "linear"
    principal: ClassVar[str | None] = "out_features"
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.VECTOR, Kind.TOKENS})

    out_features: Count = Field(description="number of output features")
    bias: Flag = Field(True, description="whether a learned bias is added")
    initializer: Initial = Field(None, description="what the matrix starts as")
    bias_initializer: Initial = Field(None, description="what the bias starts as")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        return inputs[0].widen(self.out_features)

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        weight = Weight("weight", (self.out_features, inputs[0].channels))
        return (weight, Weight("bias", (self.out_features,))) if self.bias else (weight,)

    def describe_kernel(self, inputs: tuple[Shape, ...]) -> Kernel:
        return Kernel(inputs[0].channels, self.out_features)

    def count_macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return output.elements * inputs[0].channels
