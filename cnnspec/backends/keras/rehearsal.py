"""The layers of a generated Keras model in Keras's own order, found without Keras.

Keras's weight files call a layer by its class and its turn among those of that class, so what
stands where follows from the order that Keras gives the layers. Only the generated file says which
layers there are: it is run here with stand-ins for Keras's names, which note what calls what.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, ClassVar

from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.keras.paths import name_layer
from cnnspec.graph.ir import Graph
from cnnspec.naming import module_name, variable_name
from cnnspec.records import dataclass


@dataclass(frozen=True, slots=True)
class Placement:
    """A layer's name, and the folder that Keras's weight files keep its variables in."""

    name: str
    folder: str


@dataclass(slots=True, eq=False)
class _Tensor:
    """What flows: the layer that gave it, and as much of its shape as generated code asks for."""

    layer: _Layer | None
    shape: tuple[int | None, ...]
    sources: tuple[_Tensor, ...] = ()
    steps_before: int = 0
    steps_after: int = 0


class _Layer:
    """Stands in for every layer class; subclasses have the names of Keras's.

    `channels` says what each layer gives by its name.
    """

    channels: ClassVar[Mapping[str, int]]

    def __init__(self, *arguments: Any, name: str = "", **settings: Any) -> None:
        self.name = name

    def __call__(self, inputs: _Tensor | Sequence[_Tensor]) -> _Tensor:
        sources = (inputs,) if isinstance(inputs, _Tensor) else tuple(inputs)
        channels = self.channels.get(self.name, sources[0].shape[-1])
        steps = max(source.steps_before for source in sources) + 1
        return _Tensor(self, (None, channels), sources, steps)


class _Names(ModuleType):
    """A module in which every name means something."""

    def __init__(self, name: str, make: Callable[[str], Any]) -> None:
        super().__init__(name)
        self._make = make

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = self._make(name)
        setattr(self, name, made)
        return made


def place_layers(graph: Graph) -> tuple[Placement, ...]:
    """The layers of the generated Keras model, in Keras's order, with their folders."""
    (source,) = compile_keras(graph, "cnnspec weights").files.values()
    channels = {name_layer(node.path): node.shape.channels for node in graph.nodes}
    layers = _perform(source, variable_name(module_name(graph.spec.name)), channels)
    turns: dict[str, int] = {}
    placements = []
    for layer in layers:
        word = _spell_class(type(layer).__name__)
        turn = turns.get(word, 0)
        turns[word] = turn + 1
        placements.append(
            Placement(layer.name, f"layers/{word}_{turn}" if turn else f"layers/{word}")
        )
    return tuple(placements)


def _spell_class(name: str) -> str:
    """A class as Keras spells it in weight files: ``PReLU`` becomes ``p_re_lu``."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _perform(source: bytes, function: str, channels: Mapping[str, int]) -> list[_Layer]:
    """Run a generated file up to its model: gives back the layers."""
    base = type("Layer", (_Layer,), {"channels": channels})
    layers = _Names("layers", lambda name: type(name, (base,), {}))
    layers.Layer = base  # type: ignore[attr-defined]
    keras = _Names("keras", lambda name: _Names(name, _ignore))
    keras.layers = layers  # type: ignore[attr-defined]
    # Generated files build on this one; all others are called.
    keras.initializers.Initializer = object
    keras.Input = lambda shape, **_: _Tensor(None, (None, *shape))  # type: ignore[attr-defined]
    keras.Model = _order  # type: ignore[attr-defined]
    keras.Sequential = lambda parts, **_: [part for part in parts if isinstance(part, _Layer)]  # type: ignore[attr-defined]

    def find_module(name: str, *arguments: Any) -> Any:
        return keras if name == "keras" else builtins.__import__(name, *arguments)

    space: dict[str, Any] = {
        "__name__": "rehearsal",
        "__builtins__": {**vars(builtins), "__import__": find_module},
    }
    exec(compile(source, "rehearsal", "exec"), space)
    make = space.get(f"{function}_model") or space[function]
    made: list[_Layer] = make()
    return made


def _ignore(name: str) -> Callable[..., Callable[[Any], Any]]:
    """Stands in for a decorator with settings, and for a function that is never called."""
    return lambda *arguments, **settings: lambda decorated: decorated


def _order(inputs: Any, outputs: _Tensor | Sequence[_Tensor], **settings: Any) -> list[_Layer]:
    """The layers as Keras's functional models have them.

    Those farther from the outputs come first; among equals, those that a walk from the outputs
    back to the inputs met first.
    """
    ends = [outputs] if isinstance(outputs, _Tensor) else list(outputs)
    met = {tensor: turn for turn, tensor in enumerate(_walk_back(ends))}
    for tensor in sorted(met, key=lambda tensor: tensor.steps_before, reverse=True):
        for source in tensor.sources:
            source.steps_after = max(source.steps_after, tensor.steps_after + 1)
    ordered = sorted(met, key=lambda tensor: (-tensor.steps_after, met[tensor]))
    return [tensor.layer for tensor in ordered if tensor.layer is not None]


def _walk_back(ends: Sequence[_Tensor]) -> Iterator[_Tensor]:
    """All that the ends are computed from, depth first."""
    seen: set[_Tensor] = set()
    waiting = list(reversed(ends))
    while waiting:
        tensor = waiting.pop()
        if tensor not in seen:
            seen.add(tensor)
            yield tensor
            waiting += reversed(tensor.sources)
