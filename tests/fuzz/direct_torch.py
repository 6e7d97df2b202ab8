"""What somebody would write by hand in PyTorch for one op of a spec, whatever its fields hold.

Nothing of this package's meaning of an op is used. `by_layer` is PyTorch's own layer with the
fields as they stand. Where that has no word for a field, or refuses one, `by_parts` says the same
in several calls: a padding first, or a cut behind.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cnnspec.ops.shapes import Kind
from tests.frameworks import functional, nn, torch
from tests.fuzz.direct_call import Inexpressible, Layers
from tests.fuzz.direct_windows import (
    adaptive,
    avg_pool,
    avg_pool_parts,
    conv,
    conv_transpose,
    global_pool,
    lp_pool,
    lp_pool_parts,
    max_pool,
    max_pool_parts,
)

if TYPE_CHECKING:
    from torch import Tensor


def by_layer(layers: Layers) -> Tensor:
    """The output of PyTorch's own layer; raises what PyTorch raises."""
    return _LAYERS[layers.op](layers)


def by_parts(layers: Layers) -> Tensor:
    """The same in several calls, where one does not say it."""
    if layers.op not in _PARTS:
        raise Inexpressible("there is no other way")
    return _PARTS[layers.op](layers)


# Norms


def _batch_norm(c: Layers) -> Tensor:
    layer = getattr(nn, f"BatchNorm{max(c.rank, 1)}d")
    norm = layer(
        c.channels,
        eps=c.get("eps", 1e-5),
        momentum=c.get("momentum", 0.1),
        affine=c.get("affine", True),
    )
    return norm.eval()(c.x)


def _layer_norm(c: Layers) -> Tensor:
    eps, affine = c.get("eps", 1e-5), c.get("affine", True)
    if c.get("axes", "channels") == "all":
        return nn.LayerNorm(c.x.shape[1:], eps, affine)(c.x)
    return nn.LayerNorm(c.channels, eps, affine)(c.x.movedim(c.axis, -1)).movedim(-1, c.axis)


def _group_norm(c: Layers) -> Tensor:
    groups, eps = c.get("num_groups", None), c.get("eps", 1e-5)
    return nn.GroupNorm(groups, c.channels, eps, c.get("affine", True))(c.x)


def _instance_norm(c: Layers) -> Tensor:
    return c.pick("InstanceNorm")(c.channels, c.get("eps", 1e-5), affine=c.get("affine", False))(
        c.x
    )


def _instance_norm_parts(c: Layers) -> Tensor:
    """As groups of one channel each, which PyTorch does not hold against their size."""
    return nn.GroupNorm(c.channels, c.channels, c.get("eps", 1e-5), c.get("affine", False))(c.x)


def _local_response_norm(c: Layers) -> Tensor:
    numbers = c.get("alpha", 1e-4), c.get("beta", 0.75), c.get("k", 1.0)
    return nn.LocalResponseNorm(c.get("size", None), *numbers)(c.x)


# Activations, and what acts in training


def _prelu(c: Layers) -> Tensor:
    count = c.channels if c.get("per_channel", False) else 1
    return nn.PReLU(count)(c.x)


def _prelu_parts(c: Layers) -> Tensor:
    return _prelu(Layers(c.op, c.fields, [c.x.mT], [Kind.MAP])).mT


def _dropout(c: Layers) -> Tensor:
    p = c.get("p", 0.5)
    if c.op == "dropout":
        return nn.Dropout(p)(c.x)
    if c.op == "spatial_dropout":
        return c.pick("Dropout")(p)(c.x)
    kept = torch.bernoulli(torch.full((len(c.x), *[1] * (c.x.dim() - 1)), 1.0 - p))
    return c.x * kept / (1.0 - p)


def _linear(c: Layers) -> Tensor:
    return nn.Linear(c.channels, c.get("out_features", None), bias=c.get("bias", True))(c.x)


def _attention(c: Layers) -> Tensor:
    layer = nn.MultiheadAttention(
        c.channels,
        c.get("num_heads", None),
        dropout=c.get("dropout", 0.0),
        bias=c.get("bias", True),
        batch_first=True,
    )
    if c.x.dim() != 3:
        raise ValueError("attention is between tokens")
    return layer(c.x, c.x, c.x, need_weights=False)[0]


