"""What the op families share: a layer's call, and the keywords that an op's fields give it."""

from __future__ import annotations

from cnnspec.backends.base import Site
from cnnspec.backends.pycode import Call, Expr, literal
from cnnspec.ops.base import Op

Layers = tuple[Expr, ...]


def call_layer(function: str, *arguments: Expr, **keywords: Expr | None) -> Call:
    """A layer's constructor; keywords that are None are left to Keras."""
    given = tuple((key, value) for key, value in keywords.items() if value is not None)
    return Call(function, arguments, given)


def find_rank(site: Site) -> int:
    """The number of spatial axes of the map that an op receives."""
    return site.same(lambda node: node.shapes[0].rank)


def list_ops(site: Site) -> tuple[Op, ...]:
    """The op of each node."""
    return tuple(node.op for node in site.nodes)


def unless(site: Site, name: str, default: object) -> Expr | None:
    """An op's field as code, or None where it is Keras's default everywhere."""
    values = [getattr(op, name) for op in list_ops(site)]
    # A field that follows a variable is written even so: the variable may change.
    if not site.follows(name) and all(
        value == default or _repeats(value, default) for value in values
    ):
        return None
    return site.field(name)


def choose_affine(site: Site) -> dict[str, Expr | None]:
    """The keywords of a norm for its learned scale and shift."""
    affine = unless(site, "affine", True)
    return {"center": affine, "scale": affine}


def text(value: str) -> Expr:
    """A string as code."""
    return literal(value)


def _repeats(value: object, default: object) -> bool:
    return isinstance(value, tuple) and all(entry == default for entry in value)
