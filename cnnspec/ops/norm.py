"""Normalisation layers."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cnnspec.ops.base import MAPS, Op, Reach, ShapeFault, Weight
from cnnspec.ops.conv import check_groups
from cnnspec.ops.fields import Count, Flag, Fraction, Positive, words
from cnnspec.ops.initializers import Initial
from cnnspec.ops.model import Field
from cnnspec.ops.shapes import Kind, Shape

_Axes = Annotated[str, words("channels", "all")]


def _affine(shape: tuple[int, ...], present: bool) -> tuple[Weight, ...]:
    return (Weight("weight", shape), Weight("bias", shape)) if present else ()


class BatchNorm(Op):
    """Normalises each channel over the batch, with running statistics for evaluation.

    `momentum` is the share of the new batch in the running statistics.

    Formula: `(x - mean) / sqrt(variance + eps) * weight + bias`, for each channel over the batch
    and all positions.
    Weights: `weight` and `bias` of the channels, if `affine`; `running_mean` and `running_var`,
    which are not trained.
    Source: Ioffe and Szegedy, arXiv:1502.03167.
    """

    op: ClassVar[str] = "batch_norm"
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.MAP, Kind.VECTOR})

    eps: Positive = Field(1e-5, description="added to the variance")
    momentum: Fraction = Field(0.1, description="share of the new batch in the statistics")
    affine: Flag = Field(True, description="whether a learned scale and shift follow")
    initializer: Initial = Field(None, description="what the scale starts as")
    bias_initializer: Initial = Field(None, description="what the shift starts as")

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        shape = (inputs[0].channels,)
        statistics = (Weight("running_mean", shape, False), Weight("running_var", shape, False))
        return (*_affine(shape, self.affine), *statistics)


class LayerNorm(Op):
    """Normalises each sample: over the channels of each position, or over everything.

    Formula: `(x - mean) / sqrt(variance + eps) * weight + bias`.
    Shape: that of the input. A norm over a single number is an error.
    Weights: `weight` and `bias` of the channels, with `axes: all` of the input's shape, if
    `affine`.
    Source: Ba et al., arXiv:1607.06450.
    """

    op: ClassVar[str] = "layer_norm"

    axes: _Axes = Field("channels", description="'channels' at each position, or 'all' axes")
    eps: Positive = Field(1e-5, description="added to the variance")
    affine: Flag = Field(True, description="whether a learned scale and shift follow")
    initializer: Initial = Field(None, description="what the scale starts as")
    bias_initializer: Initial = Field(None, description="what the shift starts as")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        count = shape.elements if self.axes == "all" else shape.channels
        _check_count("layer_norm", count, shape)
        return shape

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        (shape,) = inputs
        return _affine(shape.dims if self.axes == "all" else (shape.channels,), self.affine)

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...] | None:
        return None if self.axes == "all" else super().find_reach(inputs)


class GroupNorm(Op):
    """Normalises groups of channels of each sample.

    Formula: `(x - mean) / sqrt(variance + eps) * weight + bias`, with the mean and the variance of
    the group.
    Shape: that of the input. A norm over a single number is an error.
    Weights: `weight` and `bias` of the channels, if `affine`.
    Source: Wu and He, arXiv:1803.08494.
    """

    op: ClassVar[str] = "group_norm"
    principal: ClassVar[str | None] = "num_groups"
    kinds: ClassVar[frozenset[Kind]] = MAPS

    num_groups: Count = Field(description="number of groups that the channels are split into")
    eps: Positive = Field(1e-5, description="added to the variance")
    affine: Flag = Field(True, description="whether a learned scale and shift follow")
    initializer: Initial = Field(None, description="what the scale starts as")
    bias_initializer: Initial = Field(None, description="what the shift starts as")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        check_groups(self.num_groups, shape.channels, "channels", "num_groups")
        _check_count("group_norm", shape.elements // self.num_groups, shape)
        return shape

    def find_rows(self, inputs: tuple[Shape, ...]) -> None:
        # The mean and the variance are those of all positions.
        return None

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        return _affine((inputs[0].channels,), self.affine)


class InstanceNorm(Op):
    """Normalises each channel of each sample.

    Formula: `(x - mean) / sqrt(variance + eps) * weight + bias`, with the mean and the variance
    over all positions.
    Shape: that of the input. A norm over a single number is an error.
    Weights: `weight` and `bias` of the channels, if `affine`.
    Source: Ulyanov et al., arXiv:1607.08022.
    """

    op: ClassVar[str] = "instance_norm"
    kinds: ClassVar[frozenset[Kind]] = MAPS

    eps: Positive = Field(1e-5, description="added to the variance")
    affine: Flag = Field(False, description="whether a learned scale and shift follow")
    initializer: Initial = Field(None, description="what the scale starts as")
    bias_initializer: Initial = Field(None, description="what the shift starts as")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        _check_count("instance_norm", shape.elements // shape.channels, shape)
        return shape

    def find_rows(self, inputs: tuple[Shape, ...]) -> None:
        # The mean and the variance are those of all positions.
        return None

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        return _affine((inputs[0].channels,), self.affine)


class LocalResponseNorm(Op):
    """Divides each value by its neighbours across channels.

    Formula: `x / (k + alpha / size * sum of x ** 2) ** beta`, over the `size` channels around each.
    Shape: that of the input.
    Source: Krizhevsky et al., "ImageNet classification with deep convolutional neural networks",
    2012.
    """

    op: ClassVar[str] = "local_response_norm"
    principal: ClassVar[str | None] = "size"
    kinds: ClassVar[frozenset[Kind]] = MAPS

    size: Count = Field(description="number of neighbouring channels, odd")
    alpha: Positive = Field(1e-4, description="weight of the sum of squares")
    beta: Positive = Field(0.75, description="exponent of the divisor")
    k: Positive = Field(1.0, description="constant of the divisor")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        if self.size % 2 == 0:
            raise ShapeFault(
                "invalid-field",
                f"size {self.size} must be odd: frameworks place an even window differently",
                field="size",
                help=(f"use a size of {self.size - 1} or {self.size + 1}",),
            )
        return inputs[0]


class L2Normalize(Op):
    """Divides the channels of each position by their length.

    Formula: `x / max(sqrt(sum of x ** 2), eps)`, over the channels.
    Source: Liu et al., "ParseNet", arXiv:1506.04579.
    """

    op: ClassVar[str] = "l2_normalize"

    eps: Positive = Field(1e-12, description="the least length that is divided by")


class Scale(Op):
    """Multiplies each channel by a learned number, as layer scale does.

    Formula: `x * weight`.
    Weights: `weight` of the channels.
    Source: Touvron et al., "Going deeper with image transformers", arXiv:2103.17239.
    """

    op: ClassVar[str] = "scale"
    principal: ClassVar[str | None] = "initializer"

    initializer: Initial = Field(None, description="what the scale starts as; ones if not said")

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        return (Weight("weight", (inputs[0].channels,)),)


def _check_count(op: str, count: int, shape: Shape) -> None:
    """Raise ShapeFault when one number alone would be normalised: the result would be constant."""
    if count == 1:
        raise ShapeFault(
            "norm-degenerate",
            f"{op} on {shape.describe()} would normalise single numbers, so its output is constant",
            help=("drop this norm, or move it before the map shrinks to one position",),
        )
