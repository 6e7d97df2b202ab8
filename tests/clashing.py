"""Small specs with a name in one place, for names that mean something to Python or a framework."""

from __future__ import annotations

import re

# Keywords, builtins, what generated files import and define, and what differs in case alone.
NAMES = (
    "in", "class", "None", "none", "true", "type", "self", "super", "print", "int", "torch", "nn",
    "f", "tensor", "ordered_dict", "math", "layers", "name", "x", "input", "output", "weights",
    "i", "forward", "pop", "type_", "x_", "a__b", "in_channels", "in_features", "unit", "Unit",
    "net", "conv", "Conv", "padded_conv2d",
)  # fmt: skip

_TWO_UNITS = """
blocks:
  unit:
    params: [width=4]
    layers:
      - conv: {out_channels: $width, kernel_size: 3, stride: 2, padding: same}
      - relu
"""
_HEAD = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 8, width: 8}\n"
_TAIL = "  - global_avg_pool\n  - linear: 2\n"

# Each spec uses the name N as one kind of thing.
PLACES: dict[str, str] = {
    "model": "cnnspec: 1\nname: N\ninput: {channels: 3, height: 8, width: 8}\n"
    + _TWO_UNITS + "layers:\n  - unit\n  - unit: 6\n" + _TAIL,
    "parameter": _HEAD + "params: {N: 5}\n" + _TWO_UNITS
    + "layers:\n  - unit: $N\n  - conv: {out_channels: $(2 * N), kernel_size: 1}\n" + _TAIL,
    "block": _HEAD + "blocks:\n  N:\n    params: [width]\n    layers:\n"
    "      - conv: {out_channels: $width, kernel_size: 3, padding: same}\n"
    "layers:\n  - N: 4\n  - N: 6\n" + _TAIL,
    "block parameter": _HEAD + "blocks:\n  unit:\n    params: [N, n=2]\n    layers:\n"
    "      - repeat: $n\n        layers:\n"
    "          - conv: {out_channels: $N, kernel_size: 3, stride: 2, padding: same}\n"
    "      - conv: {out_channels: $(N + in_channels), kernel_size: 1}\n"
    "layers:\n  - unit: 4\n  - unit: {N: 6, n: 1}\n" + _TAIL,
    "stage": _HEAD + _TWO_UNITS + "layers:\n  N:\n    - unit\n    - unit: 6\n"
    "  other:\n    first: {conv: {out_channels: 6, kernel_size: 1}}\n"
    "    second: {add: [N, _]}\n    third: {unit: 5}\n"
    "  pool: global_avg_pool\n  fc: {linear: 2}\n",
    "step": _HEAD + _TWO_UNITS + "layers:\n"
    "  - {conv: {out_channels: 4, kernel_size: 1}, name: N}\n  - relu\n"
    "  - residual: [{conv: {out_channels: 4, kernel_size: 1}}]\n  - tanh\n"
    "  - add: [N, _]\n  - unit\n  - {unit: 6, name: last}\n" + _TAIL,
    "step of a chain": _HEAD + "layers:\n  stage:\n    first: {conv: {out_channels: 4, "
    "kernel_size: 1}}\n    N: {conv: {out_channels: 5, kernel_size: 1}}\n"
    "  pool: global_avg_pool\n  fc: {linear: 2}\n",
    "variable": _HEAD + _TWO_UNITS + "layers:\n  - for: {N: [4, 5, 6], k: [1, 3, 1]}\n    layers:\n"
    "      - conv: {out_channels: $N, kernel_size: $k}\n      - unit: $(2 * N)\n" + _TAIL,
    "input": "cnnspec: 1\nname: net\ninputs:\n  N: {channels: 3, height: 8, width: 8}\n"
    "  second: {channels: 3, height: 8, width: 8}\n" + _TWO_UNITS
    + "layers:\n  - {unit: 4, from: N, name: first}\n  - {unit: 4, from: second}\n"
    "  - add: [first, _]\n  - relu\n" + _TAIL,
}  # fmt: skip


def write_clashing(place: str, name: str) -> str:
    """The spec of a place with the name in it."""
    return re.sub(r"\bN\b", name, PLACES[place])
