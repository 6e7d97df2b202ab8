"""The layers of a generated Keras model in Keras's own order, found without Keras.

Keras's weight files call a layer by its class and its turn among those of that class, so what
stands where follows from the order that Keras gives the layers. Only the generated file says which
layers there are, so it is run with stand-ins for Keras.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cnnspec.backends.base import RefusedError, explain_refusal
from cnnspec.backends.keras.paths import name_layer
from cnnspec.backends.keras.stand_ins import Functional, Layer, Sequential, perform
from cnnspec.graph.ir import Graph, Node
from cnnspec.naming import module_name, variable_name
from cnnspec.ops.norm import BatchNorm
from cnnspec.records import dataclass


@dataclass(frozen=True, slots=True)
class Placement:
    """A layer's name, and the folder that Keras's weight files keep its variables in."""

    name: str
    folder: str


def place_layers(graph: Graph) -> tuple[Placement, ...]:
    """The layers of the generated Keras model, in Keras's order, with their folders."""
    from cnnspec.backends.keras.emit import compile_keras

    (source,) = compile_keras(graph, "cnnspec weights", fixed=True).files.values()
    return tuple(_place(rehearse(graph, source).layers, "layers"))


def rehearse(graph: Graph, source: bytes) -> Functional | Sequential:
    """The model that a generated file makes, as stand-ins have it."""
    channels = {name_layer(node.path): node.shape.channels for node in graph.nodes}
    return perform(source, variable_name(module_name(graph.spec.name)), channels)


def _place(layers: Sequence[Layer], folder: str) -> Iterator[Placement]:
    turns: dict[str, int] = {}
    for layer in layers:
        word = _spell_class(type(layer).__name__)
        turn = turns.get(word, 0)
        turns[word] = turn + 1
        own = f"{folder}/{word}_{turn}" if turn else f"{folder}/{word}"
        yield Placement(layer.name, own)
        if isinstance(layer, Functional):
            yield from _place(layer.layers, f"{own}/layers")


def _spell_class(name: str) -> str:
    """A class as Keras spells it in weight files: ``PReLU`` becomes ``p_re_lu``."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def check_order(graph: Graph, source: bytes) -> None:
    """Raise SpecError for shared statistics that Keras would update in another order."""
    reason = (
        "a model computes what is farther from its outputs first, and would so update these "
        "shared statistics in another order than the steps have"
    )
    refused = [
        explain_refusal(node, reason, "keras", ("torch", "onnx"))
        for node in _find_disordered(graph, source)
    ]
    if refused:
        raise RefusedError(refused)


def _find_disordered(graph: Graph, source: bytes) -> list[Node]:
    """The norms that are used in another order than the spec's steps have."""
    norms = {
        name_layer(node.path): node.home
        for node in graph.nodes
        if node.shares is not None and isinstance(node.op, BatchNorm)
    }
    model = rehearse(graph, source) if norms else None
    if not isinstance(model, Functional):
        return []
    names = _list_disordered(model)
    return [node for name, node in norms.items() if name in names]


def _list_disordered(model: Functional) -> set[str]:
    """The names of layers, and of those in models, that run otherwise than they are called."""
    found: set[str] = set()
    taken: dict[Layer | None, list[int]] = {}
    for tensor in model.order:
        taken.setdefault(tensor.layer, []).append(tensor.turn)
    for layer in model.layers:
        inner = _list_names(layer)
        turns = taken.get(layer, [])
        if turns != sorted(turns):
            found |= inner
        elif isinstance(layer, Functional):
            found |= _list_disordered(layer)
    return found


def _list_names(layer: Layer) -> set[str]:
    names = {layer.name}
    for inner in layer.layers if isinstance(layer, Functional) else ():
        names |= _list_names(inner)
    return names
