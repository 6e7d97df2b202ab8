"""What every op computes, written down a second time: the oracle of the backends' tests.

It reads an op's fields and nothing else of this package: paddings and sizes are worked out here
again. Windows are cut out one by one instead of left to a framework's pools. All of it is
differentiable, so gradients can be compared as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

Weights = dict[str, Tensor]


def evaluate(
    op: Any, inputs: Sequence[Tensor], weights: Weights, *, training: bool = False
) -> Tensor:
    """The output of one op for a batch.

    Args:
        op: any op of the catalog.
        inputs: maps as (N, C, spatial...), vectors as (N, C), tokens as (N, T, C).
        weights: the op's own arrays by their short names.
        training: whether batch_norm takes the statistics of this batch. Dropout never acts.
    """
    if op.op == "batch_norm":
        return _batch_norm(op, inputs[0], weights, training)
    return _RULES[op.op](op, list(inputs), weights)


def _per_axis(value: int | tuple[int, ...], rank: int) -> list[int]:
    return [value] * rank if isinstance(value, int) else list(value)


def _sides(value: int | tuple[int, ...] | str, rank: int) -> list[tuple[int, int]]:
    if value == "valid":
        return [(0, 0)] * rank
    if isinstance(value, int):
        return [(value, value)] * rank
    if len(value) == rank:
        return [(int(entry), int(entry)) for entry in value]
    return [(int(value[2 * i]), int(value[2 * i + 1])) for i in range(rank)]


def _resolve_sides(op: Any, x: Tensor, strides: list[int], spans: list[int]) -> list[tuple[int, int]]:
    """The padding of each axis; `spans` are the rows from a window's first to its last tap."""
    rank = x.dim() - 2
    if getattr(op, "padding", 0) != "same":
        return _sides(getattr(op, "padding", 0), rank)
    sides = []
    for size, stride, span in zip(x.shape[2:], strides, spans, strict=True):
        total = max((math.ceil(size / stride) - 1) * stride + span - size, 0)
        sides.append((total // 2, total - total // 2))
    return sides


def _pad(x: Tensor, sides: list[tuple[int, int]], value: float = 0.0) -> Tensor:
    flat = [rows for pair in reversed(sides) for rows in pair]
    return F.pad(x, flat, value=value)


def _per_channel(weight: Tensor, x: Tensor) -> Tensor:
    return weight.reshape(-1, *[1] * (x.dim() - 2))


# Convolutions.


def _conv(op: Any, inputs: list[Tensor], weights: Weights) -> Tensor:
    (x,) = inputs
    rank = x.dim() - 2
    kernel = weights["weight"]
    strides, dilations = _per_axis(op.stride, rank), _per_axis(op.dilation, rank)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel.shape[2:], dilations, strict=True)]
    x = _pad(x, _resolve_sides(op, x, strides, spans))
    groups = op.groups if op.op == "conv" else x.shape[1]
    convolve = (F.conv1d, F.conv2d, F.conv3d)[rank - 1]
    return convolve(
        x, kernel, weights.get("bias"), stride=strides, dilation=dilations, groups=groups
    )


def _conv_transpose(op: Any, inputs: list[Tensor], weights: Weights) -> Tensor:
    (x,) = inputs
    rank = x.dim() - 2
    convolve = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[rank - 1]
    full = convolve(
        x,
        weights["weight"],
        stride=_per_axis(op.stride, rank),
        dilation=_per_axis(op.dilation, rank),
        groups=op.groups,
    )
    extra = _per_axis(op.output_padding, rank)
    full = _pad(full, [(0, rows) for rows in extra])
    full = _cut(full, _sides(op.padding, rank))
    bias = weights.get("bias")
    return full if bias is None else full + _per_channel(bias, full)


def _cut(x: Tensor, sides: list[tuple[int, int]]) -> Tensor:
    for axis, (before, after) in enumerate(sides, 2):
        x = x.narrow(axis, before, x.shape[axis] - before - after)
    return x


# Pools.


def _cut_windows(op: Any, x: Tensor, fill: float) -> Tensor:
    """All windows, their values along one last axis; `fill` stands for what is not in the map."""
    rank = x.dim() - 2
    kernels = _per_axis(op.kernel_size, rank)
    strides = kernels if op.stride is None else _per_axis(op.stride, rank)
    dilations = _per_axis(getattr(op, "dilation", 1), rank)
    spans = [(k - 1) * d + 1 for k, d in zip(kernels, dilations, strict=True)]
    sides = _resolve_sides(op, x, strides, spans)
    sizes = x.shape[2:]
    if op.ceil_mode:
        sides = [
            (before, _reach(size, span, stride, before, after))
            for size, span, stride, (before, after) in zip(
                sizes, spans, strides, sides, strict=True
            )
        ]
    x = _pad(x, sides, fill)
    for axis in range(rank):
        x = x.unfold(2 + axis, spans[axis], strides[axis])[..., :: dilations[axis]]
    return x.flatten(2 + rank)


def _reach(size: int, span: int, stride: int, before: int, after: int) -> int:
    """The rows after the map that the windows of ceil_mode read."""
    count = math.ceil((size + before + after - span) / stride) + 1
    if (count - 1) * stride >= size + before:
        count -= 1
    return max((count - 1) * stride + span - size - before, after)


def _max_pool(op: Any, inputs: list[Tensor], weights: Weights) -> Tensor:
    return _cut_windows(op, inputs[0], -math.inf).max(dim=-1).values


