"""What each op becomes in Keras."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from cnnspec.backends.base import Site
from cnnspec.backends.keras import (
    activation,
    attention,
    conv,
    linear,
    merge,
    norm,
    pool,
    rearrange,
    regularize,
    reshape,
    resize,
    stored,
)
from cnnspec.backends.keras.layer import Layers
from cnnspec.backends.keras.merge import Merged
from cnnspec.backends.pycode import Expr
from cnnspec.ops import activation as activation_ops
from cnnspec.ops import attention as attention_ops
from cnnspec.ops import conv as conv_ops
from cnnspec.ops import linear as linear_ops
from cnnspec.ops import merge as merge_ops
from cnnspec.ops import norm as norm_ops
from cnnspec.ops import pool as pool_ops
from cnnspec.ops import rearrange as rearrange_ops
from cnnspec.ops import regularize as regularize_ops
from cnnspec.ops import reshape as reshape_ops
from cnnspec.ops import resize as resize_ops
from cnnspec.ops import stored as stored_ops
from cnnspec.ops import tokens as tokens_ops
from cnnspec.ops.base import Op

LAYERS: MappingProxyType[type[Op], Callable[[Site, Expr], Layers]] = MappingProxyType(
    {
        conv_ops.Conv: conv.conv,
        conv_ops.DepthwiseConv: conv.depthwise_conv,
        conv_ops.ConvTranspose: conv.conv_transpose,
        pool_ops.MaxPool: pool.max_pool,
        pool_ops.AvgPool: pool.avg_pool,
        pool_ops.MinPool: pool.min_pool,
        pool_ops.LpPool: pool.lp_pool,
        pool_ops.GlobalAvgPool: pool.global_avg_pool,
        pool_ops.GlobalMaxPool: pool.global_max_pool,
        pool_ops.AdaptiveAvgPool: pool.adaptive_avg_pool,
        norm_ops.BatchNorm: norm.batch_norm,
        norm_ops.LayerNorm: norm.layer_norm,
        norm_ops.GroupNorm: norm.group_norm,
        norm_ops.InstanceNorm: norm.instance_norm,
        norm_ops.LocalResponseNorm: norm.local_response_norm,
        norm_ops.L2Normalize: norm.l2_normalize,
        norm_ops.Scale: norm.scale,
        activation_ops.Relu: activation.relu,
        activation_ops.Relu6: activation.relu6,
        activation_ops.LeakyRelu: activation.leaky_relu,
        activation_ops.Prelu: activation.prelu,
        activation_ops.Elu: activation.elu,
        activation_ops.Selu: activation.selu,
        activation_ops.Gelu: activation.gelu,
        activation_ops.Silu: activation.silu,
        activation_ops.HardSwish: activation.hard_swish,
        activation_ops.HardSigmoid: activation.hard_sigmoid,
        activation_ops.Mish: activation.mish,
        activation_ops.Sigmoid: activation.sigmoid,
        activation_ops.Tanh: activation.tanh,
        activation_ops.Softmax: activation.softmax,
        regularize_ops.Dropout: regularize.dropout,
        regularize_ops.SpatialDropout: regularize.spatial_dropout,
        regularize_ops.StochasticDepth: regularize.stochastic_depth,
        linear_ops.Linear: linear.linear,
        attention_ops.Attention: attention.attention,
        tokens_ops.ToTokens: attention.to_tokens,
        tokens_ops.ToMap: attention.to_map,
        tokens_ops.ClassToken: attention.class_token,
        tokens_ops.PositionEmbedding: attention.position_embedding,
        tokens_ops.SelectToken: attention.select_token,
        stored_ops.Parameter: stored.parameter,
        stored_ops.Constant: stored.constant,
        reshape_ops.Flatten: reshape.flatten,
        reshape_ops.ZeroPad: reshape.zero_pad,
        reshape_ops.Crop: reshape.crop,
        reshape_ops.Identity: reshape.identity,
        rearrange_ops.Slice: rearrange.slice_entries,
        rearrange_ops.Split: rearrange.split,
        rearrange_ops.PadChannels: rearrange.pad_channels,
        rearrange_ops.ChannelShuffle: rearrange.channel_shuffle,
        rearrange_ops.PixelShuffle: rearrange.pixel_shuffle,
        rearrange_ops.PixelUnshuffle: rearrange.pixel_unshuffle,
        resize_ops.Upsample: resize.upsample,
        resize_ops.Resize: resize.resize,
    }
)

MERGES: MappingProxyType[type[Op], Callable[[Site, Expr], Merged]] = MappingProxyType(
    {
        merge_ops.Add: merge.add,
        merge_ops.Concat: merge.concat,
        merge_ops.Multiply: merge.multiply,
        reshape_ops.CropLike: merge.crop_like,
        resize_ops.ResizeLike: resize.resize_like,
    }
)


def count_inputs(op: Op) -> int:
    """How often an op's layer is told its value: attention is told query and value apart."""
    return 2 if isinstance(op, attention_ops.Attention) else 1


UNSUPPORTED: MappingProxyType[type[Op], str] = MappingProxyType({})
