"""Activations: functions of one number, and softmax."""

from __future__ import annotations

from typing import Annotated, ClassVar

from cnnspec.ops.base import Op, Weight
from cnnspec.ops.fields import Flag, Number, Positive, words
from cnnspec.ops.initializers import Initial
from cnnspec.ops.model import Field
from cnnspec.ops.shapes import Shape

_GeluForm = Annotated[str, words("none", "tanh")]


class Relu(Op):
    """The positive part of each value.

    Formula: `max(x, 0)`.
    Source: Nair and Hinton, "Rectified linear units improve RBMs", 2010.
    """

    op: ClassVar[str] = "relu"


class Relu6(Op):
    """The positive part of each value, up to 6.

    Formula: `min(max(x, 0), 6)`.
    Source: Howard et al., arXiv:1704.04861.
    """

    op: ClassVar[str] = "relu6"


class LeakyRelu(Op):
    """A ReLU with a small slope for negative values.

    Formula: `x` where positive, `negative_slope * x` elsewhere.
    Source: Maas et al., "Rectifier nonlinearities improve neural network acoustic models", 2013.
    """

    op: ClassVar[str] = "leaky_relu"
    principal: ClassVar[str | None] = "negative_slope"

    negative_slope: Number = Field(0.01, description="slope for negative inputs")


class Prelu(Op):
    """A leaky ReLU whose slope is learned.

    Formula: `x` where positive, `weight * x` elsewhere.
    Weights: `weight` of 1, or of the channels if `per_channel`.
    Source: He et al., arXiv:1502.01852.
    """

    op: ClassVar[str] = "prelu"
    principal: ClassVar[str | None] = "per_channel"

    per_channel: Flag = Field(False, description="whether each channel has a slope of its own")
    initializer: Initial = Field(None, description="what the slope starts as")

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        return (Weight("weight", (inputs[0].channels if self.per_channel else 1,)),)


class Elu(Op):
    """A ReLU that bends to -alpha for negative values.

    Formula: `x` where positive, `alpha * (exp(x) - 1)` elsewhere.
    Source: Clevert et al., arXiv:1511.07289.
    """

    op: ClassVar[str] = "elu"
    principal: ClassVar[str | None] = "alpha"

    alpha: Positive = Field(1.0, description="scale of the negative part")


class Selu(Op):
    """A scaled ELU that keeps mean and variance.

    Formula: `1.0507 * x` where positive, `1.0507 * 1.6733 * (exp(x) - 1)` elsewhere, with more
    digits.
    Source: Klambauer et al., arXiv:1706.02515.
    """

    op: ClassVar[str] = "selu"


class Gelu(Op):
    """Each value times the probability that a normal variable is smaller.

    Formula: `x * (1 + erf(x / sqrt(2))) / 2`; with `approximate: tanh` `x * (1 + tanh(sqrt(2 / pi)
    * (x + 0.044715 * x ** 3))) / 2`.
    Source: Hendrycks and Gimpel, arXiv:1606.08415.
    """

    op: ClassVar[str] = "gelu"
    principal: ClassVar[str | None] = "approximate"

    approximate: _GeluForm = Field("none", description="'none' for erf, 'tanh' for its stand-in")


class Silu(Op):
    """Each value times its sigmoid, also called swish.

    Formula: `x / (1 + exp(-x))`.
    Source: Ramachandran et al., arXiv:1710.05941.
    """

    op: ClassVar[str] = "silu"


class HardSwish(Op):
    """SiLU in straight lines.

    Formula: `x * min(max(x + 3, 0), 6) / 6`.
    Source: Howard et al., arXiv:1905.02244.
    """

    op: ClassVar[str] = "hard_swish"


class HardSigmoid(Op):
    """The sigmoid in straight lines.

    Formula: `min(max(x + 3, 0), 6) / 6`.
    Source: Howard et al., arXiv:1905.02244.
    """

    op: ClassVar[str] = "hard_sigmoid"


class Mish(Op):
    """Each value times the hyperbolic tangent of its softplus.

    Formula: `x * tanh(log(1 + exp(x)))`.
    Source: Misra, arXiv:1908.08681.
    """

    op: ClassVar[str] = "mish"


class Sigmoid(Op):
    """The logistic function.

    Formula: `1 / (1 + exp(-x))`.
    """

    op: ClassVar[str] = "sigmoid"


class Tanh(Op):
    """The hyperbolic tangent."""

    op: ClassVar[str] = "tanh"


class Softmax(Op):
    """Shares that sum to 1 along the channels (or features).

    Formula: `exp(x) / sum of exp(x)`.
    """

    op: ClassVar[str] = "softmax"
