"""What somebody would write by hand in Keras for one op of a spec, channels last.

It is for those ops for which Keras has a layer, and for fields that it has. It answers with the
shape that comes out, channels first again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

from cnnspec.ops.shapes import Kind, Shape
from tests.fuzz.boundaries import KERAS_OPS, Use
from tests.fuzz.direct_call import Inexpressible

Value = Any


class Words:
    """The calls for one use."""

    def __init__(self, use: Use) -> None:
        self.use, self.fields = use, use.fields
        self.rank = use.shape.rank if use.shape.kind is Kind.MAP else 0
        self.inputs = [draw_value(shape) for shape in use.inputs]
        self.x = self.inputs[0]

    def get(self, name: str, default: Any) -> Any:
        value = self.fields.get(name, default)
        return tuple(value) if isinstance(value, list) else value

    def pick(self, name: str) -> Any:
        """The layer of so many axes."""
        if not self.rank:
            raise ValueError("no map")
        return getattr(layers, name.format(self.rank))

    def pad(self) -> str:
        """The padding in Keras's words; numbers are put around the map first."""
        value = self.get("padding", 0)
        if value in ("same", "valid"):
            return str(value)
        if value != 0:
            if self.use.op.endswith("_pool"):
                raise Inexpressible("pools have no padding in numbers")
            self.x = self.pick("ZeroPadding{}D")(_pair(value, self.rank))(self.x)
        return "valid"


def _pair(value: Any, rank: int) -> Any:
    """Margins as Keras takes them: one number, one for each axis, or pairs."""
    if isinstance(value, tuple) and len(value) == 2 * rank:
        pairs = tuple(zip(value[::2], value[1::2], strict=True))
        return pairs if rank > 1 else pairs[0]
    if isinstance(value, tuple) and rank == 1:
        return value[0] if len(value) == 1 else (*value, None)
    return value


def draw_value(shape: Shape) -> Value:
    dims = (*shape.sizes, shape.channels)
    return np.random.default_rng(0).standard_normal((2, *dims)).astype("float32")


def by_layer(use: Use) -> tuple[int, ...]:
    """The shape that Keras's own layer gives; raises what Keras or TensorFlow raises."""
    words = Words(use)
    y = keras.ops.convert_to_numpy(_LAYERS[use.op](words))
    dims: tuple[int, ...] = y.shape[1:]
    tokens = use.shape.kind is Kind.TOKENS and use.op != "to_map"
    return dims if tokens or len(dims) < 2 else (dims[-1], *dims[:-1])


def _conv(w: Words) -> Value:
    stride, dilation = w.get("stride", 1), w.get("dilation", 1)
    if stride not in (1, (1,) * w.rank) and dilation not in (1, (1,) * w.rank):
        raise Inexpressible("strides and dilations exclude each other")
    layer = w.pick("Conv{}D")(
        w.get("out_channels", None),
        w.get("kernel_size", None),
        strides=stride,
        padding=w.pad(),
        dilation_rate=dilation,
        groups=w.get("groups", 1),
        use_bias=w.get("bias", True),
    )
    return layer(w.x)


def _depthwise(w: Words) -> Value:
    stride, dilation = w.get("stride", 1), w.get("dilation", 1)
    if w.rank == 3 or len({stride} if isinstance(stride, int) else set(stride)) > 1:
        raise Inexpressible("one stride, over one axis or two")
    if stride not in (1, (1,) * w.rank) and dilation not in (1, (1,) * w.rank):
        raise Inexpressible("strides and dilations exclude each other")
    layer = w.pick("DepthwiseConv{}D")(
        w.get("kernel_size", None),
        strides=stride,
        padding=w.pad(),
        depth_multiplier=w.get("multiplier", 1),
        dilation_rate=dilation,
    )
    return layer(w.x)


def _max_pool(w: Words) -> Value:
    if w.get("ceil_mode", False) or w.get("dilation", 1) not in (1, (1,) * w.rank):
        raise Inexpressible("neither ceil_mode nor dilation")
    name = "AveragePooling{}D" if w.use.op == "avg_pool" else "MaxPooling{}D"
    stride = w.get("stride", None)
    return w.pick(name)(w.get("kernel_size", None), stride, w.pad())(w.x)


def _global_pool(w: Words) -> Value:
    name = "Average" if "avg" in w.use.op else "Max"
    return w.pick(f"Global{name}Pooling{{}}D")(keepdims=w.get("keepdims", False))(w.x)


def _zero_pad(w: Words) -> Value:
    return w.pick("ZeroPadding{}D")(_pair(w.get("padding", None), w.rank))(w.x)


def _crop(w: Words) -> Value:
    return w.pick("Cropping{}D")(_pair(w.get("margins", None), w.rank))(w.x)


def _upsample(w: Words) -> Value:
    mode = w.get("mode", "nearest")
    if mode != "nearest" and w.rank != 2:
        raise Inexpressible("interpolation over two axes")
    if w.get("align_corners", False):
        raise Inexpressible("no corners")
    factor = w.get("scale_factor", None)
    if w.rank == 2:
        return layers.UpSampling2D(factor, interpolation=mode)(w.x)
    return w.pick("UpSampling{}D")(factor)(w.x)


def _merge(layer: Callable[[], Any]) -> Callable[[Words], Value]:
    return lambda w: layer()(w.inputs)


def _group_norm(w: Words) -> Value:
    return layers.GroupNormalization(w.get("num_groups", None), epsilon=w.get("eps", 1e-5))(w.x)


def _attention(w: Words) -> Value:
    heads = w.get("num_heads", None)
    layer = layers.MultiHeadAttention(
        heads, w.use.shape.channels // heads, dropout=w.get("dropout", 0.0)
    )
    return layer(w.x, w.x)


def _to_map(w: Words) -> Value:
    sizes = w.get("sizes", None)
    sizes = sizes if isinstance(sizes, tuple) else (sizes,)
    return layers.Reshape((*sizes, w.use.shape.channels))(w.x)


_LAYERS: dict[str, Callable[[Words], Value]] = {
    "conv": _conv,
    "depthwise_conv": _depthwise,
    "max_pool": _max_pool,
    "min_pool": _max_pool,
    "avg_pool": _max_pool,
    "global_avg_pool": _global_pool,
    "global_max_pool": _global_pool,
    "linear": lambda w: layers.Dense(w.get("out_features", None))(w.x),
    "group_norm": _group_norm,
    "attention": _attention,
    "to_map": _to_map,
    "flatten": lambda w: layers.Flatten()(w.x),
    "zero_pad": _zero_pad,
    "crop": _crop,
    "upsample": _upsample,
    "dropout": lambda w: layers.Dropout(w.get("p", 0.5))(w.x),
    "spatial_dropout": lambda w: w.pick("SpatialDropout{}D")(w.get("p", 0.5))(w.x),
    "add": _merge(layers.Add),
    "multiply": _merge(layers.Multiply),
    "concat": _merge(layers.Concatenate),
}
assert _LAYERS.keys() == set(KERAS_OPS)