# Tokens and values of the network's own


def _to_map(c: Layers) -> Tensor:
    sizes = c.get("sizes", None)
    return c.x.mT.unflatten(2, sizes if isinstance(sizes, list) else [sizes])


def _class_token(c: Layers) -> Tensor:
    token = nn.Parameter(torch.zeros(1, c.get("count", 1), c.channels))
    if not token.numel():
        raise ValueError("no token")
    return torch.cat([token.expand(len(c.x), -1, -1), c.x], 1)


def _stored(c: Layers) -> Tensor:
    names = ("tokens", "features", "channels", "length", "depth", "height", "width")
    dims = [c.fields[name] for name in names if name in c.fields]
    values = torch.as_tensor(c.get("values", 0.0))
    whole = values.expand(dims) if values.numel() == 1 else values.reshape(dims)
    return whole.expand(len(c.x), *dims)


# What moves, cuts and enlarges


def _zero_pad(c: Layers) -> Tensor:
    return functional.pad(c.x, [rows for pair in reversed(c.sides()) for rows in pair])


def _crop(c: Layers) -> Tensor:
    return functional.pad(c.x, [-rows for pair in reversed(c.sides("margins")) for rows in pair])


def _crop_like(c: Layers) -> Tensor:
    x, like = c.inputs
    if x.dim() != like.dim():
        raise ValueError("other axes")
    center = c.get("offset", "center") == "center"
    starts = None if center else c.spread("offset")
    for axis, rows in enumerate(like.shape[2:], 2):
        start = (x.shape[axis] - rows) // 2 if starts is None else starts[axis - 2]
        x = x.narrow(axis, start, rows)
    return x


def _slice(c: Layers) -> Tensor:
    """As Python slices, which are cut at the end of what there is."""
    names = {1: ["length"], 2: ["height", "width"], 3: ["depth", "height", "width"]}
    axes = ["tokens", "channels"] if c.axis == 2 else ["channels", *names.get(c.rank, [])]
    wanted = c.get("axis", None)
    chosen = axes[1:] if wanted == "spatial" and c.axis == 1 and c.rank else [wanted]
    taken = slice(c.get("start", 0), c.get("stop", None), c.get("step", 1))
    index = [taken if name in chosen else slice(None) for name in axes]
    if not set(chosen) <= set(axes):
        raise ValueError("no such axis")
    return c.x[(slice(None), *index)]


def _split(c: Layers) -> Tensor:
    return c.x.unflatten(c.axis, (c.get("parts", None), -1)).select(c.axis, c.get("index", None))


def _pad_channels(c: Layers) -> Tensor:
    value = c.get("padding", None)
    before, behind = value if isinstance(value, list) else (value, value)
    return functional.pad(c.x, [*[0, 0] * c.rank, before, behind])


def _pixel_shuffle(c: Layers) -> Tensor:
    factor = c.get("factor", None)
    if c.rank == 2:
        return nn.PixelShuffle(factor)(c.x)
    tiles = c.x.unflatten(1, (-1, *[factor] * c.rank))
    order = [axis for pair in range(c.rank) for axis in (2 + c.rank + pair, 2 + pair)]
    sizes = [n * factor for n in c.x.shape[2:]]
    return tiles.permute(0, 1, *order).reshape(len(c.x), tiles.shape[1], *sizes)


def _pixel_unshuffle(c: Layers) -> Tensor:
    factor, x = c.get("factor", None), c.x
    if c.rank == 2:
        return nn.PixelUnshuffle(factor)(x)
    for axis in range(c.rank):
        x = x.unflatten(2 + 2 * axis, (-1, factor))
    tiles = [3 + 2 * axis for axis in range(c.rank)]
    return x.permute(0, 1, *tiles, *(axis - 1 for axis in tiles)).flatten(1, 1 + c.rank)


def _interpolate(c: Layers) -> Tensor:
    corners = c.get("align_corners", False)
    size: Any = None
    if c.op == "resize":
        size = c.tuple("size")
    elif c.op == "resize_like":
        size = tuple(c.inputs[1].shape[2:])
    factor = c.tuple("scale_factor") if c.op == "upsample" else None
    mode = c.get("mode", "nearest")
    given = corners if corners or mode != "nearest" else None
    return functional.interpolate(c.x, size, factor, mode, given)


