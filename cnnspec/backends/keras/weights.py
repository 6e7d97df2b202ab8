"""Where each weight of an op stands in its Keras layer, and how it is turned.

Weights are kept in PyTorch's layout. Of the layers that an op becomes, one owns all its weights:
the one that carries the op's own name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, cast

from cnnspec.backends.keras.conv import is_depthwise
from cnnspec.graph.ir import Node
from cnnspec.ops.activation import Prelu
from cnnspec.ops.attention import Attention
from cnnspec.ops.base import Op
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.linear import Linear
from cnnspec.ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, Scale
from cnnspec.ops.shapes import Kind
from cnnspec.ops.stored import Parameter
from cnnspec.ops.tokens import ClassToken, PositionEmbedding
from cnnspec.records import dataclass

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]

Turn = Callable[["Array", Node], "Array"]


@dataclass(frozen=True, slots=True)
class Placed:
    """A weight's variables within its layer, and the ways there and back.

    Several of them have equal shares of the weight's first axis. The arrays that `to_keras` and
    `from_keras` give of a share are views where they can be.
    """

    variables: tuple[str, ...]
    to_keras: Turn
    from_keras: Turn

    def part(self, array: Array, node: Node) -> Mapping[str, Array]:
        """A weight as Keras has it, by variable."""
        rows = len(array) // len(self.variables)
        shares = {name: array[i * rows : (i + 1) * rows] for i, name in enumerate(self.variables)}
        return {name: self.to_keras(share, node) for name, share in shares.items()}

    def join(self, arrays: Mapping[str, Array], node: Node) -> Array:
        """A weight from Keras's variables by name, among which there may be others."""
        import numpy as np

        shares = [self.from_keras(arrays[name], node) for name in self.variables]
        return shares[0] if len(shares) == 1 else np.concatenate(shares)


class Variable(Protocol):
    """What is used of a Keras variable."""

    name: str
    path: str


class Layer(Protocol):
    """What is used of a Keras layer."""

    name: str

    @property
    def weights(self) -> Iterable[Variable]:
        """All its variables, the statistics included."""


def layer_weights(layer: Layer) -> dict[str, Variable]:
    """The variables of a layer by name, alike on all of Keras's backends.

    Those of a layer inside of it have that one's name before theirs. `layer.weights` holds the
    statistics of a norm too, but not the seeds of a dropout.

    Raises:
        ValueError: If two variables of the layer have one name.
    """
    variables = list(layer.weights)
    named = {v.path.partition(f"{layer.name}/")[2] or v.name: v for v in variables}
    if len(named) < len(variables):
        raise ValueError(f"a layer has several variables of one name: {sorted(named)}")
    return named


def _keep(array: Array, node: Node) -> Array:
    return array


def _swap(array: Array, node: Node) -> Array:
    """Reverse a matrix's axes; the same way leads back."""
    return array.T


