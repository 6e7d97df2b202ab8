"""Places in generated code made by hand, and the layers that ops become there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from cnnspec.backends.base import Fact, UnshareableError
from cnnspec.backends.keras.merge import Merged
from cnnspec.backends.keras.table import LAYERS, MERGES, count_inputs
from cnnspec.backends.pycode import Code, Expr, format_inline, literal
from cnnspec.graph.ir import Node
from cnnspec.ops.base import Op
from tests.graphs import make_input, make_node
from tests.op_cases import OpCase

T = TypeVar("T")
SUPPORT = Path(__file__).parents[2] / "templates" / "keras" / "support"


@dataclass
class HandmadeSite:
    """A place with all of its nodes; `written` holds the author's expressions by field.

    A fact that differs among nodes becomes an argument called by its name.
    """

    nodes: tuple[Node, ...]
    written: Mapping[str, str] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)

    @property
    def op(self) -> Op:
        return self.nodes[0].op

    def same(self, fact: Callable[[Node], T]) -> T:
        first, *others = [fact(node) for node in self.nodes]
        if any(other != first for other in others):
            raise UnshareableError
        return first

    def varies(self, fact: Callable[[Node], T]) -> bool:
        """No size of a handmade input is open."""
        return False

    def is_open(self) -> bool:
        """No size of a handmade input is open."""
        return False

    def field(self, name: str) -> Expr:
        if name in self.written:
            return Code(self.written[name])
        return self.derive(name, lambda node: getattr(node.op, name))

    def part(self, keys: tuple[str, ...], fact: Callable[[Node], Fact]) -> Expr:
        return self.derive(keys[-1], fact)

    def follows(self, name: str) -> bool:
        """Handmade fields are literals."""
        return False

    def derive(self, name: str, fact: Callable[[Node], Fact]) -> Expr:
        values = [fact(node) for node in self.nodes]
        return literal(values[0]) if len(set(values)) == 1 else Code(name)

    def in_channels(self) -> Expr:
        return self.derive("in_channels", lambda node: node.shapes[0].channels)

    def require(self, support: str) -> str:
        self.required.append(support)
        return support


def make_site(*cases: OpCase, written: Mapping[str, str] | None = None) -> HandmadeSite:
    """A place that stands for one op for each case."""
    nodes = [make_node("op", case.build(), *map(make_input, case.inputs)) for case in cases]
    return HandmadeSite(tuple(nodes), written or {})


def render(site: HandmadeSite, name: str = "op") -> Merged:
    """What the place's op becomes; an op of one input is told like a merge of one."""
    kind = type(site.op)
    if kind in MERGES:
        return MERGES[kind](site, literal(name))
    *before, last = LAYERS[kind](site, literal(name))
    return Merged((tuple(before),), last)


def render_text(site: HandmadeSite, name: str = "op") -> list[str]:
    """The layers as code."""
    merged = render(site, name)
    before = [layer for layers in merged.inputs for layer in layers]
    return [format_inline(layer) for layer in (*before, merged.layer)]


def build_model(site: HandmadeSite, *, sized: bool = True) -> Any:
    """A Keras model of the place's first node, for batches (and maps) of any size."""
    import keras

    names: dict[str, Any] = {"keras": keras, "layers": keras.layers}
    names["initializers"] = keras.initializers
    merged = render(site)
    for support in dict.fromkeys(site.required):
        exec((SUPPORT / f"{support}.py").read_text(), names)
    sources, values = [], []
    for shape, layers in zip(site.nodes[0].shapes, merged.inputs, strict=True):
        dims = to_keras_dims(shape)
        value = keras.Input(dims if sized else (*[None] * shape.rank, shape.channels))
        sources.append(value)
        for layer in layers:
            value = eval(format_inline(layer), names)(value)
        values.append(value)
    taken: list[Any] = [values] if type(site.op) in MERGES else values
    output = eval(format_inline(merged.layer), names)(*taken * count_inputs(site.op))
    return keras.Model(sources if len(sources) > 1 else sources[0], output)


def to_keras_dims(shape: Any) -> tuple[int, ...]:
    """A sample's shape with the channels last."""
    return (*shape.sizes, shape.channels)
