"""Pools of maps of three axes in double precision, which TensorFlow has no kernels for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_POOLS = ("max_pool", "avg_pool")


@contextmanager
def pool_in_double() -> Iterator[None]:
    """Let TensorFlow pool such maps in double precision, each frame first, then over the frames.

    A window's maximum or mean is that of its frames' maxima or means, and so are the gradients,
    up to which of several equal maxima gets it.
    """
    import tensorflow as tf

    native = {name: getattr(tf.nn, name) for name in _POOLS}
    for name, pool in native.items():
        setattr(tf.nn, name, _take_apart(pool))
    try:
        yield
    finally:
        for name, pool in native.items():
            setattr(tf.nn, name, pool)


def _take_apart(native: Callable[..., Any]) -> Callable[..., Any]:
    import tensorflow as tf

    def pool(inputs: Any, ksize: Any, strides: Any, padding: str, data_format: str) -> Any:
        if inputs.dtype != tf.float64 or len(inputs.shape) != 5:
            return native(inputs, ksize, strides, padding, data_format)
        (depth, *window), (step, *steps) = _spread(ksize), _spread(strides)
        _, frames, height, width, channels = inputs.shape
        x = tf.reshape(inputs, (-1, height, width, channels))
        x = native(x, window, steps, padding, "NHWC")
        _, height, width, _ = x.shape
        x = tf.reshape(x, (-1, frames, height * width, channels))
        x = native(x, (depth, 1), (step, 1), padding, "NHWC")
        return tf.reshape(x, (-1, x.shape[1], height, width, channels))

    return pool


def _spread(value: int | tuple[int, ...]) -> tuple[int, ...]:
    return (value,) * 3 if isinstance(value, int) else tuple(value)
