"""Convolutions in PyTorch."""

from __future__ import annotations

from cnnspec.backends.pycode import Binary, Call, Code, Expr, literal
from cnnspec.backends.torch.leaf import Leaf, TorchSite, keywords, ranked, sides_fact, unset
from cnnspec.graph.ir import Node
from cnnspec.ops.base import Op
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv


def _sides(node: Node) -> tuple[tuple[int, int], ...]:
    assert isinstance(node.op, Conv | DepthwiseConv | ConvTranspose)
    return tuple((w.before, w.after) for w in node.op.resolve(node.shapes[0]))


def _is_even(node: Node) -> bool:
    return all(before == after for before, after in _sides(node))


def _padding(node: Node) -> int | tuple[int, ...]:
    before = tuple(side for side, _ in _sides(node))
    return before[0] if len(set(before)) == 1 else before


def _is_native_same(node: Node) -> bool:
    """Whether PyTorch's own "same" is meant: without strides, and as wide at both ends.

    For an odd number of zeros PyTorch copies the input and warns of it.
    """
    assert isinstance(node.op, Conv | DepthwiseConv)
    stride = node.op.stride
    is_unit = stride == 1 or set(_as_tuple(stride)) == {1}
    return node.op.padding == "same" and is_unit and _is_even(node)


def _as_tuple(value: int | tuple[int, ...]) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,)


def _is_written(node: Node) -> bool:
    """Whether the padding is written as PyTorch takes it: a number, or one for each axis."""
    assert isinstance(node.op, Conv | DepthwiseConv | ConvTranspose)
    padding = node.op.padding
    return isinstance(padding, int) or (
        isinstance(padding, tuple) and len(padding) == node.shapes[0].rank
    )


def _write_padding(site: TorchSite) -> tuple[tuple[str, Expr], ...]:
    if all(map(_is_native_same, site.nodes)):
        return (("padding", literal("same")),)
    if all(_padding(node) == 0 and _is_even(node) for node in site.nodes):
        return ()
    written = all(map(_is_written, site.nodes))
    return (("padding", site.field("padding") if written else site.derive("padding", _padding)),)


def _write_conv(site: TorchSite, out: Expr, groups: tuple[tuple[str, Expr], ...]) -> Expr:
    arguments = (site.in_channels(), out)
    kernel = ("kernel_size", site.field("kernel_size"))
    if site.varies(_sides):
        name = site.require(ranked(site, "SamePaddedConv"))
        rest = (*keywords(site, "stride", "dilation"), *groups, *keywords(site, "bias"))
        return Call(name, arguments, (kernel, *rest))
    native = site.same(_is_native_same)
    if native or site.same(_is_even):
        return Call(
            ranked(site, "nn.Conv"),
            arguments,
            (
                kernel,
                *keywords(site, "stride"),
                *_write_padding(site),
                *keywords(site, "dilation"),
                *groups,
                *keywords(site, "bias"),
            ),
        )
    name = site.require(ranked(site, "PaddedConv"))
    sides = ("sides", site.derive("sides", sides_fact(_sides)))
    rest = (*keywords(site, "stride", "dilation"), *groups, *keywords(site, "bias"))
    return Call(name, arguments, (kernel, sides, *rest))


def conv(site: TorchSite) -> Expr:
    """A convolution; uneven padding needs a class of its own."""
    return _write_conv(site, site.field("out_channels"), keywords(site, "groups"))


def depthwise_conv(site: TorchSite) -> Expr:
    """A convolution with a group for each channel."""
    channels = site.in_channels()
    out = channels
    if not unset(site, "multiplier"):
        out = _multiply(channels, site.field("multiplier"))
    return _write_conv(site, out, (("groups", channels),))


def _multiply(channels: Expr, multiplier: Expr) -> Expr:
    match channels, multiplier:
        case Code(first), Code(second) if first.isdecimal() and second.isdecimal():
            return literal(int(first) * int(second))
    return Binary(channels, "*", multiplier)


def conv_transpose(site: TorchSite) -> Expr:
    """A transposed convolution; an uneven crop needs a class of its own."""
    arguments = (site.in_channels(), site.field("out_channels"))
    kernel = ("kernel_size", site.field("kernel_size"))
    if site.same(_is_even):
        return Call(
            ranked(site, "nn.ConvTranspose"),
            arguments,
            (
                kernel,
                *keywords(site, "stride"),
                *_write_padding_transposed(site),
                *keywords(site, "output_padding", "groups", "bias", "dilation"),
            ),
        )
    name = site.require(ranked(site, "CroppedConvTranspose"))
    sides = ("sides", site.derive("sides", sides_fact(_cuts)))
    rest = keywords(site, "stride", "output_padding", "dilation", "groups", "bias")
    return Call(name, arguments, (kernel, sides, *rest))


def _write_padding_transposed(site: TorchSite) -> tuple[tuple[str, Expr], ...]:
    if all(_padding(node) == 0 for node in site.nodes):
        return ()
    written = all(map(_is_written, site.nodes))
    return (("padding", site.field("padding") if written else site.derive("padding", _padding)),)


def _cuts(node: Node) -> tuple[tuple[int, int], ...]:
    """What is cut off both ends, as negative padding."""
    assert isinstance(node.op, ConvTranspose)
    return tuple((-before, -after) for before, after in _sides(node))


LEAVES: dict[type[Op], Leaf] = {
    Conv: Leaf(conv),
    DepthwiseConv: Leaf(depthwise_conv),
    ConvTranspose: Leaf(conv_transpose),
}
