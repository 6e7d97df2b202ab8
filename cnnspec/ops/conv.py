"""Convolutions: plain, depthwise and transposed."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import ClassVar

from cnnspec.ops.base import MAPS, Growth, Kernel, Op, Reach, ShapeFault, Weight, spread
from cnnspec.ops.fields import Count, Flag, Padding, PerAxis, PerAxisFromZero
from cnnspec.ops.initializers import Initial
from cnnspec.ops.model import Field
from cnnspec.ops.rows import Gather, Scatter
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.ops.windows import Window, find_growth, pad_shape, resolve_windows, slide


def check_groups(
    groups: int, channels: int, what: str, field: str = "groups", noun: str = "groups"
) -> None:
    """Raise ShapeFault unless `groups` divides a number of channels."""
    if channels % groups:
        divisors = [d for d in range(1, min(channels, 4096) + 1) if channels % d == 0]
        near = sorted(divisors, key=lambda d: (abs(d - groups), d))[:3]
        raise ShapeFault(
            "groups-not-dividing",
            f"{groups} {noun} do not divide {channels} {what}",
            field=field,
            help=(f"nearest numbers that divide {channels}: {', '.join(map(str, sorted(near)))}",),
        )


class _Convolution(Op):
    """What plain and depthwise convolutions share.

    Shape: the output's channels, and along each axis
    `floor((in + padding - dilation * (kernel_size - 1) - 1) / stride) + 1`, with the padding of
    both sides. `padding: same` gives `ceil(in / stride)`, `valid` has no padding.
    """

    principal: ClassVar[str | None] = None
    kinds: ClassVar[frozenset[Kind]] = MAPS

    kernel_size: PerAxis = Field(description="size of the kernel along each axis")
    stride: PerAxis = Field(1, description="rows that the kernel moves at a step")
    padding: Padding = Field(0, description="zeros around the map, or 'same', or 'valid'")
    dilation: PerAxis = Field(1, description="distance between the kernel's taps")
    bias: Flag = Field(True, description="whether a learned bias is added to each channel")
    initializer: Initial = Field(None, description="what the kernel starts as")
    bias_initializer: Initial = Field(None, description="what the bias starts as")

    def count_filters(self, channels: int) -> int:
        """The number of output channels."""
        raise TypeError("an abstract convolution has no filters")

    def count_groups(self, channels: int) -> int:
        """The number of groups that the input's channels are split into."""
        return 1

    def resolve(self, shape: Shape) -> tuple[Window, ...]:
        """The window along each axis, with its padding in numbers."""
        return resolve_windows(shape, self.kernel_size, self.stride, self.padding, self.dilation)

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        groups, filters = self.count_groups(shape.channels), self.count_filters(shape.channels)
        check_groups(groups, shape.channels, "input channels")
        check_groups(groups, filters, "output channels")
        sizes = slide(shape, self.resolve(shape), self.op)
        return shape.widen(filters).resize(sizes)

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        channels = inputs[0].channels
        filters = self.count_filters(channels)
        kernel = Weight(
            "weight", (filters, channels // self.count_groups(channels), *self._kernel(inputs[0]))
        )
        return (kernel, Weight("bias", (filters,))) if self.bias else (kernel,)

    def describe_kernel(self, inputs: tuple[Shape, ...]) -> Kernel:
        channels = inputs[0].channels
        groups, taps = self.count_groups(channels), prod(self._kernel(inputs[0]))
        filters = self.count_filters(channels)
        return Kernel(channels // groups * taps, filters // groups * taps, groups)

    def count_macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return output.elements * prod(self.list_weights(inputs)[0].shape[1:])

    def find_padded(self, inputs: tuple[Shape, ...]) -> Shape:
        return pad_shape(inputs[0], self.resolve(inputs[0]))

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...]:
        return tuple(Reach(w.extent, Fraction(w.stride)) for w in self.resolve(inputs[0]))

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Gather, ...]:
        return tuple(window.rows for window in self.resolve(inputs[0]))

    def find_growth(self, inputs: tuple[Shape, ...]) -> tuple[Growth, ...]:
        return find_growth(self.resolve(inputs[0]), self.padding)

    def count_unread(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        pairs = zip(self.resolve(inputs[0]), inputs[0].sizes, strict=True)
        return tuple(window.count_unread(size) for window, size in pairs)

    def _kernel(self, shape: Shape) -> tuple[int, ...]:
        return spread(self.kernel_size, shape.rank, "kernel_size")


class Conv(_Convolution):
    """A convolution: each output channel is a learned window over the input's channels.

    Weights: `weight` of `out_channels`, channels of the input / `groups`, and the kernel's sizes;
    `bias` of `out_channels`.
    MACs: values of the output times (channels of the input / `groups`) times taps of the kernel.
    Source: LeCun et al., "Gradient-based learning applied to document recognition", 1998.
    """

    op: ClassVar[str] = "conv"

    out_channels: Count = Field(description="number of output channels")
    groups: Count = Field(1, description="groups of channels that are convolved apart")

    def count_filters(self, channels: int) -> int:
        return self.out_channels

    def count_groups(self, channels: int) -> int:
        return self.groups


class DepthwiseConv(_Convolution):
    """A convolution of each input channel on its own, `multiplier` output channels for each.

    Output channel ``c * multiplier + j`` reads input channel ``c``.

    Weights: `weight` of the output's channels, 1, and the kernel's sizes; `bias` of the output's
    channels.
    MACs: values of the output times taps of the kernel.
    Source: Chollet, "Xception: deep learning with depthwise separable convolutions",
    arXiv:1610.02357.
    """

    op: ClassVar[str] = "depthwise_conv"

    multiplier: Count = Field(1, description="output channels for each input channel")

    def count_filters(self, channels: int) -> int:
        return channels * self.multiplier

    def count_groups(self, channels: int) -> int:
        return channels


class ConvTranspose(Op):
    """A transposed convolution: the gradient of a convolution, used to enlarge a map.

    Shape: `out_channels` channels, and along each axis `(in - 1) * stride - padding +
    dilation * (kernel_size - 1) + output_padding + 1`, with the padding of both sides.
    Weights: `weight` of the input's channels, `out_channels` / `groups`, and the kernel's sizes;
    `bias` of `out_channels`.
    MACs: values of the input times (`out_channels` / `groups`) times taps of the kernel.
    Source: Dumoulin and Visin, arXiv:1603.07285.
    """

    op: ClassVar[str] = "conv_transpose"
    kinds: ClassVar[frozenset[Kind]] = MAPS

    out_channels: Count = Field(description="number of output channels")
    kernel_size: PerAxis = Field(description="size of the kernel along each axis")
    stride: PerAxis = Field(1, description="output rows between neighbouring input rows")
    padding: PerAxisFromZero = Field(0, description="rows cut off around the output")
    output_padding: PerAxisFromZero = Field(0, description="rows added at the output's end")
    dilation: PerAxis = Field(1, description="distance between the kernel's taps")
    groups: Count = Field(1, description="groups of channels that are convolved apart")
    bias: Flag = Field(True, description="whether a learned bias is added to each channel")
    initializer: Initial = Field(None, description="what the kernel starts as")
    bias_initializer: Initial = Field(None, description="what the bias starts as")

    def resolve(self, shape: Shape) -> tuple[Window, ...]:
        """The window along each axis; `before` and `after` are the rows cut off."""
        return resolve_windows(shape, self.kernel_size, self.stride, self.padding, self.dilation)

    def extra_rows(self, shape: Shape) -> tuple[int, ...]:
        """The output padding of each axis."""
        return spread(self.output_padding, shape.rank, "output_padding")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        check_groups(self.groups, shape.channels, "input channels")
        check_groups(self.groups, self.out_channels, "output channels")
        sizes = []
        for size, window, extra in zip(
            shape.sizes, self.resolve(shape), self.extra_rows(shape), strict=True
        ):
            if extra >= max(window.stride, window.dilation):
                raise ShapeFault(
                    "invalid-field",
                    f"output_padding {extra} must be smaller than the stride {window.stride} "
                    f"or the dilation {window.dilation}",
                    field="output_padding",
                )
            full = (size - 1) * window.stride + window.extent + extra
            if full - window.before - window.after < 1:
                raise ShapeFault(
                    "kernel-exceeds-input",
                    f"padding {window.before} and {window.after} cut away all {full} rows",
                    field="padding",
                    help=(f"use a padding of at most {(full - 1) // 2}",),
                )
            sizes.append(full - window.before - window.after)
        return shape.widen(self.out_channels).resize(tuple(sizes))

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        (shape,) = inputs
        kernel = spread(self.kernel_size, shape.rank, "kernel_size")
        weight = Weight("weight", (shape.channels, self.out_channels // self.groups, *kernel))
        return (weight, Weight("bias", (self.out_channels,))) if self.bias else (weight,)

    def describe_kernel(self, inputs: tuple[Shape, ...]) -> Kernel:
        (shape,) = inputs
        windows = self.resolve(shape)
        taps = prod(window.kernel for window in windows)
        fans = (shape.channels // self.groups * taps, self.out_channels // self.groups * taps)
        enlarges = tuple(window.stride for window in windows)
        dilated = any(window.extent > window.kernel for window in windows)
        return Kernel(*fans, self.groups, enlarges, dilated)

    def count_macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        return inputs[0].elements * prod(self.list_weights(inputs)[0].shape[1:])

    def find_padded(self, inputs: tuple[Shape, ...]) -> Shape:
        return pad_shape(self.infer_shape(inputs), self.resolve(inputs[0]))

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...]:
        return tuple(
            Reach(-(-w.extent // w.stride), Fraction(1, w.stride)) for w in self.resolve(inputs[0])
        )

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Scatter, ...]:
        return tuple(
            Scatter(w.kernel, w.stride, w.dilation, w.before) for w in self.resolve(inputs[0])
        )

    def find_growth(self, inputs: tuple[Shape, ...]) -> tuple[Growth, ...]:
        pairs = zip(self.resolve(inputs[0]), self.extra_rows(inputs[0]), strict=True)
        return tuple(
            Growth(w.stride, w.extent + extra - w.stride - w.before - w.after) for w, extra in pairs
        )
