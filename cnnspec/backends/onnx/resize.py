"""Ops that enlarge a map by interpolation."""

from __future__ import annotations

from types import MappingProxyType

from cnnspec.backends.onnx.builder import Place, Writer
from cnnspec.ops.base import Op
from cnnspec.ops.resize import Upsample


def write_upsample(op: Upsample, at: Place) -> str:
    """A Resize by whole scales, with its coordinates spelt out."""
    inputs = (at.input, "", at.floats("scales", (1, 1, *op.factors(at.shape))))
    if op.mode != "nearest":
        return at.give("Resize", inputs, mode="linear", coordinate_transformation_mode="half_pixel")
    return at.give(
        "Resize",
        inputs,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType({Upsample: write_upsample})
