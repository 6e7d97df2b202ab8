"""What one op becomes in PyTorch: a module, or a call of a function where it holds no state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cnnspec.backends.base import Fact, Site
from cnnspec.backends.pycode import Call, Code, Expr
from cnnspec.graph.ir import Node
from cnnspec.records import dataclass


class TorchSite(Site, Protocol):
    """A site that also knows whether its input may be overwritten."""

    def may_overwrite(self) -> bool:
        """Whether the op may write its result over its input, in every use."""


@dataclass(frozen=True, slots=True)
class Held:
    """An op as an attribute that is not called as a module is.

    `make` gives what the attribute is, `call` the op's result, from the attribute and the input.
    A buffer is no part of the weights.
    """

    make: Callable[[TorchSite], Expr]
    call: Callable[[TorchSite, Expr, Expr], Expr]
    is_buffer: bool = False


@dataclass(frozen=True, slots=True)
class Leaf:
    """How an op is written: its module, and what is done to the module's result.

    `module` makes the constructor call; `function` makes a call on an input, and is None
    for ops that hold state. `flattens` says that the module leaves axes of size 1 to be dropped.
    `held` is how the op stands where a forward is written for it; `names_input` says that its
    function takes a variable only.
    """

    module: Callable[[TorchSite], Expr]
    function: Callable[[TorchSite, Expr], Expr] | None = None
    flattens: Callable[[TorchSite], bool] = lambda site: False
    held: Held | None = None
    names_input: bool = False


def rank_of(site: Site) -> int:
    """The number of spatial axes of the input."""
    return site.same(lambda node: node.shapes[0].rank)


def ranked(site: Site, word: str) -> str:
    """A module's name with the rank of the map: ``nn.Conv2d``."""
    return f"{word}{rank_of(site)}d"


def unset(site: Site, name: str) -> bool:
    """Whether a field has its default in every use, so that it need not be written.

    A field that follows a variable is written even so: the variable may change.
    """
    if site.follows(name):
        return False
    default = type(site.op).model_fields[name].default
    return all(getattr(node.op, name) == default for node in site.nodes)


def keywords(site: Site, *names: str) -> tuple[tuple[str, Expr], ...]:
    """The fields of those names that are set, as keyword arguments."""
    return tuple((name, site.field(name)) for name in names if not unset(site, name))


def sides_fact(sides: Callable[[Node], tuple[tuple[int, int], ...]]) -> Callable[[Node], Fact]:
    """Sides of each axis in the order of ``F.pad``: the last axis first."""

    def compute(node: Node) -> Fact:
        return tuple(side for pair in reversed(sides(node)) for side in pair)

    return compute


def plain_module(name: str, *fields: str) -> Callable[[TorchSite], Expr]:
    """A module that takes an op's fields under their own names."""
    return lambda site: Call(f"nn.{name}", (), keywords(site, *fields))


def plain_function(name: str, *fields: str) -> Callable[[TorchSite, Expr], Expr]:
    """A function of the input that takes an op's fields under their own names."""
    return lambda site, x: Call(name, (x,), keywords(site, *fields))


INPLACE = (("inplace", Code("True")),)
