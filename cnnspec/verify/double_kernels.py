"""What frameworks do not compute in double precision: pools over three axes, GELU, and so on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_POOLS = ("max_pool", "avg_pool")


# A module, the name of a function in it, and what stands in its place.
Change = tuple[Any, str, Callable[..., Any]]


@contextmanager
def compute_in_double(backend: str) -> Iterator[None]:
    """Let a backend of Keras compute in double precision what it does not by itself."""
    changes = {"tensorflow": _change_tensorflow, "torch": _change_torch}
    chosen = changes[backend]() if backend in changes else []
    native = [(module, name, getattr(module, name)) for module, name, _ in chosen]
    try:
        for module, name, function in chosen:
            setattr(module, name, function)
        yield
    finally:
        for module, name, function in native:
            setattr(module, name, function)


def _change_torch() -> list[Change]:
    """PyTorch wants the weights of transposed convolutions in order, or finds no gradients.

    It says so on the CPU in double precision alone, for one channel in and several out; Keras
    hands on its own weights with their axes turned.
    """
    import torch.nn.functional as functional

    names = [f"conv_transpose{rank}d" for rank in (1, 2, 3)]
    return [(functional, name, _order_weights(getattr(functional, name))) for name in names]


def _order_weights(native: Callable[..., Any]) -> Callable[..., Any]:
    def convolve(inputs: Any, weight: Any, *arguments: Any, **options: Any) -> Any:
        return native(inputs, weight.contiguous(), *arguments, **options)

    return convolve


def _change_tensorflow() -> list[Change]:
    """TensorFlow's changes.

    It has no kernels for pools over three axes: each frame is pooled first, then over the frames. A
    window's maximum or mean is that of its frames' maxima or means, and so are the gradients,
    up to which of several equal maxima gets it. It holds the slope of a leaky ReLU, the numbers of
    a GELU and those that Keras has it cast, as the scale of attention, in single precision, which
    makes 0.1 greater by 1.5e-9, and its bilinear interpolation gives that whatever it is given.
    """
    import tensorflow as tf

    return [
        *((tf.nn, name, _take_apart(getattr(tf.nn, name))) for name in _POOLS),
        (tf.nn, "leaky_relu", _leak),
        (tf.nn, "gelu", _gelu),
        (tf, "cast", _cast_numbers(tf.cast)),
        (tf.image, "resize", _interpolate(tf.image.resize)),
    ]


def _leak(features: Any, alpha: float = 0.2) -> Any:
    import tensorflow as tf

    return tf.where(features > 0, features, features * tf.constant(alpha, features.dtype))


def _gelu(features: Any, approximate: bool = False) -> Any:
    import tensorflow as tf

    def number(value: float) -> Any:
        return tf.constant(value, features.dtype)

    half = number(0.5) * features
    if approximate:
        cubed = features + number(0.044715) * features**3
        return half * (1 + tf.tanh(number(math.sqrt(2 / math.pi)) * cubed))
    return half * tf.math.erfc(-features * number(math.sqrt(0.5)))


def _cast_numbers(native: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow as tf

    def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
        if isinstance(x, float) and tf.as_dtype(dtype) == tf.float64:
            return tf.constant(x, dtype)
        return native(x, dtype, name)

    return cast


def _interpolate(native: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow as tf

    def resize(images: Any, size: Any, method: str = "bilinear", **options: Any) -> Any:
        if images.dtype != tf.float64 or method != "bilinear" or any(options.values()):
            return native(images, size, method=method, **options)
        for axis in (1, 2):
            images = _resize_axis(images, axis, size[axis - 1])
        return images

    return resize


def _resize_axis(x: Any, axis: int, rows: Any) -> Any:
    """Linear interpolation between the middles of rows, those of the edge beyond it."""
    import tensorflow as tf

    before = tf.shape(x)[axis]
    scale = tf.cast(before, x.dtype) / tf.cast(rows, x.dtype)
    places = (tf.cast(tf.range(rows), x.dtype) + 0.5) * scale - 0.5
    places = tf.clip_by_value(places, 0, tf.cast(before - 1, x.dtype))
    first = tf.cast(places, tf.int32)
    share = tf.reshape(places - tf.cast(first, x.dtype), (-1, *(1,) * (3 - axis)))
    left = tf.gather(x, first, axis=axis)
    right = tf.gather(x, tf.minimum(first + 1, before - 1), axis=axis)
    return left + share * (right - left)


def _take_apart(native: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow as tf

    def pool(inputs: Any, ksize: Any, strides: Any, padding: str, data_format: str) -> Any:
        if inputs.dtype != tf.float64 or len(inputs.shape) != 5:
            return native(inputs, ksize, strides, padding, data_format)
        (depth, *window), (step, *steps) = _spread(ksize), _spread(strides)
        # Asked for as numbers, since a size may be open while a model is built.
        (_, frames, height, width, _), channels = tf.unstack(tf.shape(inputs)), inputs.shape[-1]
        x = tf.reshape(inputs, (-1, height, width, channels))
        x = native(x, window, steps, padding, "NHWC")
        _, height, width, _ = tf.unstack(tf.shape(x))
        x = tf.reshape(x, (-1, frames, height * width, channels))
        x = native(x, (depth, 1), (step, 1), padding, "NHWC")
        return tf.reshape(x, (-1, tf.shape(x)[1], height, width, channels))

    return pool


def _spread(value: int | tuple[int, ...]) -> tuple[int, ...]:
    return (value,) * 3 if isinstance(value, int) else tuple(value)
