"""Parts of values and orders of channels in PyTorch."""

from __future__ import annotations

from typing import cast

from cnnspec.backends.pycode import Binary, Call, Code, Expr, format_inline, literal
from cnnspec.backends.torch.leaf import Leaf, TorchSite, keywords, rank_of, unset
from cnnspec.graph.ir import Node
from cnnspec.ops.base import Op
from cnnspec.ops.rearrange import (
    ChannelShuffle,
    PadChannels,
    PixelShuffle,
    PixelUnshuffle,
    Slice,
    Split,
)
from cnnspec.ops.shapes import Kind


def _find_dims(node: Node) -> tuple[int, ...]:
    """The axes that are cut, by PyTorch's numbers."""
    shape = node.shapes[0]
    axes = cast(Slice, node.op).find_axes(shape)
    if shape.kind is Kind.TOKENS:
        return tuple(2 - axis for axis in axes)
    return tuple(1 + axis for axis in axes)


def slice_entries(site: TorchSite) -> Expr:
    """Entries along some axes, as a module of ours."""
    dims = site.same(_find_dims)
    return Call(site.require("Slice"), (literal(dims),), keywords(site, "start", "stop", "step"))


def _call_slice(site: TorchSite, x: Expr) -> Expr:
    dims = site.same(_find_dims)
    first, last = (
        "" if unset(site, name) else format_inline(site.field(name)) for name in ("start", "stop")
    )
    step = "" if unset(site, "step") else f":{format_inline(site.field('step'))}"
    cut = [f"{first}:{last}{step}" if dim in dims else ":" for dim in range(max(dims) + 1)]
    text = f"({format_inline(x)})" if isinstance(x, Binary) else format_inline(x)
    return Code(f"{text}[{', '.join(cut)}]")


def split(site: TorchSite) -> Expr:
    """One part of the channels, as a module of ours."""
    given = (site.field("parts"), site.field("index"))
    dim = () if _find_channels(site) == 1 else (("dim", literal(_find_channels(site))),)
    return Call(site.require("Split"), given, dim)


def _call_split(site: TorchSite, x: Expr) -> Expr:
    dim = literal(_find_channels(site))
    parts = Call("torch.chunk", (x, site.field("parts")), (("dim", dim),))
    return Code(f"{format_inline(parts)}[{format_inline(site.field('index'))}]")


def _find_channels(site: TorchSite) -> int:
    tokens = site.same(lambda node: node.shapes[0].kind is Kind.TOKENS)
    return -1 if tokens else 1


def pad_channels(site: TorchSite) -> Expr:
    """Channels of zeros, as a module of ours."""
    return Call(site.require("PadChannels"), (site.field("padding"),))


def _call_pad(site: TorchSite, x: Expr) -> Expr:
    return Call("F.pad", (x, _say_sides(site)))


def _say_sides(site: TorchSite) -> Expr:
    """The widths in the order of ``F.pad``: the last axis first, the channels last."""
    rank = rank_of(site)
    field = site.field("padding")
    if all(isinstance(cast(PadChannels, node.op).padding, int) for node in site.nodes):
        text = format_inline(field)
        return Code(f"({'0, ' * 2 * rank}{text}, {text})")
    return site.derive("padding", lambda node: (0,) * 2 * rank + cast(PadChannels, node.op).sides)


def channel_shuffle(site: TorchSite) -> Expr:
    """PyTorch's shuffle of channels."""
    return Call("nn.ChannelShuffle", (site.field("groups"),))


def _call_shuffle(site: TorchSite, x: Expr) -> Expr:
    return Call("F.channel_shuffle", (x, site.field("groups")))


def _shuffle(word: str, function: str) -> Leaf:
    """PyTorch's own over two axes, ours over one and three."""

    def make(site: TorchSite) -> Expr:
        rank = rank_of(site)
        name = f"nn.{word}" if rank == 2 else site.require(f"{word}{rank}d")
        return Call(name, (site.field("factor"),))

    def call(site: TorchSite, x: Expr) -> Expr:
        if rank_of(site) == 2:
            return Call(f"F.{function}", (x, site.field("factor")))
        return Call(make(site), (x,))

    return Leaf(make, call)


LEAVES: dict[type[Op], Leaf] = {
    Slice: Leaf(slice_entries, _call_slice),
    Split: Leaf(split, _call_split),
    PadChannels: Leaf(pad_channels, _call_pad),
    ChannelShuffle: Leaf(channel_shuffle, _call_shuffle),
    PixelShuffle: _shuffle("PixelShuffle", "pixel_shuffle"),
    PixelUnshuffle: _shuffle("PixelUnshuffle", "pixel_unshuffle"),
}
