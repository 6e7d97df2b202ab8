"""Ops that enlarge a map by interpolation."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, ClassVar

from cnnspec.ops.base import MAPS, Growth, Op, Reach, ShapeFault, spread
from cnnspec.ops.fields import PerAxis, words
from cnnspec.ops.model import Field
from cnnspec.ops.shapes import Kind, Shape

# The way to interpolate along one axis, two and three.
LINEAR = ("linear", "bilinear", "trilinear")
_Mode = Annotated[str, words("nearest", *LINEAR)]


class Upsample(Op):
    """A map enlarged by whole factors.

    `nearest` repeats each value; `linear`, `bilinear` and `trilinear`, for maps of one, two and
    three axes, sample at pixel centres (what PyTorch calls align_corners=False and ONNX
    half_pixel).

    Shape: along each axis `in * scale_factor`.
    """

    op: ClassVar[str] = "upsample"
    principal: ClassVar[str | None] = "scale_factor"
    kinds: ClassVar[frozenset[Kind]] = MAPS

    scale_factor: PerAxis = Field(description="how many times larger each axis becomes")
    mode: _Mode = Field("nearest", description="how the values between are found")

    def factors(self, shape: Shape) -> tuple[int, ...]:
        """The factor of each axis."""
        return spread(self.scale_factor, shape.rank, "scale_factor")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        if self.mode in LINEAR and self.mode != (fitting := LINEAR[shape.rank - 1]):
            axes = LINEAR.index(self.mode) + 1
            raise ShapeFault(
                "wrong-rank",
                f"{self.mode} upsampling needs a map with {axes} ax{'i' if axes == 1 else 'e'}s, "
                f"got {shape}",
                field="mode",
                help=(f"use mode: {fitting}",),
            )
        pairs = zip(shape.sizes, self.factors(shape), strict=True)
        return shape.resize(tuple(size * factor for size, factor in pairs))

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...]:
        extent = 1 if self.mode == "nearest" else 2
        return tuple(Reach(extent, Fraction(1, factor)) for factor in self.factors(inputs[0]))

    def find_growth(self, inputs: tuple[Shape, ...]) -> tuple[Growth, ...]:
        return tuple(Growth(factor) for factor in self.factors(inputs[0]))
