"""What every op computes, written down a second time: the oracle of the backends' tests.

It reads an op's fields and nothing else of this package: paddings and sizes are worked out here
again. Windows are cut out one by one instead of left to a framework's pools. All of it is
differentiable, so gradients can be compared as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnnspec.graph.ir import Graph, Value
from cnnspec.ops.base import Op
from cnnspec.ops.shapes import Kind
from tests.frameworks import functional, torch
from tests.reference_call import Call, over_map
from tests.reference_maps import (
    channel_shuffle,
    crop,
    crop_like,
    pad_channels,
    pixel_shuffle,
    pixel_unshuffle,
    resize,
    resize_like,
    slice_axes,
    split,
    upsample,
    zero_pad,
)
from tests.reference_windows import cut, list_sides, pad, per_axis, plan_windows, resolve_sides

if TYPE_CHECKING:
    from torch import Tensor

    from tests.reference_call import Weights


def evaluate(
    op: Any,
    inputs: Sequence[Tensor],
    kinds: Sequence[Kind],
    weights: Weights,
    *,
    training: bool = False,
) -> Tensor:
    """The output of one op for a batch.

    Args:
        op: any op of the catalog.
        inputs: maps as (N, C, spatial...), vectors as (N, C), tokens as (N, T, C).
        kinds: the kind of each input, which its number of axes does not always tell.
        weights: the op's own arrays by their short names.
        training: whether batch_norm takes the statistics of this batch. Dropout never acts.
    """
    return _RULES[op.op](op, Call(list(inputs), list(kinds), weights, training))


def evaluate_graph(
    graph: Graph, inputs: Mapping[str, Tensor], weights: Weights, *, training: bool = False
) -> dict[str, Tensor]:
    """The outputs of a network by name, from its inputs and its arrays by their full names."""
    values = evaluate_values(graph, inputs, weights, training=training)
    given = [output for output in graph.every_output if training or not output.training]
    return {output.name: values[output.value] for output in given}


def evaluate_values(
    graph: Graph,
    inputs: Mapping[str, Tensor],
    weights: Weights,
    *,
    training: bool = False,
    disturb: Callable[[Tensor, Op | None], Tensor] = lambda value, _: value,
) -> dict[Value, Tensor]:
    """Every value of a network, the inputs among them; each is disturbed before it is read."""
    values = {value: disturb(inputs[value.name], None) for value in graph.inputs}
    for node in graph.nodes:
        result = evaluate(
            node.op,
            [values[value] for value in node.inputs],
            [shape.kind for shape in node.shapes],
            {weight.name: weights[node.name_weight(weight)] for weight in node.weights},
            training=training,
        )
        values[node.output] = disturb(result, node.op)
    return values


def _conv(op: Any, call: Call) -> Tensor:
    rank, kernel = call.rank, call.weights["weight"]
    strides, dilations = per_axis(op.stride, rank), per_axis(op.dilation, rank)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel.shape[2:], dilations, strict=True)]
    x = pad(call.x, resolve_sides(op, call.x, strides, spans))
    groups = op.groups if op.op == "conv" else x.shape[1]
    convolve = (functional.conv1d, functional.conv2d, functional.conv3d)[rank - 1]
    bias = call.weights.get("bias")
    return convolve(x, kernel, bias, stride=strides, dilation=dilations, groups=groups)


def _conv_transpose(op: Any, call: Call) -> Tensor:
    rank = call.rank
    convolve = (
        functional.conv_transpose1d,
        functional.conv_transpose2d,
        functional.conv_transpose3d,
    )[rank - 1]
    full = convolve(
        call.x,
        call.weights["weight"],
        stride=per_axis(op.stride, rank),
        dilation=per_axis(op.dilation, rank),
        groups=op.groups,
    )
    full = pad(full, [(0, rows) for rows in per_axis(op.output_padding, rank)])
    full = cut(full, list_sides(op.padding, rank))
    bias = call.weights.get("bias")
    return full if bias is None else full + over_map(bias, rank)


def _linear(op: Any, call: Call) -> Tensor:
    product = call.x @ call.weights["weight"].T
    return product + call.weights["bias"] if op.bias else product


# Attention and tokens.


def _attention(op: Any, call: Call) -> Tensor:
    """Head by head, and one matrix after the other."""
    width = call.x.shape[2] // op.num_heads
    biases = call.weights["in_proj_bias"].chunk(3) if op.bias else (0.0, 0.0, 0.0)
    matrices = call.weights["in_proj_weight"].chunk(3)
    query, key, value = (
        (call.x @ matrix.T + bias).split(width, dim=2)
        for matrix, bias in zip(matrices, biases, strict=True)
    )
    heads = [
        torch.softmax(q @ k.mT / math.sqrt(width), dim=-1) @ v
        for q, k, v in zip(query, key, value, strict=True)
    ]
    mixed = torch.cat(heads, dim=2) @ call.weights["out_proj.weight"].T
    return mixed + call.weights["out_proj.bias"] if op.bias else mixed


def _to_tokens(op: Any, call: Call) -> Tensor:
    return torch.stack(list(call.x.flatten(2).unbind(2)), dim=1)


def _to_map(op: Any, call: Call) -> Tensor:
    sizes = [op.sizes] if isinstance(op.sizes, int) else list(op.sizes)
    return torch.stack(list(call.x.unbind(2)), dim=1).reshape(len(call.x), -1, *sizes)


def _class_token(op: Any, call: Call) -> Tensor:
    return torch.stack([torch.cat([call.weights[""][0], sample]) for sample in call.x])


# Values of the network's own.


def _parameter(op: Any, call: Call) -> Tensor:
    return torch.cat([call.weights[""] for _ in call.x])


def _constant(op: Any, call: Call) -> Tensor:
    sizes = [op.tokens, op.channels] if op.tokens else [
        op.features, op.channels, op.length, op.depth, op.height, op.width
    ]  # fmt: skip
    dims = [size for size in sizes if size is not None]
    numbers = torch.tensor(op.values, dtype=call.x.dtype).reshape(-1)
    whole = numbers.reshape(dims) if len(numbers) > 1 else numbers.expand(dims)
    return torch.stack([whole for _ in call.x])


# Pools.


def _max_pool(op: Any, call: Call) -> Tensor:
    return plan_windows(op, call.x).cut_filled(call.x, -math.inf).max(dim=-1).values


def _min_pool(op: Any, call: Call) -> Tensor:
    return plan_windows(op, call.x).cut_filled(call.x, math.inf).min(dim=-1).values


def _avg_pool(op: Any, call: Call) -> Tensor:
    plan = plan_windows(op, call.x)
    counted = pad(torch.ones_like(call.x), plan.sides, float(op.count_include_pad))
    counted = pad(counted, [(0, hang) for hang in plan.hangs])
    return plan.cut_filled(call.x, 0.0).sum(dim=-1) / plan.cut(counted).sum(dim=-1)


def _lp_pool(op: Any, call: Call) -> Tensor:
    powers = plan_windows(op, call.x).cut_filled(call.x.abs() ** op.norm_type, 0.0)
    return powers.sum(dim=-1) ** (1 / op.norm_type)


def _global_avg_pool(op: Any, call: Call) -> Tensor:
    return call.x.mean(dim=tuple(range(2, call.x.dim())), keepdim=op.keepdims)


def _global_max_pool(op: Any, call: Call) -> Tensor:
    best = call.x.flatten(2).max(dim=2).values
    return best.reshape(*best.shape, *[1] * call.rank) if op.keepdims else best


def _adaptive_avg_pool(op: Any, call: Call) -> Tensor:
    x = call.x
    for axis, bins in enumerate(per_axis(op.output_size, call.rank), 2):
        size = x.shape[axis]
        means = []
        for index in range(bins):
            start, stop = math.floor(index * size / bins), math.ceil((index + 1) * size / bins)
            means.append(x.narrow(axis, start, stop - start).mean(dim=axis, keepdim=True))
        x = torch.cat(means, dim=axis)
    return x


# Norms.


def _affine(op: Any, call: Call, normed: Tensor) -> Tensor:
    if not op.affine:
        return normed
    weight, bias = call.weights["weight"], call.weights["bias"]
    if weight.dim() == 1:
        weight, bias = call.per_channel(weight), call.per_channel(bias)
    return normed * weight + bias


def _normalise(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    mean = x.mean(dim=axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=axes, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps)


def _batch_norm(op: Any, call: Call) -> Tensor:
    if call.training:
        normed = _normalise(call.x, (0, *range(2, call.x.dim())), op.eps)
        return _affine(op, call, normed)
    mean = call.per_channel(call.weights["running_mean"])
    variance = call.per_channel(call.weights["running_var"])
    return _affine(op, call, (call.x - mean) / torch.sqrt(variance + op.eps))


def _layer_norm(op: Any, call: Call) -> Tensor:
    axes = tuple(range(1, call.x.dim())) if op.axes == "all" else (call.channel_axis,)
    return _affine(op, call, _normalise(call.x, axes, op.eps))


def _group_norm(op: Any, call: Call) -> Tensor:
    groups = call.x.reshape(call.x.shape[0], op.num_groups, -1)
    return _affine(op, call, _normalise(groups, (2,), op.eps).reshape(call.x.shape))


def _instance_norm(op: Any, call: Call) -> Tensor:
    return _affine(op, call, _normalise(call.x, tuple(range(2, call.x.dim())), op.eps))


def _local_response_norm(op: Any, call: Call) -> Tensor:
    x, reach = call.x, op.size // 2
    channels = x.shape[1]
    sums = []
    for c in range(channels):
        low, high = max(c - reach, 0), min(c + reach, channels - 1)
        sums.append((x[:, low : high + 1] ** 2).sum(dim=1))
    return x / (op.k + op.alpha / op.size * torch.stack(sums, dim=1)) ** op.beta


# Activations, from their formulas.


def _relu6(op: Any, call: Call) -> Tensor:
    return call.x.clamp(0, 6)


def _leaky_relu(op: Any, call: Call) -> Tensor:
    return torch.where(call.x > 0, call.x, op.negative_slope * call.x)


def _prelu(op: Any, call: Call) -> Tensor:
    slope = call.weights["weight"]
    slope = call.per_channel(slope) if op.per_channel else slope
    return torch.where(call.x > 0, call.x, slope * call.x)


def _elu(op: Any, call: Call) -> Tensor:
    return functional.elu(call.x, op.alpha)


def _gelu(op: Any, call: Call) -> Tensor:
    x = call.x
    if op.approximate == "tanh":
        return x / 2 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x / 2 * (1 + torch.erf(x / math.sqrt(2)))


def _hard_sigmoid(op: Any, call: Call) -> Tensor:
    return (call.x + 3).clamp(0, 6) / 6


# What cuts, moves and enlarges stands in tests.reference_maps.


def _l2_normalize(op: Any, call: Call) -> Tensor:
    # The root has no slope at zero: it is the square that is held against eps.
    squares = (call.x**2).sum(dim=call.channel_axis, keepdim=True)
    return call.x / squares.clamp(min=op.eps**2).sqrt()


def _add(op: Any, call: Call) -> Tensor:
    # Parameters and constants stretch along their axes of size 1.
    total = call.x
    for x in call.inputs[1:]:
        total = total + x
    return total


def _concat(op: Any, call: Call) -> Tensor:
    return torch.cat(call.inputs, dim=call.channel_axis)


def _multiply(op: Any, call: Call) -> Tensor:
    axes = max(x.dim() for x in call.inputs)
    product = torch.ones((), dtype=call.x.dtype)
    for x, kind in zip(call.inputs, call.kinds, strict=True):
        gate = x.reshape(*x.shape, *[1] * (axes - 2)) if kind is Kind.VECTOR else x
        product = product * gate
    return product


def _pass(op: Any, call: Call) -> Tensor:
    return call.x


_RULES: dict[str, Callable[[Any, Call], Tensor]] = {
    "conv": _conv,
    "depthwise_conv": _conv,
    "conv_transpose": _conv_transpose,
    "linear": _linear,
    "attention": _attention,
    "to_tokens": _to_tokens,
    "to_map": _to_map,
    "class_token": _class_token,
    "parameter": _parameter,
    "constant": _constant,
    "position_embedding": lambda op, call: call.x + call.weights[""],
    "select_token": lambda op, call: call.x.unbind(1)[op.index],
    "max_pool": _max_pool,
    "min_pool": _min_pool,
    "avg_pool": _avg_pool,
    "lp_pool": _lp_pool,
    "global_avg_pool": _global_avg_pool,
    "global_max_pool": _global_max_pool,
    "adaptive_avg_pool": _adaptive_avg_pool,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "instance_norm": _instance_norm,
    "local_response_norm": _local_response_norm,
    "relu": lambda op, call: call.x.clamp(min=0),
    "relu6": _relu6,
    "leaky_relu": _leaky_relu,
    "prelu": _prelu,
    "elu": _elu,
    "selu": lambda op, call: functional.selu(call.x),
    "gelu": _gelu,
    "silu": lambda op, call: call.x * torch.sigmoid(call.x),
    "hard_swish": lambda op, call: call.x * _hard_sigmoid(op, call),
    "hard_sigmoid": _hard_sigmoid,
    "mish": lambda op, call: call.x * torch.tanh(functional.softplus(call.x)),
    "sigmoid": lambda op, call: torch.sigmoid(call.x),
    "tanh": lambda op, call: torch.tanh(call.x),
    "softmax": lambda op, call: torch.softmax(call.x, dim=call.channel_axis),
    "dropout": _pass,
    "spatial_dropout": _pass,
    "stochastic_depth": _pass,
    "flatten": lambda op, call: call.x.flatten(1),
    "zero_pad": zero_pad,
    "crop": crop,
    "identity": _pass,
    "crop_like": crop_like,
    "slice": slice_axes,
    "split": split,
    "pad_channels": pad_channels,
    "channel_shuffle": channel_shuffle,
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "l2_normalize": _l2_normalize,
    "scale": lambda op, call: call.x * call.per_channel(call.weights["weight"]),
    "upsample": upsample,
    "resize": resize,
    "resize_like": resize_like,
    "add": _add,
    "concat": _concat,
    "multiply": _multiply,
}
