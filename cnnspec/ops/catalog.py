"""The table of all ops, by the word that a spec uses for them."""

from __future__ import annotations

from types import MappingProxyType

from cnnspec.ops import activation, conv, linear, merge, norm, pool, regularize, reshape, resize
from cnnspec.ops.base import Op

ALL_OPS: tuple[type[Op], ...] = (
    conv.Conv,
    conv.DepthwiseConv,
    conv.ConvTranspose,
    pool.MaxPool,
    pool.AvgPool,
    pool.MinPool,
    pool.LpPool,
    pool.GlobalAvgPool,
    pool.GlobalMaxPool,
    pool.AdaptiveAvgPool,
    norm.BatchNorm,
    norm.LayerNorm,
    norm.GroupNorm,
    norm.InstanceNorm,
    norm.LocalResponseNorm,
    activation.Relu,
    activation.Relu6,
    activation.LeakyRelu,
    activation.Prelu,
    activation.Elu,
    activation.Selu,
    activation.Gelu,
    activation.Silu,
    activation.HardSwish,
    activation.HardSigmoid,
    activation.Mish,
    activation.Sigmoid,
    activation.Tanh,
    activation.Softmax,
    regularize.Dropout,
    regularize.SpatialDropout,
    regularize.StochasticDepth,
    linear.Linear,
    reshape.Flatten,
    reshape.ZeroPad,
    reshape.Crop,
    reshape.CropLike,
    reshape.Identity,
    resize.Upsample,
    resize.Resize,
    resize.ResizeLike,
    merge.Add,
    merge.Concat,
    merge.Multiply,
)

OPS: MappingProxyType[str, type[Op]] = MappingProxyType({op.op: op for op in ALL_OPS})
