"""Activations: functions of one number, and softmax."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from cnnspec.ops.base import Op, Weight
from cnnspec.ops.fields import Flag, Number, Positive, words
from cnnspec.ops.shapes import Shape

_GeluForm = Annotated[str, words("none", "tanh")]


class Relu(Op):
    """max(x, 0). Source: Nair and Hinton, "Rectified linear units improve RBMs", 2010."""

    op: ClassVar[str] = "relu"


class Relu6(Op):
    """min(max(x, 0), 6). Source: Howard et al., arXiv:1704.04861."""

    op: ClassVar[str] = "relu6"


class LeakyRelu(Op):
    """x where positive, negative_slope * x elsewhere. Source: Maas et al., 2013."""

    op: ClassVar[str] = "leaky_relu"
    principal: ClassVar[str | None] = "negative_slope"

    negative_slope: Number = Field(0.01, description="slope for negative inputs")


class Prelu(Op):
    """A leaky ReLU whose slope is learned. Source: He et al., arXiv:1502.01852."""

    op: ClassVar[str] = "prelu"
    principal: ClassVar[str | None] = "per_channel"

    per_channel: Flag = Field(False, description="whether each channel has a slope of its own")

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        return (Weight("weight", (inputs[0].channels if self.per_channel else 1,)),)


class Elu(Op):
    """x where positive, else alpha * (exp(x) - 1). Source: Clevert et al., arXiv:1511.07289."""

    op: ClassVar[str] = "elu"
    principal: ClassVar[str | None] = "alpha"

    alpha: Positive = Field(1.0, description="scale of the negative part")


class Selu(Op):
    """A scaled ELU that keeps mean and variance. Source: Klambauer et al., arXiv:1706.02515."""

    op: ClassVar[str] = "selu"


class Gelu(Op):
    """x * Phi(x), exactly or through tanh. Source: Hendrycks and Gimpel, arXiv:1606.08415."""

    op: ClassVar[str] = "gelu"
    principal: ClassVar[str | None] = "approximate"

    approximate: _GeluForm = Field("none", description="'none' for erf, 'tanh' for its stand-in")


class Silu(Op):
    """x * sigmoid(x), also called swish. Source: Ramachandran et al., arXiv:1710.05941."""

    op: ClassVar[str] = "silu"


class HardSwish(Op):
    """x * min(max(x + 3, 0), 6) / 6. Source: Howard et al., arXiv:1905.02244."""

    op: ClassVar[str] = "hard_swish"


class HardSigmoid(Op):
    """min(max(x + 3, 0), 6) / 6. Source: Howard et al., arXiv:1905.02244."""

    op: ClassVar[str] = "hard_sigmoid"


class Mish(Op):
    """x * tanh(softplus(x)). Source: Misra, arXiv:1908.08681."""

    op: ClassVar[str] = "mish"


class Sigmoid(Op):
    """1 / (1 + exp(-x))."""

    op: ClassVar[str] = "sigmoid"


class Tanh(Op):
    """The hyperbolic tangent."""

    op: ClassVar[str] = "tanh"


class Softmax(Op):
    """exp(x) over its sum along the channels (or features)."""

    op: ClassVar[str] = "softmax"
