"""The spec that a step stands in: where its words are looked up, and what its expressions see."""

from __future__ import annotations

from cnnspec.expressions import Value
from cnnspec.graph.arguments import OpFactory
from cnnspec.records import dataclass
from cnnspec.spec.model import ModelSpec


@dataclass(frozen=True, slots=True, eq=False)
class Home:
    """A spec with its parameters evaluated: the network's own, or one that is a part of it.

    `shown` tells apart all that a block of the library can depend on here.
    """

    spec: ModelSpec
    variant: str
    params: dict[str, Value]
    factory: OpFactory
    shown: tuple[object, ...]


def make_home(spec: ModelSpec, variant: str, params: dict[str, Value], factory: OpFactory) -> Home:
    """The home of a spec's steps."""
    return Home(spec, variant, params, factory, (id(spec), repr(params)))