def _kernel_to_keras(array: Array, node: Node) -> Array:
    """(out, in, rows...) to (rows..., in, out), or to (rows..., channel, multiplier)."""
    if is_depthwise(node):
        channels = node.shapes[0].channels
        array = array.reshape(channels, len(array) // channels, *array.shape[2:])
        return array.transpose(*range(2, array.ndim), 0, 1)
    return array.transpose(*range(2, array.ndim), 1, 0)


def _kernel_from_keras(array: Array, node: Node) -> Array:
    rows = range(array.ndim - 2)
    if is_depthwise(node):
        array = array.transpose(array.ndim - 2, array.ndim - 1, *rows)
        return array.reshape(-1, 1, *array.shape[2:])
    return array.transpose(array.ndim - 1, array.ndim - 2, *rows)


def _transposed_to_keras(array: Array, node: Node) -> Array:
    """(in, out, rows...) to (rows..., out, in); the flip of the rows is part of both ops."""
    return array.transpose(*range(2, array.ndim), 1, 0)


def _transposed_from_keras(array: Array, node: Node) -> Array:
    return array.transpose(array.ndim - 1, array.ndim - 2, *range(array.ndim - 2))


def _norm_to_keras(array: Array, node: Node) -> Array:
    """(channels, rows...) to (rows..., channels), where a norm covers a map."""
    is_map = node.shapes[0].kind is Kind.MAP
    return array.transpose(*range(1, array.ndim), 0) if is_map else array


def _norm_from_keras(array: Array, node: Node) -> Array:
    is_map = node.shapes[0].kind is Kind.MAP
    return array.transpose(array.ndim - 1, *range(array.ndim - 1)) if is_map else array


def _value_to_keras(array: Array, node: Node) -> Array:
    """(1, channels, rows...) to (1, rows..., channels), where it is a map."""
    is_map = node.shape.kind is Kind.MAP
    return array.transpose(0, *range(2, array.ndim), 1) if is_map else array


def _value_from_keras(array: Array, node: Node) -> Array:
    last = array.ndim - 1
    return array.transpose(0, last, *range(1, last)) if node.shape.kind is Kind.MAP else array


def _slope_to_keras(array: Array, node: Node) -> Array:
    """(channels,) to (1..., channels): the axes that share a slope stay."""
    return array.reshape((*[1] * len(node.shapes[0].sizes), -1))


def _matrix_to_keras(array: Array, node: Node) -> Array:
    """(out, in) to (in, heads, width)."""
    return array.T.reshape(array.shape[1], cast(Attention, node.op).num_heads, -1)


def _matrix_from_keras(array: Array, node: Node) -> Array:
    return array.reshape(len(array), -1).T


def _shift_to_keras(array: Array, node: Node) -> Array:
    """(out,) to (heads, width)."""
    return array.reshape(cast(Attention, node.op).num_heads, -1)


def _flatten(array: Array, node: Node) -> Array:
    return array.reshape(-1)


def _mixer_to_keras(array: Array, node: Node) -> Array:
    """(out, in) to (heads, width, out)."""
    return array.T.reshape(cast(Attention, node.op).num_heads, -1, len(array))


def _mixer_from_keras(array: Array, node: Node) -> Array:
    return array.reshape(-1, array.shape[-1]).T


_BIAS = Placed(("bias",), _keep, _keep)
_KERNEL = Placed(("kernel",), _kernel_to_keras, _kernel_from_keras)
_TRANSPOSED = Placed(("kernel",), _transposed_to_keras, _transposed_from_keras)
_GAMMA = Placed(("gamma",), _norm_to_keras, _norm_from_keras)
_BETA = Placed(("beta",), _norm_to_keras, _norm_from_keras)

# The folders of layers inside of layers in Keras's files, which have other names than these.
INNER_FOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "query": "query_dense",
        "key": "key_dense",
        "value": "value_dense",
        "attention_output": "output_dense",
    }
)


def _list_inner(variable: str) -> tuple[str, ...]:
    return tuple(f"{layer}/{variable}" for layer in ("query", "key", "value"))


KERAS_WEIGHTS: Mapping[type[Op], Mapping[str, Placed]] = MappingProxyType(
    {
        Conv: {"weight": _KERNEL, "bias": _BIAS},
        DepthwiseConv: {"weight": _KERNEL, "bias": _BIAS},
        ConvTranspose: {"weight": _TRANSPOSED, "bias": _BIAS},
        Linear: {"weight": Placed(("kernel",), _swap, _swap), "bias": _BIAS},
        Attention: {
            "in_proj_weight": Placed(_list_inner("kernel"), _matrix_to_keras, _matrix_from_keras),
            "in_proj_bias": Placed(_list_inner("bias"), _shift_to_keras, _flatten),
            "out_proj.weight": Placed(
                ("attention_output/kernel",), _mixer_to_keras, _mixer_from_keras
            ),
            "out_proj.bias": Placed(("attention_output/bias",), _keep, _keep),
        },
        ClassToken: {"": Placed(("token",), _keep, _keep)},
        Parameter: {"": Placed(("value",), _value_to_keras, _value_from_keras)},
        PositionEmbedding: {"": Placed(("embeddings",), _keep, _keep)},
        BatchNorm: {
            "weight": _GAMMA,
            "bias": _BETA,
            "running_mean": Placed(("moving_mean",), _keep, _keep),
            "running_var": Placed(("moving_variance",), _keep, _keep),
        },
        LayerNorm: {"weight": _GAMMA, "bias": _BETA},
        GroupNorm: {"weight": _GAMMA, "bias": _BETA},
        InstanceNorm: {"weight": _GAMMA, "bias": _BETA},
        Scale: {"weight": Placed(("gamma",), _keep, _keep)},
        Prelu: {"weight": Placed(("alpha",), _slope_to_keras, _flatten)},
    }
)
