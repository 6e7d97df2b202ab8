"""Convolutions as Keras layers."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from cnnspec.backends.base import Site
from cnnspec.backends.keras.initial import DEPTHWISE, choose_initializers
from cnnspec.backends.keras.layer import Layers, call_layer, find_rank, text, unless
from cnnspec.backends.keras.names import suffix_name
from cnnspec.backends.keras.padding import Sides, is_bare, pad_zeros, write_pairs, write_sides
from cnnspec.backends.pycode import Expr, literal
from cnnspec.graph.ir import Node
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.windows import Window, pad_same


def is_depthwise(node: Node) -> bool:
    """Whether a convolution becomes one of Keras's depthwise layers, which exist up to rank 2.

    A plain convolution of as many groups as channels does too: as a grouped one it would be many
    times slower on CPUs.
    """
    (shape,) = node.shapes
    if shape.rank > 2:
        return False
    return isinstance(node.op, DepthwiseConv) or (
        isinstance(node.op, Conv) and node.op.groups == shape.channels > 1
    )


def conv(site: Site, name: Expr) -> Layers:
    """A padding layer where Keras's own padding differs, and the convolution."""
    if site.same(is_depthwise):
        return _slide_depthwise(site, name, _choose_multiplier(site))
    kind = f"layers.Conv{find_rank(site)}D"
    return _slide(site, name, kind, (site.field("out_channels"),), groups=unless(site, "groups", 1))


def depthwise_conv(site: Site, name: Expr) -> Layers:
    """Keras's depthwise layer, or a grouped convolution for maps of rank 3."""
    multiplier = unless(site, "multiplier", 1)
    if site.same(is_depthwise):
        return _slide_depthwise(site, name, multiplier)
    channels = site.in_channels()
    filters = site.derive("filters", lambda node: node.shape.channels) if multiplier else channels
    return _slide(site, name, "layers.Conv3D", (filters,), groups=channels)


def conv_transpose(site: Site, name: Expr) -> Layers:
    """Keras's transposed convolution and what it must be cropped by, or a layer of ours."""
    if not all(map(_is_native, site.nodes)):
        return (_call_general(site, name),)
    rank = find_rank(site)
    same = all(map(_is_same_transposed, site.nodes))
    layer = call_layer(
        f"layers.Conv{rank}DTranspose",
        site.field("out_channels"),
        site.field("kernel_size"),
        strides=unless(site, "stride", 1),
        padding=text("same") if same else None,
        use_bias=unless(site, "bias", True),
        **choose_initializers(site),
        name=name,
    )
    if same or all(is_bare(_find_crop(node)) for node in site.nodes):
        return (layer,)
    margins = write_sides(site, "padding", _find_crop)
    return (
        layer,
        call_layer(f"layers.Cropping{rank}D", margins, name=suffix_name(name, "crop")),
    )


def _choose_multiplier(site: Site) -> Expr | None:
    def count(node: Node) -> int:
        return node.shape.channels // node.shapes[0].channels

    one = all(count(node) == 1 for node in site.nodes)
    return None if one else site.derive("multiplier", count)


def _slide_depthwise(site: Site, name: Expr, multiplier: Expr | None) -> Layers:
    kind = f"layers.DepthwiseConv{find_rank(site)}D"
    starts = choose_initializers(site, DEPTHWISE)
    return _slide(site, name, kind, (), starts, depth_multiplier=multiplier)


def _slide(
    site: Site,
    name: Expr,
    kind: str,
    filters: tuple[Expr, ...],
    starts: dict[str, Expr | None] | None = None,
    **keywords: Expr | None,
) -> Layers:
    thinned = site.same(_needs_thinning)
    bare = all(is_bare(_find_sides(node)) for node in site.nodes)
    # Where the padding follows from a size that is open, Keras computes it by the same rule.
    at_run_time = not thinned and site.varies(_find_sides)
    same = at_run_time or (not bare and all(map(_is_same, site.nodes)))
    layer = call_layer(
        kind,
        *filters,
        site.field("kernel_size"),
        strides=None if thinned else unless(site, "stride", 1),
        padding=text("same") if same else None,
        dilation_rate=unless(site, "dilation", 1),
        **keywords,
        use_bias=unless(site, "bias", True),
        **(choose_initializers(site) if starts is None else starts),
        name=name,
    )
    before = () if same else pad_zeros(site, name, "padding", _find_sides)
    return (*before, layer, *(_thin(site, name) if thinned else ()))


def _thin(site: Site, name: Expr) -> Layers:
    """Keep the positions that a stride would have visited."""
    kind = f"layers.MaxPooling{find_rank(site)}D"
    strides = site.field("stride")
    return (call_layer(kind, literal(1), strides=strides, name=suffix_name(name, "stride")),)


def _needs_thinning(node: Node) -> bool:
    """Whether Keras cannot stride: not with dilation, nor unevenly in depthwise convolutions."""
    windows = _find_windows(node)
    strides = [window.stride for window in windows]
    dilated = any(window.dilation > 1 for window in windows)
    uneven = is_depthwise(node) and len(set(strides)) > 1
    return uneven or (max(strides) > 1 and dilated)


def _is_same(node: Node) -> bool:
    """Whether Keras's "same" pads like this: it may differ at a stride, never without one."""
    return all(
        window.stride == 1 and window == pad_same(size, replace(window, before=0, after=0))
        for window, size in zip(_find_windows(node), node.shapes[0].sizes, strict=True)
    )


def _find_windows(node: Node) -> tuple[Window, ...]:
    return cast(Conv | DepthwiseConv | ConvTranspose, node.op).resolve(node.shapes[0])


def _find_sides(node: Node) -> Sides:
    return tuple((window.before, window.after) for window in _find_windows(node))


def _is_native(node: Node) -> bool:
    """Whether Keras's transposed convolution holds all rows that are wanted."""
    op = cast(ConvTranspose, node.op)
    plain = all(window.extent == window.kernel for window in _find_windows(node))
    return op.groups == 1 and plain and all(after >= 0 for _, after in _find_crop(node))


def _find_crop(node: Node) -> Sides:
    """What to cut from Keras's transposed convolution, of (in - 1) * stride + max(kernel, stride).

    Rows past the kernel's reach hold the bias alone, as output padding does.
    """
    extra = cast(ConvTranspose, node.op).extra_rows(node.shapes[0])
    return tuple(
        (window.before, window.after + max(window.stride - window.kernel, 0) - rows)
        for window, rows in zip(_find_windows(node), extra, strict=True)
    )


def _is_same_transposed(node: Node) -> bool:
    """Whether the result is Keras's "same": in * stride rows, from (kernel - stride) // 2 on."""
    return all(
        window.kernel >= window.stride
        and before == (window.kernel - window.stride) // 2
        and window.kernel - window.stride == before + after
        for window, (before, after) in zip(_find_windows(node), _find_crop(node), strict=True)
    ) and not is_bare(_find_crop(node))


def _call_general(site: Site, name: Expr) -> Expr:
    return call_layer(
        site.require("ConvTranspose"),
        site.field("out_channels"),
        site.field("kernel_size"),
        strides=unless(site, "stride", 1),
        padding=write_pairs(site, "padding", _find_sides),
        output_padding=unless(site, "output_padding", 0),
        dilation_rate=unless(site, "dilation", 1),
        groups=unless(site, "groups", 1),
        use_bias=unless(site, "bias", True),
        **choose_initializers(site),
        name=name,
    )