def _gather(c: Layers) -> list[Tensor]:
    """Values side by side, where a vector gates a map: as a map of one position."""
    axes = max(x.dim() for x in c.inputs)
    gates = zip(c.inputs, c.kinds, strict=True)
    return [x[(..., *[None] * (axes - 2))] if k is Kind.VECTOR else x for x, k in gates]


def _add(c: Layers) -> Tensor:
    return sum(c.inputs[1:], start=c.x)


def _multiply(c: Layers) -> Tensor:
    return math.prod(_gather(c)[1:], start=_gather(c)[0])


def _plain(layer: str, **defaults: Any) -> Callable[[Layers], Tensor]:
    def run(c: Layers) -> Tensor:
        fields = {name: c.get(name, value) for name, value in defaults.items()}
        return getattr(nn, layer)(**fields)(c.x)

    return run


_LAYERS: dict[str, Callable[[Layers], Tensor]] = {
    "conv": conv,
    "depthwise_conv": lambda c: conv(c, depthwise=True),
    "conv_transpose": conv_transpose,
    "max_pool": max_pool,
    "min_pool": lambda c: max_pool(c, -1),
    "avg_pool": avg_pool,
    "lp_pool": lp_pool,
    "global_avg_pool": global_pool,
    "global_max_pool": global_pool,
    "adaptive_avg_pool": adaptive,
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "instance_norm": _instance_norm,
    "local_response_norm": _local_response_norm,
    "l2_normalize": lambda c: functional.normalize(c.x, dim=c.axis, eps=c.get("eps", 1e-12)),
    "scale": lambda c: (c.x.movedim(c.axis, -1) * torch.ones(c.channels)).movedim(-1, c.axis),
    "relu": _plain("ReLU"),
    "relu6": _plain("ReLU6"),
    "leaky_relu": _plain("LeakyReLU", negative_slope=0.01),
    "prelu": _prelu,
    "elu": _plain("ELU", alpha=1.0),
    "selu": _plain("SELU"),
    "gelu": _plain("GELU", approximate="none"),
    "silu": _plain("SiLU"),
    "hard_swish": _plain("Hardswish"),
    "hard_sigmoid": _plain("Hardsigmoid"),
    "mish": _plain("Mish"),
    "sigmoid": _plain("Sigmoid"),
    "tanh": _plain("Tanh"),
    "softmax": lambda c: nn.Softmax(dim=c.axis)(c.x),
    "dropout": _dropout,
    "spatial_dropout": _dropout,
    "stochastic_depth": _dropout,
    "linear": _linear,
    "attention": _attention,
    "to_tokens": lambda c: c.x.flatten(2).mT,
    "to_map": _to_map,
    "class_token": _class_token,
    "position_embedding": lambda c: c.x + nn.Parameter(torch.zeros(1, *c.x.shape[1:])),
    "select_token": lambda c: c.x.select(1, c.get("index", 0)),
    "parameter": _stored,
    "constant": _stored,
    "flatten": lambda c: nn.Flatten()(c.x),
    "zero_pad": _zero_pad,
    "crop": _crop,
    "crop_like": _crop_like,
    "identity": _plain("Identity"),
    "slice": _slice,
    "split": _split,
    "pad_channels": _pad_channels,
    "channel_shuffle": lambda c: nn.ChannelShuffle(c.get("groups", None))(c.x),
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
    "upsample": _interpolate,
    "resize": _interpolate,
    "resize_like": _interpolate,
    "add": _add,
    "concat": lambda c: torch.cat(c.inputs, dim=c.axis),
    "multiply": _multiply,
}
_PARTS: dict[str, Callable[[Layers], Tensor]] = {
    "conv": lambda c: conv(c, padded=True),
    "depthwise_conv": lambda c: conv(c, depthwise=True, padded=True),
    "conv_transpose": lambda c: conv_transpose(c, cut=True),
    "max_pool": max_pool_parts,
    "min_pool": lambda c: max_pool_parts(c, -1),
    "avg_pool": avg_pool_parts,
    "lp_pool": lp_pool_parts,
    "instance_norm": _instance_norm_parts,
    "prelu": _prelu_parts,
}
