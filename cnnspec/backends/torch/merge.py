"""Sums, concatenations and products in PyTorch: expressions of several values."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from cnnspec.backends.pycode import Binary, Bracketed, Call, Code, Expr, format_inline, literal
from cnnspec.backends.torch.leaf import TorchSite, unset
from cnnspec.backends.torch.resize import resize_like
from cnnspec.ops.base import Op
from cnnspec.ops.merge import Add, Concat, Multiply
from cnnspec.ops.reshape import CropLike
from cnnspec.ops.resize import ResizeLike
from cnnspec.ops.shapes import Kind


def add(site: TorchSite, values: tuple[Expr, ...]) -> Expr:
    """The sum, from left to right."""
    return reduce(lambda left, right: Binary(left, "+", right), values)


def concat(site: TorchSite, values: tuple[Expr, ...]) -> Expr:
    """The values side by side along the channels."""
    tokens = site.same(lambda node: node.shape.kind is Kind.TOKENS)
    axis = literal(-1 if tokens else 1)
    return Call("torch.cat", (Bracketed(values),), (("dim", axis),))


def multiply(site: TorchSite, values: tuple[Expr, ...]) -> Expr:
    """The product; a vector that gates a map gets the axes it lacks."""
    ranks = site.same(lambda node: tuple(shape.rank for shape in node.shapes))
    stretched = tuple(
        Code(f"{format_inline(value)}[:, :{', None' * max(ranks)}]")
        if rank < max(ranks) else value
        for value, rank in zip(values, ranks, strict=True)
    )  # fmt: skip
    return reduce(lambda left, right: Binary(left, "*", right), stretched)


def crop_like(site: TorchSite, values: tuple[Expr, ...]) -> Expr:
    """The part of a map that is as large as another."""
    given = () if unset(site, "offset") else (site.field("offset"),)
    return Call(site.require("crop_like"), (*values, *given))


MERGES: dict[type[Op], Callable[[TorchSite, tuple[Expr, ...]], Expr]] = {
    Add: add,
    Concat: concat,
    Multiply: multiply,
    CropLike: crop_like,
    ResizeLike: resize_like,
}