def _min_pool(op: Any, inputs: list[Tensor], weights: Weights) -> Tensor:
    return _cut_windows(op, inputs[0], math.inf).min(dim=-1).values


def _avg_pool(op: Any, inputs: list[Tensor], weights: Weights) -> Tensor:
    (x,) = inputs
    rank = x.dim() - 2
    counted = torch.ones_like(x[:1, :1])
    total = _cut_windows(op, x, 0.0).sum(dim=-1)
    if not op.count_include_pad:
        return total / _cut_windows(op, counted, 0.0).sum(dim=-1)
    # The padding as part of the map: a pool over the padded map then has none of its own.
    kernels = _per_axis(op.kernel_size, rank)
    strides = kernels if op.stride is None else _per_axis(op.stride, rank)
    counted = _pad(counted, _resolve_sides(op, x, strides, kernels), 1.0)
    reach = [full - size for full, size in zip(_measure(op, x), counted.shape[2:], strict=True)]
    counted = _pad(counted, [(0, max(rows, 0)) for rows in reach])
    for axis in range(rank):
        counted = counted.unfold(2 + axis, kernels[axis], strides[axis])
    return total / counted.flatten(2 + rank).sum(dim=-1)


def _measure(op: Any, x: Tensor) -> list[int]:
    """The rows of each axis from the first that any window reads to the last."""
    rank = x.dim() - 2
    kernels = _per_axis(op.kernel_size, rank)
    strides = kernels if op.stride is None else _per_axis(op.stride, rank)
    sizes = _cut_windows(op, x, 0.0).shape[2 : 2 + rank]
    return [(n - 1) * s + k for n, s, k in zip(sizes, strides, kernels, strict=True)]


def _lp_pool(op: Any, inputs: list[Tensor], weights: Weights) -> Tensor:
    powers = _cut_windows(op, inputs[0].abs() ** op.norm_type, 0.0)
    return powers.sum(dim=-1) ** (1 / op.norm_type)


def _global_avg_pool(op: Any, inputs: list[Tensor], weights: Weights) -> Tensor:
    (x,) = inputs
    return x.mean(dim=tuple(range(2, x.dim())), keepdim=op.keepdims)


def _global_max_pool(op: Any, inputs: list[Tensor], weights: Weights) -> Tensor:
    (x,) = inputs
    best = x.flatten(2).max(dim=2).values
    return best.reshape(*best.shape, *[1] * (x.dim() - 2)) if op.keepdims else best


def _adaptive_avg_pool(op: Any, inputs: list[Tensor], weights: Weights) -> Tensor:
    (x,) = inputs
    for axis, bins in enumerate(_per_axis(op.output_size, x.dim() - 2), 2):
        size = x.shape[axis]
        means = []
        for index in range(bins):
            start, stop = math.floor(index * size / bins), math.ceil((index + 1) * size / bins)
            means.append(x.narrow(axis, start, stop - start).mean(dim=axis, keepdim=True))
        x = torch.cat(means, dim=axis)
    return x


# Norms.


def _batch_norm(op: Any, x: Tensor, weights: Weights, training: bool) -> Tensor:
    mean, variance = weights["running_mean"], weights["running_var"]
    if training:
        axes = (0, *range(2, x.dim()))
        mean, variance = x.mean(dim=axes), x.var(dim=axes, unbiased=False)
    if x.dim() > 2:
        mean, variance = _per_channel(mean, x), _per_channel(variance, x)
    return _affine(op, (x - mean) / torch.sqrt(variance + op.eps), weights)


def _affine(op: Any, x: Tensor, weights: Weights) -> Tensor:
    if not op.affine:
        return x
    weight, bias = weights["weight"], weights["bias"]
    if x.dim() > 2:
        weight, bias = _per_channel(weight, x), _per_channel(bias, x)
    return x * weight + bias


def _normalise(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    mean = x.mean(dim=axes, keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=axes, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps)


def _layer_norm(op: Any, inputs: list[Tensor], weights: Weights) -> Tensor:
    (x,) = inputs
    whole = op.axes == "all"
    # Three axes are tokens or a map of one axis: only the names of the weights' axes differ.
    last = x.dim() == 2 or op.kind_is_tokens
    axes = tuple(range(1, x.dim())) if whole else ((-1,) if last else (1,))
    normed = _normalise(x, axes, op.eps)
    if not op.affine:
        return normed
    weight, bias = weights["weight"], weights["bias"]
    if not (whole or last):
        weight, bias = _per_channel(weight, x), _per_channel(bias, x)
    return normed * weight + bias


def _group_norm(op: Any, inputs: list[Tensor], weights: Weights) -> Tensor:
    (x,) = inputs
    groups = x.reshape(x.shape[0], op.num_groups, -1)
    return _affine(op, _normalise(groups, (2,), op.eps).reshape(x.shape), weights)


def _instance_norm(op: Any, inputs: list[Tensor], weights: Weights) -> Tensor:
    (x,) = inputs
    return _affine(op, _normalise(x, tuple(range(2, x.dim())), op.eps), weights)


def _local_response_norm(op: Any, inputs: list[Tensor], weights: Weights) -> Tensor:
    (x,) = inputs
    reach = op.size // 2
    channels = x.shape[1]
    sums = torch.stack(
        [
            (x[:, max(c - reach, 0) : min(c + reach, channels - 1) + 1] ** 2).sum(dim=1)
            for c in range(channels)
        ],
        dim=1,
    )
    return x / (op.k + op.alpha / op.size * sums) ** op.beta
