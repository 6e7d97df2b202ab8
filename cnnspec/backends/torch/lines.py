"""Where the lines of a forward end: what a reader takes as one layer stands on one."""

from __future__ import annotations

from cnnspec.ops import activation, pool, regularize
from cnnspec.ops.base import Op

# A line ends after one of these.
LINE_ENDS: tuple[type[Op], ...] = (
    activation.Relu, activation.Relu6, activation.LeakyRelu, activation.Prelu, activation.Elu,
    activation.Selu, activation.Gelu, activation.Silu, activation.HardSwish,
    activation.HardSigmoid, activation.Mish, activation.Sigmoid, activation.Tanh,
    activation.Softmax,
)  # fmt: skip
# What ends the line of the activation before it.
TAILS: tuple[type[Op], ...] = (
    pool.MaxPool, pool.AvgPool, pool.MinPool, pool.LpPool, regularize.Dropout,
    regularize.SpatialDropout, regularize.StochasticDepth,
)  # fmt: skip
