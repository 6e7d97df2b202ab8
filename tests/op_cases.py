"""Every op in every form it takes: the table that all backends' tests share.

Sizes are pairwise distinct in most cases, so that a wrong transpose is a wrong shape, and all
equal in some, so that code that guesses axes from sizes goes wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cnnspec.ops.base import Op
from cnnspec.ops.catalog import OPS
from cnnspec.ops.shapes import Kind, Shape


@dataclass(frozen=True, slots=True)
class OpCase:
    """One op with its fields, and the shapes that go into it."""

    op: str
    fields: dict[str, Any]
    inputs: tuple[Shape, ...]
    id: str = field(default="")

    def build(self) -> Op:
        """The op itself."""
        return OPS[self.op].model_validate(self.fields)


def fmap(channels: int, *sizes: int) -> Shape:
    """A feature map."""
    return Shape(Kind.MAP, channels, sizes)


def vector(features: int) -> Shape:
    """A vector."""
    return Shape(Kind.VECTOR, features)


def tokens(count: int, channels: int) -> Shape:
    """A sequence of tokens."""
    return Shape(Kind.TOKENS, channels, (count,))


_MAP = fmap(6, 9, 7)
_CUBE = fmap(5, 5, 5)
_LINE = fmap(4, 11)
_SOLID = fmap(4, 6, 5, 7)
_ALL_RANKS = (_LINE, _MAP, _SOLID)
_ALL_KINDS = (*_ALL_RANKS, _CUBE, vector(7), tokens(5, 6))

_Row = tuple[dict[str, Any], tuple[Shape, ...]]


def _one(shape: Shape, **fields: Any) -> _Row:
    return fields, (shape,)


def _each(shapes: tuple[Shape, ...], **fields: Any) -> Iterator[_Row]:
    for shape in shapes:
        yield fields, (shape,)


def _list_conv() -> Iterator[_Row]:
    k3 = {"out_channels": 8, "kernel_size": 3}
    yield from _each((*_ALL_RANKS, _CUBE), **k3)
    yield from _each(_ALL_RANKS, **k3, padding=1, stride=2)
    yield from _each(_ALL_RANKS, **k3, padding="same", stride=2, dilation=2)
    yield from _each((fmap(6, 8, 8), fmap(6, 9, 8), fmap(6, 10)), **k3, padding="same", stride=2)
    yield _one(_MAP, **k3, padding="valid")
    yield _one(_MAP, **k3, padding="same", bias=False)
    yield _one(_MAP, **k3, padding="same", stride=3)
    yield _one(_MAP, **k3, padding=[2, 1])
    yield _one(_MAP, **k3, padding=[2, 0, 1, 3])
    yield _one(_MAP, **k3, padding=[0, 1, 0, 0], stride=[2, 1])
    yield _one(_LINE, **k3, padding=[0, 2])
    yield _one(_SOLID, **k3, padding=[1, 0, 0, 2, 2, 1])
    yield _one(_MAP, **k3, padding=5, stride=4)
    yield _one(_MAP, **k3, groups=2)
    yield _one(_MAP, **{**k3, "out_channels": 9}, groups=3, stride=2, dilation=2, padding=2)
    yield _one(_MAP, **k3, dilation=[2, 1])
    yield _one(_MAP, out_channels=5, kernel_size=1, bias=False)
    yield _one(_MAP, out_channels=5, kernel_size=1, stride=2)
    yield _one(_MAP, out_channels=5, kernel_size=[4, 2], padding="same")
    yield _one(_MAP, out_channels=5, kernel_size=[1, 5], stride=[1, 2], padding=[0, 2])
    yield _one(fmap(3, 12, 15), out_channels=4, kernel_size=7, stride=2, padding=3, bias=False)
    yield _one(_SOLID, out_channels=6, kernel_size=[3, 1, 2], groups=2, stride=[1, 2, 3])
    yield _one(_LINE, **k3, groups=2, dilation=2, bias=False)
    yield _one(_LINE, **k3, groups=4, dilation=2, stride=2, padding=[0, 2])
    yield _one(_LINE, out_channels=3, kernel_size=4, padding="same", stride=3)
    yield _one(_SOLID, **k3, groups=4, bias=False, padding=[1, 0, 2])
    yield _one(_SOLID, **k3, groups=2, dilation=[1, 2, 1], stride=[2, 1, 2], padding="same")
    yield _one(_SOLID, out_channels=3, kernel_size=[2, 3, 4], padding="same")


def _list_depthwise() -> Iterator[_Row]:
    yield from _each((*_ALL_RANKS, _CUBE), kernel_size=3, padding=1)
    yield from _each(_ALL_RANKS, kernel_size=3, multiplier=2, stride=2, padding="same")
    yield _one(_MAP, kernel_size=3, stride=[2, 1], bias=False)
    yield _one(_MAP, kernel_size=[3, 2], dilation=[1, 2], padding=[1, 0, 2, 1])
    yield _one(_MAP, kernel_size=3, dilation=2, stride=2, padding=2, multiplier=3)
    yield _one(_MAP, kernel_size=5, padding="valid")
    yield _one(_LINE, kernel_size=2, dilation=2, stride=2, padding=[1, 0], bias=False)
    yield _one(_SOLID, kernel_size=[2, 3, 1], dilation=[1, 2, 1], padding="same", bias=False)
    yield _one(_SOLID, kernel_size=2, multiplier=2, stride=[2, 1, 3], padding=[0, 1, 1, 0, 2, 0])


def _list_conv_transpose() -> Iterator[_Row]:
    yield from _each((*_ALL_RANKS, _CUBE), out_channels=3, kernel_size=3)
    yield from _each(
        _ALL_RANKS, out_channels=3, kernel_size=3, stride=2, padding=1, output_padding=1
    )
    yield _one(_MAP, out_channels=8, kernel_size=2, stride=2, bias=False)
    yield _one(_MAP, out_channels=8, kernel_size=4, stride=2, padding=1, groups=2)
    yield _one(_MAP, out_channels=9, kernel_size=[3, 2], stride=[3, 2], groups=3)
    yield _one(_MAP, out_channels=4, kernel_size=3, stride=2, padding=[1, 0, 0, 2])
    yield _one(_MAP, out_channels=4, kernel_size=3, stride=2, padding=[1, 0], output_padding=[0, 1])
    yield _one(_MAP, out_channels=4, kernel_size=2, stride=3, output_padding=2)
    yield _one(_MAP, out_channels=4, kernel_size=2, stride=5, padding=[1, 2], output_padding=3)
    yield _one(_MAP, out_channels=4, kernel_size=3, dilation=2, stride=2)
    yield _one(
        _MAP, out_channels=4, kernel_size=3, dilation=[1, 3], padding=2, output_padding=[0, 2]
    )
    wide = {"out_channels": 4, "kernel_size": 3, "dilation": [1, 3], "output_padding": [0, 2]}
    yield _one(_MAP, **wide, bias=False)
    yield _one(_MAP, **wide, padding=[2, 1, 0, 1])
    yield _one(_MAP, out_channels=4, kernel_size=1, stride=2)
    yield _one(_LINE, out_channels=6, kernel_size=3, groups=2, dilation=2, bias=False)
    yield _one(_LINE, out_channels=3, kernel_size=2, stride=3, padding=[0, 2], output_padding=1)
    yield _one(_SOLID, out_channels=6, kernel_size=2, stride=2, groups=2, bias=False)
    yield _one(_SOLID, out_channels=3, kernel_size=[3, 2, 3], dilation=[1, 2, 1], padding=[1, 0, 2])
    yield _one(_SOLID, out_channels=3, kernel_size=4, stride=2, padding=1)
    rows = {"stride": [1, 2, 3], "output_padding": [0, 1, 2]}
    yield _one(_SOLID, out_channels=3, kernel_size=2, **rows, padding=[1, 0, 0, 1, 0, 2])


def _list_extreme_pool() -> Iterator[_Row]:
    yield from _each((*_ALL_RANKS, _CUBE), kernel_size=2)
    yield from _each(_ALL_RANKS, kernel_size=3, stride=2, padding=1)
    yield from _each(_ALL_RANKS, kernel_size=3, stride=2, padding="same")
    yield from _each(_ALL_RANKS, kernel_size=2, stride=2, ceil_mode=True)
    yield _one(_MAP, kernel_size=3, stride=1, padding="same")
    yield _one(_MAP, kernel_size=[3, 2], stride=[1, 2])
    yield _one(_MAP, kernel_size=3, stride=2, padding="valid")
    yield _one(_MAP, kernel_size=3, stride=2, padding=[1, 0, 2, 1])
    yield _one(_MAP, kernel_size=3, stride=2, padding=1, ceil_mode=True)
    yield _one(fmap(3, 10, 10), kernel_size=2, stride=3, padding=1, ceil_mode=True)
    yield _one(fmap(3, 10, 6), kernel_size=3, stride=3, padding=[0, 2, 1, 0], ceil_mode=True)
    yield _one(_MAP, kernel_size=2, dilation=2, padding=1)
    yield _one(_MAP, kernel_size=2, dilation=[3, 2], padding=[2, 1], stride=2)
    yield _one(_MAP, kernel_size=2, dilation=3, padding="same", stride=2)
    yield _one(_MAP, kernel_size=3, dilation=2, stride=3, ceil_mode=True)
    yield _one(fmap(3, 4, 4), kernel_size=1, stride=3, ceil_mode=True)
    yield _one(_LINE, kernel_size=2, dilation=3, padding="same", stride=2)
    yield _one(_LINE, kernel_size=3, stride=3, padding=[1, 0], ceil_mode=True)
    yield _one(_SOLID, kernel_size=[1, 2, 3], stride=[1, 2, 2], padding=[0, 1, 1])
    yield _one(_SOLID, kernel_size=2, dilation=[2, 1, 3], padding=[1, 0, 1])
    yield _one(_SOLID, kernel_size=3, stride=2, padding=[1, 0, 0, 1, 1, 1], ceil_mode=True)


def _list_avg_pool() -> Iterator[_Row]:
    for counts in ({}, {"count_include_pad": False}):
        yield from _each((*_ALL_RANKS, _CUBE), kernel_size=3, stride=2, padding=1, **counts)
        yield from _each(_ALL_RANKS, kernel_size=3, stride=2, padding="same", **counts)
        yield from _each(_ALL_RANKS, kernel_size=3, stride=2, padding=1, ceil_mode=True, **counts)
        yield _one(_MAP, kernel_size=2, **counts)
        yield _one(_MAP, kernel_size=[2, 3], stride=[1, 2], **counts)
        # Padding that no window reads.
        yield _one(fmap(3, 9, 11), kernel_size=1, stride=2, padding=[0, 1, 0, 1], **counts)
        yield _one(_MAP, kernel_size=3, stride=2, padding=[1, 0, 2, 1], **counts)
        yield _one(
            fmap(3, 10, 8), kernel_size=3, stride=2, padding=[0, 1], ceil_mode=True, **counts
        )
        yield _one(fmap(3, 10, 6), kernel_size=3, padding=[0, 2, 1, 0], ceil_mode=True, **counts)
        yield _one(fmap(3, 10, 10), kernel_size=2, stride=3, padding=1, ceil_mode=True, **counts)
        yield _one(fmap(3, 8, 8), kernel_size=3, stride=2, ceil_mode=True, **counts)
        yield _one(_LINE, kernel_size=3, stride=3, padding=[1, 0], ceil_mode=True, **counts)
        yield _one(_SOLID, kernel_size=[1, 2, 3], stride=[1, 2, 2], padding=[0, 1, 1], **counts)
        yield _one(
            _SOLID, kernel_size=3, stride=2, padding=[1, 0, 0, 1, 1, 1], ceil_mode=True, **counts
        )


def _list_lp_pool() -> Iterator[_Row]:
    yield from _each((*_ALL_RANKS, _CUBE), kernel_size=2)
    for power in (1, 3.0, 2.5, 0.5):
        yield _one(_MAP, kernel_size=3, stride=2, norm_type=power)
    yield from _each(_ALL_RANKS, kernel_size=2, stride=2, ceil_mode=True)
    yield _one(_MAP, kernel_size=[2, 3], stride=[3, 2], norm_type=3, ceil_mode=True)
    yield from _each(_ALL_RANKS, kernel_size=2, stride=2, norm_type=1.5, ceil_mode=True)
    yield _one(_LINE, kernel_size=4, stride=3, norm_type=3)
    yield _one(_SOLID, kernel_size=[1, 2, 3], stride=[2, 3, 2], norm_type=3, ceil_mode=True)


def _list_adaptive() -> Iterator[_Row]:
    yield from _each((*_ALL_RANKS, _CUBE), output_size=3)
    yield from _each(_ALL_RANKS, output_size=1)
    yield _one(fmap(3, 8, 12), output_size=4)
    yield _one(fmap(3, 8, 12), output_size=[2, 5])
    yield _one(_MAP, output_size=[9, 4])
    yield _one(_MAP, output_size=[13, 7])
    yield _one(_SOLID, output_size=[4, 5, 3])
    yield _one(fmap(4, 12), output_size=4)
    yield _one(_LINE, output_size=[13])
    yield _one(fmap(3, 8, 4, 6), output_size=[4, 2, 3])


def _list_layer_norm() -> Iterator[_Row]:
    yield from _each(_ALL_KINDS)
    yield from _each(_ALL_KINDS, axes="all")
    yield from _each((*_ALL_RANKS, tokens(5, 6)), axes="all", affine=False, eps=0.1)
    yield from _each((*_ALL_RANKS, tokens(5, 6), vector(7)), affine=False, eps=0.1)


def _list_activations() -> Iterator[tuple[str, _Row]]:
    plain = "relu relu6 leaky_relu prelu elu selu gelu silu hard_swish hard_sigmoid mish sigmoid"
    for op in (*plain.split(), "tanh", "softmax"):
        for row in _each((*_ALL_RANKS, vector(7), tokens(5, 6))):
            yield op, row
    for op in ("softmax", "prelu"):
        yield op, _one(_CUBE)
    for shape in _ALL_KINDS:
        yield "prelu", _one(shape, per_channel=True)
    yield "leaky_relu", _one(_MAP, negative_slope=-0.5)
    for shape in _ALL_RANKS:
        yield "leaky_relu", _one(shape, negative_slope=0.2)
        yield "elu", _one(shape, alpha=0.3)
        yield "gelu", _one(shape, approximate="tanh")
    yield "gelu", _one(tokens(5, 6), approximate="tanh")


def _list_norms() -> Iterator[tuple[str, _Row]]:
    for row in _each((*_ALL_RANKS, vector(7))):
        yield "batch_norm", row
    for row in _each(_ALL_RANKS, eps=0.1, momentum=0.3, affine=False):
        yield "batch_norm", row
    yield "batch_norm", _one(_MAP, eps=0.1, momentum=0.3)
    for row in _list_layer_norm():
        yield "layer_norm", row
    for row in _each(_ALL_RANKS, num_groups=2):
        yield "group_norm", row
    yield "group_norm", _one(_MAP, num_groups=3, affine=False, eps=0.1)
    for row in _each((_LINE, _SOLID), num_groups=1, affine=False, eps=0.1):
        yield "group_norm", row
    yield "group_norm", _one(_MAP, num_groups=1)
    yield "group_norm", _one(_MAP, num_groups=6, eps=1e-3)
    for row in _each(_ALL_RANKS):
        yield "instance_norm", row
    for row in _each(_ALL_RANKS, affine=True, eps=0.1):
        yield "instance_norm", row
    for row in _each((*_ALL_RANKS, _CUBE), size=3):
        yield "local_response_norm", row
    for row in _each(_ALL_RANKS, size=5, alpha=0.5, beta=0.6, k=2.0):
        yield "local_response_norm", row
    yield "local_response_norm", _one(_MAP, size=1, alpha=0.5)
    yield "local_response_norm", _one(fmap(3, 4, 5), size=9, alpha=2.0)


def _list_rest() -> Iterator[tuple[str, _Row]]:
    for op in ("global_avg_pool", "global_max_pool"):
        for row in _each((*_ALL_RANKS, _CUBE)):
            yield op, row
        for row in _each(_ALL_RANKS, keepdims=True):
            yield op, row
    for row in _each((vector(7), tokens(5, 6)), out_features=4):
        yield "linear", row
    for row in _each((vector(7), tokens(5, 6), tokens(5, 5)), out_features=5, bias=False):
        yield "linear", row
    for op in ("flatten", "identity", "dropout"):
        for row in _each(_ALL_KINDS):
            yield op, row
    yield "dropout", _one(_MAP, p=0.0)
    for shape in _ALL_KINDS:
        yield "stochastic_depth", _one(shape, p=0.2)
    yield "stochastic_depth", _one(_MAP)
    yield "spatial_dropout", _one(_MAP)
    for op in ("dropout", "spatial_dropout"):
        for row in _each(_ALL_RANKS, p=0.2):
            yield op, row


def _list_initialised() -> Iterator[tuple[str, _Row]]:
    """Every op with weights, told what they start as."""
    both = {"initializer": {"normal": {"std": 0.1}}, "bias_initializer": {"constant": 0.1}}
    kernel = {"out_channels": 8, "kernel_size": 3, **both}
    for shape in _ALL_RANKS:
        yield "conv", _one(shape, **kernel)
        yield "depthwise_conv", _one(shape, kernel_size=3, **both)
        yield "conv_transpose", _one(shape, **kernel)
        yield "batch_norm", _one(shape, **both)
        yield "layer_norm", _one(shape, **both)
        yield "group_norm", _one(shape, num_groups=2, **both)
        yield "instance_norm", _one(shape, affine=True, **both)
        yield "prelu", _one(shape, initializer={"constant": 0.1})
        yield "scale", _one(shape, initializer={"constant": 0.1})
    yield "conv_transpose", _one(_MAP, **kernel, groups=2)
    yield "linear", _one(vector(7), out_features=4, **both)


def _list_margins() -> Iterator[tuple[str, _Row]]:
    for op, key in (("zero_pad", "padding"), ("crop", "margins")):
        for row in _each(_ALL_RANKS, **{key: 1}):
            yield op, row
        yield op, _one(_MAP, **{key: 0})
        yield op, _one(_MAP, **{key: [2, 1]})
        yield op, _one(_MAP, **{key: [1, 0, 2, 3]})
        yield op, _one(_LINE, **{key: [0, 3]})
        yield op, _one(_SOLID, **{key: [1, 0, 0, 2, 3, 1]})


def _list_upsample() -> Iterator[_Row]:
    yield from _each((*_ALL_RANKS, _CUBE), scale_factor=2)
    yield _one(_MAP, scale_factor=[3, 1])
    yield _one(_MAP, scale_factor=1)
    yield _one(_SOLID, scale_factor=[1, 2, 3])
    for shape, mode in zip(_ALL_RANKS, ("linear", "bilinear", "trilinear"), strict=True):
        yield _one(shape, scale_factor=2, mode=mode)
        yield _one(shape, scale_factor=1, mode=mode)
        yield _one(shape, scale_factor=3, mode=mode, align_corners=True)
    yield _one(fmap(3, 1, 4), scale_factor=2, mode="bilinear", align_corners=True)
    yield _one(_LINE, scale_factor=[3], mode="linear")
    yield _one(fmap(3, 1), scale_factor=4, mode="linear")
    yield _one(_SOLID, scale_factor=[1, 3, 2], mode="trilinear")
    yield _one(fmap(3, 1, 4, 1), scale_factor=[4, 3, 1], mode="trilinear")
    yield _one(_MAP, scale_factor=[1, 3], mode="bilinear")
    yield _one(fmap(3, 1, 1), scale_factor=4, mode="bilinear")
    yield _one(fmap(3, 1, 4), scale_factor=3, mode="bilinear")


def _list_resize() -> Iterator[_Row]:
    yield from _each((*_ALL_RANKS, _CUBE), size=6)
    yield _one(_MAP, size=[18, 21])
    yield _one(fmap(3, 8, 6), size=[4, 2])
    yield _one(_MAP, size=[13, 3])
    for shape, mode in zip(_ALL_RANKS, ("linear", "bilinear", "trilinear"), strict=True):
        for corners in ({}, {"align_corners": True}):
            yield _one(shape, size=8, mode=mode, **corners)
            yield _one(shape, size=[5, 14, 3][: shape.rank], mode=mode, **corners)
            yield _one(shape, size=1, mode=mode, **corners)
    yield _one(fmap(3, 1, 4), size=[3, 7], mode="bilinear", align_corners=True)


def _list_rearranging() -> Iterator[tuple[str, _Row]]:
    for shape in _ALL_RANKS:
        yield "slice", _one(shape, axis="spatial", step=2)
        yield "slice", _one(shape, axis="channels", start=1, stop=4, step=2)
        yield "slice", _one(shape, axis=shape.axes[-1], start=2)
        yield "split", _one(shape, parts=2, index=1)
        yield "pad_channels", _one(shape, padding=2)
        yield "pad_channels", _one(shape, padding=[0, 3])
        yield "channel_shuffle", _one(shape, groups=2)
        r = 2**shape.rank
        yield "pixel_shuffle", _one(shape.widen(3 * r), factor=2)
        even = shape.resize(tuple(2 * size for size in shape.sizes))
        yield "pixel_unshuffle", _one(even, factor=2)
    yield "slice", _one(_MAP, axis="height", start=1, stop=8, step=3)
    yield "slice", _one(vector(7), axis="channels", start=2, step=2)
    yield "slice", _one(tokens(5, 6), axis="tokens", start=1)
    yield "slice", _one(tokens(5, 6), axis="channels", stop=4)
    yield "split", _one(vector(9), parts=3, index=0)
    yield "split", _one(tokens(5, 6), parts=3, index=2)
    yield "pad_channels", _one(_CUBE, padding=[2, 0])
    yield "channel_shuffle", _one(_MAP, groups=3)
    yield "channel_shuffle", _one(_CUBE, groups=5)
    yield "pixel_shuffle", _one(fmap(9, 3, 3), factor=3)
    yield "pixel_unshuffle", _one(fmap(3, 9, 6), factor=3)
    for shape in _ALL_KINDS:
        yield "l2_normalize", _one(shape)
        yield "scale", _one(shape)
    for shape in (*_ALL_RANKS, tokens(5, 6)):
        yield "l2_normalize", _one(shape, eps=3.0)


def _list_like() -> Iterator[tuple[str, _Row]]:
    """Ops that take the size of their second input."""
    for shape, mode in zip(_ALL_RANKS, ("linear", "bilinear", "trilinear"), strict=True):
        like = fmap(2, *(size + 4 - axis for axis, size in enumerate(shape.sizes)))
        for fields in ({}, {"mode": mode}, {"mode": mode, "align_corners": True}):
            yield "resize_like", ({"like": "value1", **fields}, (shape, like))
            yield "resize_like", ({"like": "value1", **fields}, (like, shape))
        yield "crop_like", ({"like": "value1"}, (like, shape))
        yield (
            "crop_like",
            ({"like": "value1", "offset": 1}, (like, shape.resize((3,) * shape.rank))),
        )
        yield "crop_like", ({"like": "value1", "offset": 0}, (shape, shape.widen(1)))
    yield "resize_like", ({"like": "value1"}, (_MAP, fmap(1, 18, 7)))
    offsets = {"like": "value1", "offset": [5, 2]}
    yield "crop_like", (offsets, (_MAP, fmap(1, 4, 3)))


def _list_tokens() -> Iterator[tuple[str, _Row]]:
    sequence = tokens(5, 6)
    for heads in (1, 2, 3, 6):
        yield "attention", _one(sequence, num_heads=heads)
    yield "attention", _one(sequence, num_heads=2, bias=False)
    yield "attention", _one(sequence, num_heads=3, dropout=0.25)
    yield "attention", _one(tokens(4, 4), num_heads=2)
    yield "attention", _one(tokens(1, 6), num_heads=2)
    yield "attention", _one(sequence, num_heads=2, initializer="zeros", bias_initializer="ones")
    yield (
        "attention",
        _one(
            sequence,
            num_heads=2,
            initializer={"glorot_uniform": {"gain": 0.5}},
            bias_initializer={"constant": 0.1},
        ),
    )
    for shape in (*_ALL_RANKS, _CUBE):
        yield "to_tokens", _one(shape)
    yield "to_map", _one(sequence, sizes=5)
    yield "to_map", _one(tokens(12, 5), sizes=[3, 4])
    yield "to_map", _one(tokens(24, 5), sizes=[2, 3, 4])
    yield "class_token", _one(sequence)
    yield "class_token", _one(sequence, count=2, initializer={"normal": {"std": 0.1}})
    yield "position_embedding", _one(sequence)
    yield "position_embedding", _one(tokens(1, 4), initializer="zeros")
    yield "select_token", _one(sequence)
    yield "select_token", _one(sequence, index=3)
    yield "select_token", _one(sequence, index=-1)


def _list_stored() -> Iterator[tuple[str, _Row]]:
    sizes = ({"channels": 4, "length": 5}, {"channels": 4, "height": 3, "width": 5},
             {"channels": 2, "depth": 3, "height": 4, "width": 5}, {"features": 7},
             {"tokens": 3, "channels": 4})  # fmt: skip
    for given, taken in zip(sizes, (_MAP, vector(7), tokens(5, 6), _LINE, _SOLID), strict=True):
        yield "parameter", _one(taken, **given, initializer={"normal": {"std": 0.1}})
        count = math.prod(given.values())
        yield "constant", _one(taken, **given, values=[n / 8 for n in range(count)])
        yield "constant", _one(taken, **given, values=-0.25)
    yield "parameter", _one(_CUBE, channels=5, height=1, width=1)
    nested = [[[0.5, 1.5]], [[-1.0, 0.25]], [[2.0, 3.0]]]
    yield "constant", _one(_MAP, channels=3, height=1, width=2, values=nested)


def _list_merges() -> Iterator[tuple[str, _Row]]:
    for shape in _ALL_KINDS:
        yield "add", ({}, (shape, shape))
        yield "concat", ({}, (shape, shape.widen(3)))
    yield "add", ({}, (_MAP, _MAP, _MAP))
    yield "concat", ({}, (_MAP, _MAP.widen(1), _MAP.widen(4), _MAP.widen(2)))
    for shape in _ALL_KINDS:
        yield "multiply", ({}, (shape, shape))
    for shape in _ALL_RANKS:
        gate = vector(shape.channels)
        yield "multiply", ({}, (shape, gate))
        yield "multiply", ({}, (gate, shape))
        yield "multiply", ({}, (shape, shape.resize((1,) * shape.rank)))
    yield "multiply", ({}, (_MAP, fmap(1, 9, 7)))
    yield "multiply", ({}, (_MAP, fmap(6, 1, 7), vector(6)))
    yield "multiply", ({}, (vector(6), fmap(1, 9, 1), _MAP))
    yield "multiply", ({}, (_CUBE, vector(5), _CUBE))
    yield "multiply", ({}, (_LINE, fmap(1, 11)))
    yield "multiply", ({}, (_SOLID, fmap(1, 6, 1, 7), vector(4)))
    yield "multiply", ({}, (tokens(5, 6), tokens(1, 6)))
    yield "multiply", ({}, (tokens(5, 6), tokens(5, 1)))
    yield "multiply", ({}, (vector(6), vector(1)))


def _list_rows() -> Iterator[tuple[str, _Row]]:
    families = (
        ("conv", _list_conv()),
        ("depthwise_conv", _list_depthwise()),
        ("conv_transpose", _list_conv_transpose()),
        ("max_pool", _list_extreme_pool()),
        ("min_pool", _list_extreme_pool()),
        ("avg_pool", _list_avg_pool()),
        ("lp_pool", _list_lp_pool()),
        ("adaptive_avg_pool", _list_adaptive()),
        ("upsample", _list_upsample()),
        ("resize", _list_resize()),
    )
    for op, rows in families:
        for row in rows:
            yield op, row
    yield from _list_activations()
    yield from _list_norms()
    yield from _list_rest()
    yield from _list_initialised()
    yield from _list_margins()
    yield from _list_rearranging()
    yield from _list_like()
    yield from _list_tokens()
    yield from _list_stored()
    yield from _list_merges()


def _name_case(op: str, row: _Row) -> OpCase:
    fields, inputs = row
    told = ",".join(f"{key}={value}" for key, value in fields.items()).replace(" ", "")
    shapes = "+".join(f"{shape.kind.name[0].lower()}{shape}" for shape in inputs)
    return OpCase(op, fields, inputs, f"{op}({told})-{shapes}")


CASES: tuple[OpCase, ...] = tuple(_name_case(op, row) for op, row in _list_rows())
