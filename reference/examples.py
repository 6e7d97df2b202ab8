"""The networks that the pages of ops and blocks show: as small as they can be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cnnspec.network import Network
from cnnspec.ops.base import Op
from cnnspec.ops.shapes import Kind
from cnnspec.sources import Source
from cnnspec.spec.model import Block


@dataclass(frozen=True, slots=True)
class Example:
    """A spec that holds what a page is about, and nothing else."""

    inputs: str
    steps: tuple[str, ...]

    @property
    def text(self) -> str:
        """The spec as written."""
        layers = "".join(f"  - {step}\n" for step in self.steps)
        return f"cnnspec: 1\nname: example\n{self.inputs}layers:\n{layers}"

    def load(self) -> Network:
        """The network."""
        return Network(Source("example.yaml", self.text.encode(), Path()))


_MAP = "{channels: 8, height: 16, width: 16}"
_INPUTS = MappingProxyType(
    {
        Kind.MAP: f"input: {_MAP}\n",
        Kind.VECTOR: "input: {features: 64}\n",
        Kind.TOKENS: "input: {tokens: 16, channels: 64}\n",
    }
)

# The steps that show an op: in its plain form, and where a backend lacks a word for it.
_STEPS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "conv": (
            "conv: {out_channels: 16, kernel_size: 3, padding: 1}",
            "conv: {out_channels: 32, kernel_size: 3, stride: 2, padding: same}",
        ),
        "depthwise_conv": (
            "depthwise_conv: {kernel_size: 3, padding: 1}",
            "depthwise_conv: {kernel_size: 5, stride: 2, padding: 2, multiplier: 2}",
        ),
        "conv_transpose": (
            "conv_transpose: {out_channels: 8, kernel_size: 2, stride: 2}",
            "conv_transpose: {out_channels: 4, kernel_size: 3, stride: 2, output_padding: 1}",
        ),
        "max_pool": ("max_pool: 2", "max_pool: {kernel_size: 3, stride: 2, padding: 1}"),
        "min_pool": ("min_pool: 2", "min_pool: {kernel_size: 3, stride: 2, padding: 1}"),
        "avg_pool": ("avg_pool: 2", "avg_pool: {kernel_size: 3, stride: 2, padding: 1}"),
        "lp_pool": ("lp_pool: {kernel_size: 2, norm_type: 3}",),
        "adaptive_avg_pool": ("adaptive_avg_pool: 8", "adaptive_avg_pool: 3"),
        "layer_norm": ("layer_norm", "layer_norm: {axes: all}"),
        "group_norm": ("group_norm: 4",),
        "local_response_norm": ("local_response_norm: 5",),
        "prelu": ("prelu", "prelu: {per_channel: true}"),
        "gelu": ("gelu", "gelu: tanh"),
        "linear": ("linear: 10",),
        "attention": ("attention: 8", "attention: {num_heads: 8, dropout: 0.1}"),
        "to_map": ("to_map: [4, 4]",),
        "zero_pad": ("zero_pad: 1", "zero_pad: [0, 1, 0, 1]"),
        "crop": ("crop: 1", "crop: [0, 1, 0, 1]"),
        "slice": ("slice: {axis: spatial, step: 2}", "slice: {axis: channels, start: 2, stop: 6}"),
        "parameter": ("parameter: {channels: 8, height: 1, width: 1}",),
        "constant": ("constant: {channels: 8, height: 1, width: 1, values: 0.5}",),
        "split": ("split: {parts: 2, index: 0}",),
        "pad_channels": ("pad_channels: 4",),
        "channel_shuffle": ("channel_shuffle: 2",),
        "pixel_shuffle": ("pixel_shuffle: 2",),
        "pixel_unshuffle": ("pixel_unshuffle: 2",),
        "resize": ("resize: 24", "resize: {size: [24, 20], mode: bilinear}"),
        "resize_like": ("{resize_like: {like: other, mode: bilinear}, from: map}",),
        "crop_like": ("{crop_like: other, from: map}",),
        "upsample": ("upsample: 2", "upsample: {scale_factor: 2, mode: bilinear}"),
    }
)

# The calls of blocks that show more than what they must be given.
_CALLS = MappingProxyType(
    {
        "classifier": "classifier: {classes: 10, hidden: [128]}",
        "inverted_residual": "inverted_residual: 64",
        "mb_conv": "mb_conv: {channels: 64, drop: 0.1}",
    }
)

# What parameters of the other blocks get that must be given.
_ARGUMENTS = MappingProxyType({"channels": "16", "out_channels": "16", "classes": "10"})


# The blocks that take tokens, not a map.
_OF_TOKENS = frozenset({"transformer_block"})


def show_op(op: type[Op]) -> Example:
    """An example of an op, on the first kind of value that it takes."""
    if op.merges:
        gate = "{features: 8}" if op.op == "multiply" else _MAP
        return Example(f"inputs:\n  left: {_MAP}\n  right: {gate}\n", (f"{op.op}: [left, right]",))
    if op.refers:
        sizes = "{channels: 1, height: 12, width: 12}"
        steps = _STEPS.get(op.op, (f"{op.op}: other",))
        return Example(f"inputs:\n  map: {_MAP}\n  other: {sizes}\n", steps)
    kind = next(kind for kind in Kind if kind in op.kinds)
    return Example(_INPUTS[kind], _STEPS.get(op.op, (op.op,)))


def show_block(block: Block) -> Example:
    """A call of a block, with what it must be given or with more."""
    needed = [name for name, default in block.parameters.items() if default is None]
    given = ", ".join(f"{name}: {_ARGUMENTS.get(name, '8')}" for name in needed)
    call = f"{block.name}: {{{given}}}" if given else block.name
    step = _CALLS.get(block.name, call)
    sizes = "tokens: 16" if block.name in _OF_TOKENS else "height: 16, width: 16"
    return Example(f"input: {{channels: 64, {sizes}}}\n", (step,))
