"""What TensorFlow does not compute in double precision: pools over three axes, and slopes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_POOLS = ("max_pool", "avg_pool")


@contextmanager
def compute_in_double() -> Iterator[None]:
    """Let TensorFlow compute in double precision what it does not by itself.

    It has no kernels for pools over three axes: each frame is pooled first, then over the frames. A
    window's maximum or mean is that of its frames' maxima or means, and so are the gradients,
    up to which of several equal maxima gets it. And it holds the slope of a leaky ReLU in single
    precision, which makes 0.1 greater by 1.5e-9.
    """
    import tensorflow as tf

    native = {name: getattr(tf.nn, name) for name in (*_POOLS, "leaky_relu")}
    for name in _POOLS:
        setattr(tf.nn, name, _take_apart(native[name]))
    tf.nn.leaky_relu = _leak
    try:
        yield
    finally:
        for name, function in native.items():
            setattr(tf.nn, name, function)


def _leak(features: Any, alpha: float = 0.2) -> Any:
    import tensorflow as tf

    return tf.where(features > 0, features, features * tf.constant(alpha, features.dtype))


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
