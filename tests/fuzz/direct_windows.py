"""Convolutions and pools as somebody would write them by hand in PyTorch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tests.frameworks import functional, torch
from tests.fuzz.direct_call import Layers

if TYPE_CHECKING:
    from torch import Tensor


def conv(c: Layers, *, depthwise: bool = False, padded: bool = False) -> Tensor:
    groups = c.channels if depthwise else c.get("groups", 1)
    filters = c.channels * c.get("multiplier", 1) if depthwise else c.get("out_channels", None)
    value = c.get("padding", 0)
    padding = 0 if padded else value if value in ("same", "valid") else c.even()
    layer = c.pick("Conv")(
        c.channels,
        filters,
        c.tuple("kernel_size"),
        stride=c.tuple("stride"),
        padding=padding,
        dilation=c.tuple("dilation"),
        groups=groups,
        bias=c.get("bias", True),
    )
    return layer(c.padded() if padded else c.x)


def conv_transpose(c: Layers, *, cut: bool = False) -> Tensor:
    layer = c.pick("ConvTranspose")(
        c.channels,
        c.get("out_channels", None),
        c.tuple("kernel_size"),
        stride=c.tuple("stride"),
        padding=0 if cut else c.even(),
        output_padding=c.tuple("output_padding", 0),
        groups=c.get("groups", 1),
        bias=c.get("bias", True),
        dilation=c.tuple("dilation"),
    )
    y = layer(c.x)
    return _cut(y, c.sides()) if cut else y


def _cut(x: Tensor, sides: list[tuple[int, int]]) -> Tensor:
    for axis, (before, after) in enumerate(sides, 2):
        if before < 0 or after < 0:
            raise ValueError("a negative margin")
        x = x.narrow(axis, before, x.shape[axis] - before - after)
    return x


# Pools


def _window(c: Layers) -> dict[str, Any]:
    stride = c.get("stride", None)
    return {
        "kernel_size": c.tuple("kernel_size"),
        "stride": None if stride is None else c.tuple("stride"),
        "ceil_mode": c.get("ceil_mode", False),
    }


def max_pool(c: Layers, sign: int = 1) -> Tensor:
    layer = c.pick("MaxPool")(**_window(c), padding=c.even(), dilation=c.tuple("dilation"))
    return sign * layer(sign * c.x)


def _spread_window(c: Layers) -> tuple[dict[str, Any], list[int]]:
    """A window in lists, and how many rows its last step hangs over the end of each axis."""
    hangs = []
    kernels, strides, dilations = c.spread("kernel_size"), c.strides(), c.spread("dilation")
    rows = zip(c.x.shape[2:], c.sides(), kernels, strides, dilations, strict=True)
    for size, (before, after), kernel, stride, dilation in rows:
        room = size + before + after - (kernel - 1) * dilation - 1
        steps = room // stride + 1
        if c.get("ceil_mode", False) and room % stride and steps * stride < size + before:
            steps += 1
        hangs.append((steps - 1) * stride - room)
    one = c.rank == 1
    window = {
        "kernel_size": kernels[0] if one else kernels,
        "stride": strides[0] if one else strides,
    }
    return window, hangs


def _hung(x: Tensor, hangs: list[int], fill: float) -> Tensor:
    """A map with the rows that its last windows read, and without those that none reads."""
    return functional.pad(x, [n for rows in reversed(hangs) for n in (0, rows)], value=fill)


def max_pool_parts(c: Layers, sign: int = 1) -> Tensor:
    window, hangs = _spread_window(c)
    layer = c.pick("MaxPool")(**window, dilation=c.tuple("dilation"))
    return sign * layer(_hung(sign * c.padded(-sign * math.inf), hangs, -math.inf))


def avg_pool(c: Layers) -> Tensor:
    counted = c.get("count_include_pad", True)
    return c.pick("AvgPool")(**_window(c), padding=c.even(), count_include_pad=counted)(c.x)


def avg_pool_parts(c: Layers) -> Tensor:
    window, hangs = _spread_window(c)
    pool = c.pick("AvgPool")(**window)
    shares = Layers(c.op, c.fields, [torch.ones_like(c.x)], c.kinds)
    inside = shares.padded(float(c.get("count_include_pad", True)))
    return pool(_hung(c.padded(), hangs, 0.0)) / pool(_hung(inside, hangs, 0.0))


def lp_pool(c: Layers) -> Tensor:
    window = _window(c)
    return c.pick("LPPool")(c.get("norm_type", 2.0), **window)(c.x.abs())


def lp_pool_parts(c: Layers) -> Tensor:
    """Over one axis PyTorch takes no lists, over three no window that is larger than the map."""
    window, hangs = _spread_window(c)
    return c.pick("LPPool")(c.get("norm_type", 2.0), **window)(_hung(c.x.abs(), hangs, 0.0))


def global_pool(c: Layers) -> Tensor:
    axes = tuple(range(2, c.x.dim()))
    if not axes:
        raise ValueError("no axes to pool over")
    keepdims = c.get("keepdims", False)
    if c.op == "global_avg_pool":
        return c.x.mean(dim=axes, keepdim=keepdims)
    return c.x.amax(dim=axes, keepdim=keepdims)


def adaptive(c: Layers) -> Tensor:
    return c.pick("AdaptiveAvgPool")(c.tuple("output_size"))(c.x)
