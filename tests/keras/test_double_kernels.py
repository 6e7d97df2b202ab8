"""TensorFlow's pools over three axes, taken apart for double precision, are the whole ones.

The slope of its leaky ReLU is that which is given, and GELU and interpolation lose nothing.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

from cnnspec.verify.double_kernels import compute_in_double
from tests.frameworks import tf

pytestmark = pytest.mark.keras


def pool(name: str, x: Any, *arguments: Any) -> tuple[Any, Any]:
    """The pooled map, and the gradient of a sum whose every term weighs another number."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = getattr(tf.nn, name)(x, *arguments, "NDHWC")
        weights = tf.reshape(tf.range(tf.size(y), dtype=tf.float32), y.shape)
        total = tf.reduce_sum(y * tf.cast(weights, y.dtype))
    return y.numpy(), tape.gradient(total, x).numpy()


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize("strides", [1, 2, (1, 2, 3)])
@pytest.mark.parametrize("size", [2, (1, 2, 3), (3, 2, 1)])
@pytest.mark.parametrize("name", ["max_pool", "avg_pool"])
def test_taken_apart_a_pool_stays_the_same(
    name: str, size: Any, strides: Any, padding: str
) -> None:
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 7, 3))
    wanted = pool(name, tf.constant(x, tf.float32), size, strides, padding)
    with compute_in_double("tensorflow"):
        found = pool(name, tf.constant(x), size, strides, padding)
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.dtype == np.float64
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()


def test_a_slope_is_not_rounded_to_single_precision() -> None:
    x = tf.constant([-3.0, 0.0, 2.0], tf.float64)
    assert tf.nn.leaky_relu(x, 0.1).numpy()[0] != -3 * 0.1
    with compute_in_double("tensorflow"), tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.nn.leaky_relu(x, alpha=0.1)
    assert y.numpy().tolist() == [-3 * 0.1, 0.0, 2.0]
    assert tape.gradient(y, x).numpy().tolist() == [0.1, 0.1, 1.0]


@pytest.mark.parametrize("approximate", [False, True])
def test_gelu_is_that_of_double_precision(approximate: bool) -> None:
    def wanted(x: float) -> float:
        if approximate:
            return x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
        return x / 2 * math.erfc(-x / math.sqrt(2))

    x = tf.constant([-3.0, -0.1, 0.0, 0.3, 2.0], tf.float64)
    exact = np.array(list(map(wanted, x.numpy())))
    assert np.abs(tf.nn.gelu(x, approximate).numpy() - exact).max() > 1e-11
    with compute_in_double("tensorflow"):
        assert np.abs(tf.nn.gelu(x, approximate).numpy() - exact).max() < 1e-15


@pytest.mark.parametrize("size", [(8, 15), (3, 2), (4, 5), (1, 1)])
def test_bilinear_interpolation_is_that_of_double_precision(size: tuple[int, int]) -> None:
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 3))
    native = tf.image.resize(tf.constant(x), size)
    with compute_in_double("tensorflow"), tf.GradientTape() as tape:
        images = tf.constant(x)
        tape.watch(images)
        found = tf.image.resize(images, size, method="bilinear", antialias=False)
    assert (native.dtype, found.dtype) == (tf.float32, tf.float64)
    assert np.abs(found.numpy() - native.numpy()).max() < 1e-6
    # A linear function stays what it is between the middles of the outer rows.
    ramp = tf.constant(np.arange(4.0).reshape(1, 4, 1, 1))
    with compute_in_double("tensorflow"):
        rows = tf.image.resize(ramp, (12, 1)).numpy().ravel()
    assert np.abs(rows[1:-1] - (np.arange(1, 11) - 1) / 3).max() < 1e-15
    assert tape.gradient(found, images).numpy().sum() == pytest.approx(found.numpy().size, 1e-12)


def test_a_number_is_cast_without_loss() -> None:
    assert float(tf.cast(0.1, tf.float64)) != 0.1
    with compute_in_double("tensorflow"):
        assert float(tf.cast(0.1, "float64")) == 0.1
        assert tf.cast(tf.constant([1.5]), tf.int32).numpy().tolist() == [1]


def test_tensorflow_has_its_own_functions_back() -> None:
    def find_all() -> list[Any]:
        names = ("max_pool", "avg_pool", "leaky_relu", "gelu")
        return [*(getattr(tf.nn, name) for name in names), tf.image.resize, tf.cast]

    before = find_all()
    with pytest.raises(ZeroDivisionError), compute_in_double("tensorflow"):
        assert not set(find_all()) & set(before)
        raise ZeroDivisionError
    assert find_all() == before
