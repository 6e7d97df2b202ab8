"""Every op in every form it takes: the table that all backends' tests share."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tests.op_rows import (
    ALL_KINDS,
    ALL_RANKS,
    CUBE,
    LINE,
    MAP,
    SOLID,
    OpCase,
    Row,
    each,
    fmap,
    one,
    tokens,
    vector,
)
from tests.op_windows import (
    list_adaptive,
    list_avg_pool,
    list_conv,
    list_conv_transpose,
    list_depthwise,
    list_extreme_pool,
    list_lp_pool,
)

__all__ = ["CASES", "OpCase", "fmap", "tokens", "vector"]


def _list_layer_norm() -> Iterator[Row]:
    yield from each(ALL_KINDS)
    yield from each(ALL_KINDS, axes="all")
    yield from each((*ALL_RANKS, tokens(5, 6)), axes="all", affine=False, eps=0.1)
    yield from each((*ALL_RANKS, tokens(5, 6), vector(7)), affine=False, eps=0.1)


def _list_activations() -> Iterator[tuple[str, Row]]:
    plain = "relu relu6 leaky_relu prelu elu selu gelu silu hard_swish hard_sigmoid mish sigmoid"
    for op in (*plain.split(), "tanh", "softmax"):
        for row in each((*ALL_RANKS, vector(7), tokens(5, 6))):
            yield op, row
    for op in ("softmax", "prelu"):
        yield op, one(CUBE)
    for shape in ALL_KINDS:
        yield "prelu", one(shape, per_channel=True)
    yield "leaky_relu", one(MAP, negative_slope=-0.5)
    for shape in ALL_RANKS:
        yield "leaky_relu", one(shape, negative_slope=0.2)
        yield "elu", one(shape, alpha=0.3)
        yield "gelu", one(shape, approximate="tanh")
    yield "gelu", one(tokens(5, 6), approximate="tanh")


def _list_norms() -> Iterator[tuple[str, Row]]:
    for row in each((*ALL_RANKS, vector(7))):
        yield "batch_norm", row
    for row in each(ALL_RANKS, eps=0.1, momentum=0.3, affine=False):
        yield "batch_norm", row
    yield "batch_norm", one(MAP, eps=0.1, momentum=0.3)
    for row in _list_layer_norm():
        yield "layer_norm", row
    for row in each(ALL_RANKS, num_groups=2):
        yield "group_norm", row
    yield "group_norm", one(MAP, num_groups=3, affine=False, eps=0.1)
    for row in each((LINE, SOLID), num_groups=1, affine=False, eps=0.1):
        yield "group_norm", row
    yield "group_norm", one(MAP, num_groups=1)
    yield "group_norm", one(MAP, num_groups=6, eps=1e-3)
    for row in each(ALL_RANKS):
        yield "instance_norm", row
    for row in each(ALL_RANKS, affine=True, eps=0.1):
        yield "instance_norm", row
    for row in each((*ALL_RANKS, CUBE), size=3):
        yield "local_response_norm", row
    for row in each(ALL_RANKS, size=5, alpha=0.5, beta=0.6, k=2.0):
        yield "local_response_norm", row
    yield "local_response_norm", one(MAP, size=1, alpha=0.5)
    yield "local_response_norm", one(fmap(3, 4, 5), size=9, alpha=2.0)


def _list_rest() -> Iterator[tuple[str, Row]]:
    for op in ("global_avg_pool", "global_max_pool"):
        for row in each((*ALL_RANKS, CUBE)):
            yield op, row
        for row in each(ALL_RANKS, keepdims=True):
            yield op, row
    for row in each((vector(7), tokens(5, 6)), out_features=4):
        yield "linear", row
    for row in each((vector(7), tokens(5, 6), tokens(5, 5)), out_features=5, bias=False):
        yield "linear", row
    for op in ("flatten", "identity", "dropout"):
        for row in each(ALL_KINDS):
            yield op, row
    yield "dropout", one(MAP, p=0.0)
    for shape in ALL_KINDS:
        yield "stochastic_depth", one(shape, p=0.2)
    yield "stochastic_depth", one(MAP)
    yield "spatial_dropout", one(MAP)
    for op in ("dropout", "spatial_dropout"):
        for row in each(ALL_RANKS, p=0.2):
            yield op, row


def _list_initialised() -> Iterator[tuple[str, Row]]:
    """Every op with weights, told what they start as."""
    both = {"initializer": {"normal": {"std": 0.1}}, "bias_initializer": {"constant": 0.1}}
    kernel = {"out_channels": 8, "kernel_size": 3, **both}
    for shape in ALL_RANKS:
        yield "conv", one(shape, **kernel)
        yield "depthwise_conv", one(shape, kernel_size=3, **both)
        yield "conv_transpose", one(shape, **kernel)
        yield "batch_norm", one(shape, **both)
        yield "layer_norm", one(shape, **both)
        yield "group_norm", one(shape, num_groups=2, **both)
        yield "instance_norm", one(shape, affine=True, **both)
        yield "prelu", one(shape, initializer={"constant": 0.1})
        yield "scale", one(shape, initializer={"constant": 0.1})
    yield "conv_transpose", one(MAP, **kernel, groups=2)
    yield "linear", one(vector(7), out_features=4, **both)


def _list_margins() -> Iterator[tuple[str, Row]]:
    for op, key in (("zero_pad", "padding"), ("crop", "margins")):
        for row in each(ALL_RANKS, **{key: 1}):
            yield op, row
        yield op, one(MAP, **{key: 0})
        yield op, one(MAP, **{key: [2, 1]})
        yield op, one(MAP, **{key: [1, 0, 2, 3]})
        yield op, one(LINE, **{key: [0, 3]})
        yield op, one(SOLID, **{key: [1, 0, 0, 2, 3, 1]})


def _list_upsample() -> Iterator[Row]:
    yield from each((*ALL_RANKS, CUBE), scale_factor=2)
    yield one(MAP, scale_factor=[3, 1])
    yield one(MAP, scale_factor=1)
    yield one(SOLID, scale_factor=[1, 2, 3])
    for shape, mode in zip(ALL_RANKS, ("linear", "bilinear", "trilinear"), strict=True):
        yield one(shape, scale_factor=2, mode=mode)
        yield one(shape, scale_factor=1, mode=mode)
        yield one(shape, scale_factor=3, mode=mode, align_corners=True)
    yield one(fmap(3, 1, 4), scale_factor=2, mode="bilinear", align_corners=True)
    yield one(LINE, scale_factor=[3], mode="linear")
    yield one(fmap(3, 1), scale_factor=4, mode="linear")
    yield one(SOLID, scale_factor=[1, 3, 2], mode="trilinear")
    yield one(fmap(3, 1, 4, 1), scale_factor=[4, 3, 1], mode="trilinear")
    yield one(MAP, scale_factor=[1, 3], mode="bilinear")
    yield one(fmap(3, 1, 1), scale_factor=4, mode="bilinear")
    yield one(fmap(3, 1, 4), scale_factor=3, mode="bilinear")


def _list_resize() -> Iterator[Row]:
    yield from each((*ALL_RANKS, CUBE), size=6)
    yield one(MAP, size=[18, 21])
    yield one(fmap(3, 8, 6), size=[4, 2])
    yield one(MAP, size=[13, 3])
    for shape, mode in zip(ALL_RANKS, ("linear", "bilinear", "trilinear"), strict=True):
        for corners in ({}, {"align_corners": True}):
            yield one(shape, size=8, mode=mode, **corners)
            yield one(shape, size=[5, 14, 3][: shape.rank], mode=mode, **corners)
            yield one(shape, size=1, mode=mode, **corners)
    yield one(fmap(3, 1, 4), size=[3, 7], mode="bilinear", align_corners=True)


def _list_rearranging() -> Iterator[tuple[str, Row]]:
    for shape in ALL_RANKS:
        yield "slice", one(shape, axis="spatial", step=2)
        yield "slice", one(shape, axis="channels", start=1, stop=4, step=2)
        yield "slice", one(shape, axis=shape.axes[-1], start=2)
        yield "split", one(shape, parts=2, index=1)
        yield "pad_channels", one(shape, padding=2)
        yield "pad_channels", one(shape, padding=[0, 3])
        yield "channel_shuffle", one(shape, groups=2)
        r = 2**shape.rank
        yield "pixel_shuffle", one(shape.widen(3 * r), factor=2)
        even = shape.resize(tuple(2 * size for size in shape.sizes))
        yield "pixel_unshuffle", one(even, factor=2)
    yield "slice", one(MAP, axis="height", start=1, stop=8, step=3)
    yield "slice", one(vector(7), axis="channels", start=2, step=2)
    yield "slice", one(tokens(5, 6), axis="tokens", start=1)
    yield "slice", one(tokens(5, 6), axis="channels", stop=4)
    yield "split", one(vector(9), parts=3, index=0)
    yield "split", one(tokens(5, 6), parts=3, index=2)
    yield "pad_channels", one(CUBE, padding=[2, 0])
    yield "channel_shuffle", one(MAP, groups=3)
    yield "channel_shuffle", one(CUBE, groups=5)
    yield "pixel_shuffle", one(fmap(9, 3, 3), factor=3)
    yield "pixel_unshuffle", one(fmap(3, 9, 6), factor=3)
    for shape in ALL_KINDS:
        yield "l2_normalize", one(shape)
        yield "scale", one(shape)
    for shape in (*ALL_RANKS, tokens(5, 6)):
        yield "l2_normalize", one(shape, eps=3.0)


def _list_like() -> Iterator[tuple[str, Row]]:
    """Ops that take the size of their second input."""
    for shape, mode in zip(ALL_RANKS, ("linear", "bilinear", "trilinear"), strict=True):
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
    yield "resize_like", ({"like": "value1"}, (MAP, fmap(1, 18, 7)))
    offsets = {"like": "value1", "offset": [5, 2]}
    yield "crop_like", (offsets, (MAP, fmap(1, 4, 3)))


def _list_tokens() -> Iterator[tuple[str, Row]]:
    sequence = tokens(5, 6)
    for heads in (1, 2, 3, 6):
        yield "attention", one(sequence, num_heads=heads)
    yield "attention", one(sequence, num_heads=2, bias=False)
    yield "attention", one(sequence, num_heads=3, dropout=0.25)
    yield "attention", one(tokens(4, 4), num_heads=2)
    yield "attention", one(tokens(1, 6), num_heads=2)
    yield "attention", one(sequence, num_heads=2, initializer="zeros", bias_initializer="ones")
    yield (
        "attention",
        one(
            sequence,
            num_heads=2,
            initializer={"glorot_uniform": {"gain": 0.5}},
            bias_initializer={"constant": 0.1},
        ),
    )
    for shape in (*ALL_RANKS, CUBE):
        yield "to_tokens", one(shape)
    yield "to_map", one(sequence, sizes=5)
    yield "to_map", one(tokens(12, 5), sizes=[3, 4])
    yield "to_map", one(tokens(24, 5), sizes=[2, 3, 4])
    yield "class_token", one(sequence)
    yield "class_token", one(sequence, count=2, initializer={"normal": {"std": 0.1}})
    yield "position_embedding", one(sequence)
    yield "position_embedding", one(tokens(1, 4), initializer="zeros")
    yield "select_token", one(sequence)
    yield "select_token", one(sequence, index=3)
    yield "select_token", one(sequence, index=-1)


def _list_stored() -> Iterator[tuple[str, Row]]:
    sizes = ({"channels": 4, "length": 5}, {"channels": 4, "height": 3, "width": 5},
             {"channels": 2, "depth": 3, "height": 4, "width": 5}, {"features": 7},
             {"tokens": 3, "channels": 4})  # fmt: skip
    for given, taken in zip(sizes, (MAP, vector(7), tokens(5, 6), LINE, SOLID), strict=True):
        yield "parameter", one(taken, **given, initializer={"normal": {"std": 0.1}})
        count = math.prod(given.values())
        yield "constant", one(taken, **given, values=[n / 8 for n in range(count)])
        yield "constant", one(taken, **given, values=-0.25)
    yield "parameter", one(CUBE, channels=5, height=1, width=1)
    nested = [[[0.5, 1.5]], [[-1.0, 0.25]], [[2.0, 3.0]]]
    yield "constant", one(MAP, channels=3, height=1, width=2, values=nested)


def _list_merges() -> Iterator[tuple[str, Row]]:
    for shape in ALL_KINDS:
        yield "add", ({}, (shape, shape))
        yield "concat", ({}, (shape, shape.widen(3)))
    yield "add", ({}, (MAP, MAP, MAP))
    yield "concat", ({}, (MAP, MAP.widen(1), MAP.widen(4), MAP.widen(2)))
    for shape in ALL_KINDS:
        yield "multiply", ({}, (shape, shape))
    for shape in ALL_RANKS:
        gate = vector(shape.channels)
        yield "multiply", ({}, (shape, gate))
        yield "multiply", ({}, (gate, shape))
        yield "multiply", ({}, (shape, shape.resize((1,) * shape.rank)))
    yield "multiply", ({}, (MAP, fmap(1, 9, 7)))
    yield "multiply", ({}, (MAP, fmap(6, 1, 7), vector(6)))
    yield "multiply", ({}, (vector(6), fmap(1, 9, 1), MAP))
    yield "multiply", ({}, (CUBE, vector(5), CUBE))
    yield "multiply", ({}, (LINE, fmap(1, 11)))
    yield "multiply", ({}, (SOLID, fmap(1, 6, 1, 7), vector(4)))
    yield "multiply", ({}, (tokens(5, 6), tokens(1, 6)))
    yield "multiply", ({}, (tokens(5, 6), tokens(5, 1)))
    yield "multiply", ({}, (vector(6), vector(1)))


def _list_rows() -> Iterator[tuple[str, Row]]:
    families = (
        ("conv", list_conv()),
        ("depthwise_conv", list_depthwise()),
        ("conv_transpose", list_conv_transpose()),
        ("max_pool", list_extreme_pool()),
        ("min_pool", list_extreme_pool()),
        ("avg_pool", list_avg_pool()),
        ("lp_pool", list_lp_pool()),
        ("adaptive_avg_pool", list_adaptive()),
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


def _name_case(op: str, row: Row) -> OpCase:
    fields, inputs = row
    told = ",".join(f"{key}={value}" for key, value in fields.items()).replace(" ", "")
    shapes = "+".join(f"{shape.kind.name[0].lower()}{shape}" for shape in inputs)
    return OpCase(op, fields, inputs, f"{op}({told})-{shapes}")


CASES: tuple[OpCase, ...] = tuple(_name_case(op, row) for op, row in _list_rows())
