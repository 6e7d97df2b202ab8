"""Attention and tokens."""

from __future__ import annotations

from math import sqrt
from types import MappingProxyType

from cnnspec.backends.onnx.builder import Place, Writer
from cnnspec.backends.onnx.stored import say_repeats
from cnnspec.ops.attention import Attention
from cnnspec.ops.base import Op
from cnnspec.ops.tokens import ClassToken, PositionEmbedding, SelectToken, ToMap, ToTokens


def write_attention(op: Attention, at: Place) -> str:
    """The products of its definition; ONNX's own Attention comes with opset 23 only."""
    (count, channels), heads = at.shape.dims, op.num_heads
    width = channels // heads
    matrices, *rest = at.weights()
    biases, out, out_bias = rest if op.bias else ("", *rest, "")
    joined = _project(at, "in_proj", at.input, matrices, biases, (count, 3 * channels))
    # A size of 0 is that of the input: of the batch, and of tokens whose number is open.
    split = at.integers("head_shape", (0, 0, 3 * heads, width))
    cut = at.add("heads", "Reshape", (joined, split), (count, 3 * heads, width))
    turned = at.add("turned", "Transpose", (cut,), (3 * heads, count, width), perm=[0, 2, 1, 3])
    lengths = at.integers("lengths", (heads,) * 3)
    query, key, value = at.split(
        ("query", "key", "value"), (turned, lengths), (heads, count, width), axis=1
    )
    scaled = at.add(
        "scaled", "Mul", (query, at.floats("scale", 1 / sqrt(width))), (heads, count, width)
    )
    columns = at.add("columns", "Transpose", (key,), (heads, width, count), perm=[0, 1, 3, 2])
    scores = at.add("scores", "MatMul", (scaled, columns), (heads, count, count))
    shares = at.add("shares", "Softmax", (scores,), (heads, count, count), axis=-1)
    means = at.add("means", "MatMul", (shares, value), (heads, count, width))
    back = at.add("back", "Transpose", (means,), (count, heads, width), perm=[0, 2, 1, 3])
    whole = at.integers("whole_shape", (0, 0, channels))
    mixed = at.add("mixed", "Reshape", (back, whole), (count, channels))
    turned_out = _turn(at, "out_proj", out, (channels, channels))
    if not out_bias:
        return at.give("MatMul", (mixed, turned_out))
    product = at.add("out_proj", "MatMul", (mixed, turned_out), (count, channels))
    return at.give("Add", (product, out_bias))


def _turn(at: Place, role: str, matrix: str, dims: tuple[int, int]) -> str:
    return at.fold(f"{role}_transposed", "Transpose", (matrix,), dims, perm=[1, 0])


def _project(
    at: Place, role: str, source: str, matrix: str, bias: str, dims: tuple[int, int]
) -> str:
    """A linear map of each token."""
    turned = _turn(at, role, matrix, (at.shape.channels, dims[1]))
    product = at.add(role, "MatMul", (source, turned), dims)
    return at.add(f"{role}_biased", "Add", (product, bias), dims) if bias else product


def write_to_tokens(op: ToTokens, at: Place) -> str:
    """A Reshape that joins the positions, and a Transpose."""
    flat = at.input
    if at.shape.rank > 1:
        shape = at.integers("flat_shape", (0, 0, -1))
        dims = (at.shape.channels, *at.node.shape.sizes)
        flat = at.add("flat", "Reshape", (at.input, shape), dims)
    return at.give("Transpose", (flat,), perm=[0, 2, 1])


def write_to_map(op: ToMap, at: Place) -> str:
    """A Transpose, and a Reshape that parts the positions."""
    sizes = op.list_sizes()
    if len(sizes) == 1:
        return at.give("Transpose", (at.input,), perm=[0, 2, 1])
    dims = (at.shape.channels, *at.shape.sizes)
    turned = at.add("turned", "Transpose", (at.input,), dims, perm=[0, 2, 1])
    return at.give("Reshape", (turned, at.integers("map_shape", (0, 0, *sizes))))


def write_class_token(op: ClassToken, at: Place) -> str:
    """A Concat with the tokens, repeated for each sample."""
    (tokens,) = at.weights()
    channels = at.shape.channels
    shape = say_repeats(at, (op.count, channels))
    repeated = at.add("repeated", "Expand", (tokens, shape), (op.count, channels))
    return at.give("Concat", (repeated, at.input), axis=1)


def write_position_embedding(op: PositionEmbedding, at: Place) -> str:
    """An Add, which repeats the vectors for each sample."""
    return at.give("Add", (at.input, *at.weights()))


def write_select_token(op: SelectToken, at: Place) -> str:
    """A Gather of one index, whose axis goes."""
    return at.give("Gather", (at.input, at.integer("index", op.index)), axis=1)


WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {
        Attention: write_attention,
        ToTokens: write_to_tokens,
        ToMap: write_to_map,
        ClassToken: write_class_token,
        PositionEmbedding: write_position_embedding,
        SelectToken: write_select_token,
    }
)
