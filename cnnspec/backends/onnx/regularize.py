"""Ops that act in training only, of which a model for inference keeps nothing."""

from __future__ import annotations

from types import MappingProxyType

from cnnspec.backends.onnx.builder import Place, Writer
from cnnspec.ops.base import Op
from cnnspec.ops.regularize import Dropout, SpatialDropout, StochasticDepth


def pass_on(op: Dropout | SpatialDropout | StochasticDepth, at: Place) -> str:
    """The value that came in."""
    return at.input


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {Dropout: pass_on, SpatialDropout: pass_on, StochasticDepth: pass_on}
)
