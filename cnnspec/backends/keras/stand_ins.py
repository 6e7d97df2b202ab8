"""Runs a generated Keras file without Keras: stand-ins for Keras's names note what calls what."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, ClassVar

from cnnspec.records import dataclass


@dataclass(slots=True, eq=False)
class Tensor:
    """What flows: the layer that gave it, and as much of its shape as generated code asks for.

    `turn` is the number of the layer's call among all of its calls, from 0.
    """

    layer: Layer | None
    shape: tuple[int | None, ...]
    sources: tuple[Tensor, ...] = ()
    turn: int = 0


class Layer:
    """Stands in for every layer class; subclasses have the names of Keras's.

    `channels` says what each layer gives by its name.
    """

    channels: ClassVar[Mapping[str, int]] = {}

    def __init__(self, *arguments: Any, name: str = "", **settings: Any) -> None:
        self.name = name
        self.calls = 0

    def __call__(self, inputs: Tensor | Sequence[Tensor], *more: Tensor) -> Tensor:
        sources = (inputs, *more) if isinstance(inputs, Tensor) else tuple(inputs)
        tensor = Tensor(self, (None, self.count_channels(sources)), sources, self.calls)
        self.calls += 1
        return tensor

    def count_channels(self, sources: Sequence[Tensor]) -> int | None:
        """The channels of what it gives."""
        return self.channels.get(self.name, sources[0].shape[-1])


class Functional(Layer):
    """Stands in for a model: its layers in Keras's order, and their calls in that of a run."""

    layers: list[Layer]
    order: list[Tensor]

    def __init__(self, inputs: Any, outputs: Any, *, name: str = "", **settings: Any) -> None:
        super().__init__(name=name)
        self.ends = _list_ends(outputs)
        self.layers, self.order = _order(self.ends)

    def count_channels(self, sources: Sequence[Tensor]) -> int | None:
        """The channels of what it gives."""
        return self.ends[0].shape[-1]


class Sequential(Layer):
    """Stands in for a model that is a list of layers."""

    def __init__(self, parts: Sequence[object], *, name: str = "", **settings: Any) -> None:
        super().__init__(name=name)
        self.layers = [part for part in parts if isinstance(part, Layer)]


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


def perform(source: bytes, function: str, channels: Mapping[str, int]) -> Functional | Sequential:
    """Run a generated file up to its model; `channels` has what layers give by their names."""
    base = type("Layer", (Layer,), {"channels": channels})
    layers = _Names("layers", lambda name: type(name, (base,), {}))
    layers.Layer = base  # type: ignore[attr-defined]
    keras = _Names("keras", lambda name: _Names(name, _ignore))
    keras.layers = layers  # type: ignore[attr-defined]
    # Generated files build on this one; all others are called.
    keras.initializers.Initializer = object
    keras.Input = lambda shape, **_: Tensor(None, (None, *shape))  # type: ignore[attr-defined]
    keras.Model = Functional  # type: ignore[attr-defined]
    keras.Sequential = Sequential  # type: ignore[attr-defined]

    def find_module(name: str, *arguments: Any) -> Any:
        return keras if name == "keras" else builtins.__import__(name, *arguments)

    space: dict[str, Any] = {
        "__name__": "rehearsal",
        "__builtins__": {**vars(builtins), "__import__": find_module},
    }
    exec(compile(source, "rehearsal", "exec"), space)
    make = space.get(f"{function}_model") or space[function]
    made: Functional | Sequential = make()
    return made


def _ignore(name: str) -> Callable[..., Callable[[Any], Any]]:
    """Stands in for a decorator with settings, and for a function that is never called."""
    return lambda *arguments, **settings: lambda decorated: decorated


def _list_ends(outputs: Any) -> list[Tensor]:
    if isinstance(outputs, Tensor):
        return [outputs]
    if isinstance(outputs, Mapping):
        # Keras goes through mappings by their sorted keys.
        return [tensor for key in sorted(outputs) for tensor in _list_ends(outputs[key])]
    return [tensor for output in outputs for tensor in _list_ends(output)]


def _order(ends: Sequence[Tensor]) -> tuple[list[Layer], list[Tensor]]:
    """The layers as Keras's functional models have them, and their calls as these run.

    Those farther from the outputs come first. Among equals a walk back from the outputs says
    which layer it met first, and the calls come as those that they go to take them.
    """
    met = _walk_back(ends)
    # An input has no layer here: it stands for its own.
    owners = {tensor: tensor.layer or tensor for tensor in met}
    turns: dict[Layer | Tensor, int] = {}
    for tensor in _list_first(ends):
        turns.setdefault(owners[tensor], len(turns))
    steps: dict[Tensor, int] = {}
    depths: dict[Layer | Tensor, int] = {}
    for tensor in reversed(met):
        # A layer is as far away as its farthest call, and so are the calls found after that.
        owner = owners[tensor]
        depth = max(steps.setdefault(tensor, 0), depths.get(owner, 0))
        depths[owner] = steps[tensor] = depth
        for source in tensor.sources:
            steps[source] = max(depth + 1, steps.get(source, 0))
    ordered = sorted(depths, key=lambda owner: (-depths[owner], turns[owner]))
    # Sorting keeps the order in which the calls were found.
    calls = sorted(steps, key=lambda tensor: -steps[tensor])
    return [o for o in ordered if isinstance(o, Layer)], [t for t in calls if t.layer]


def _walk_back(ends: Sequence[Tensor]) -> list[Tensor]:
    """All that the ends are computed from, depth first: each behind what it is computed from."""
    found: dict[Tensor, None] = {}
    seen: set[Tensor] = set()
    for end in ends:
        waiting: list[tuple[Tensor, Iterator[Tensor]]] = []
        if end not in seen:
            seen.add(end)
            waiting.append((end, iter(end.sources)))
        while waiting:
            tensor, sources = waiting[-1]
            source = next((source for source in sources if source not in seen), None)
            if source is None:
                found[tensor] = None
                waiting.pop()
            else:
                seen.add(source)
                waiting.append((source, iter(source.sources)))
    return list(found)


def _list_first(ends: Sequence[Tensor]) -> Iterator[Tensor]:
    """The same, each before what it is computed from."""
    seen: set[Tensor] = set()
    waiting = list(reversed(ends))
    while waiting:
        tensor = waiting.pop()
        if tensor not in seen:
            seen.add(tensor)
            yield tensor
            waiting += reversed(tensor.sources)
