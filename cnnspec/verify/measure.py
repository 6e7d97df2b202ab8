"""What is asked of each backend, and what it answers; all arrays in PyTorch's layout."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.graph.ir import Graph
from cnnspec.graph.variations import list_other_inputs
from cnnspec.leftovers import temporary_folder
from cnnspec.records import dataclass

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One network with its weights and inputs.

    `batches` are inputs of different batch sizes, each with an array for every input of the
    network; `probes` are what the outputs, by name, are multiplied with to get a loss, for the last
    batch.
    """

    graph: Graph
    weights: Mapping[str, Array]
    batches: tuple[tuple[Array, ...], ...]
    probes: Mapping[str, Array]
    train: bool = False
    trace: bool = False


@dataclass(slots=True)
class Measured:
    """What one backend computed.

    `outputs` has an array for each output of each batch, by name; `trained` has those of one
    training step on the last batch, with the outputs for training; `gradients` and `statistics` are
    by the weights' full names, after that step, and `variances` what a running variance was after
    each use of it; `layers` are the outputs of layers by path
    for the first batch. `precision` is that of the training step. `error` says why nothing could be
    measured.
    """

    target: str
    version: str = ""
    outputs: tuple[dict[str, Array], ...] = ()
    trained: dict[str, Array] = field(default_factory=dict)
    parameters: int = 0
    gradients: dict[str, Array] = field(default_factory=dict)
    statistics: dict[str, Array] = field(default_factory=dict)
    variances: dict[str, list[Array]] = field(default_factory=dict)
    layers: dict[str, Array] = field(default_factory=dict)
    precision: str = "float64"
    missing: str = ""
    error: str = ""

    @property
    def last_batch(self) -> int:
        """How many samples the last batch has."""
        return len(next(iter(self.outputs[-1].values())))


Runner = Callable[[Task, str], Measured]


def draw_task(graph: Graph, seed: int, *, train: bool = False, trace: bool = False) -> Task:
    """Weights and inputs from a seed; the statistics of norms are drawn too, never 0 and 1."""
    from cnnspec.weights.draw import draw_weights

    source = np.random.Generator(np.random.PCG64(seed))

    def draw(*shape: int) -> Array:
        return source.standard_normal(shape).astype(np.float32)

    nominal = tuple(value.known for value in graph.inputs)
    # The first and the last batch have the sizes that layers are compared and trained with.
    samples = [(1, nominal), *((2, shapes) for shapes in list_other_inputs(graph)), (3, nominal)]
    batches = tuple(
        tuple(draw(count, *shape.dims) for shape in shapes) for count, shapes in samples
    )
    probes = {output.name: draw(3, *output.value.known.dims) for output in graph.every_output}
    return Task(graph, draw_weights(graph, seed), batches, probes, train, trace)


def name_outputs(result: Any) -> dict[str, Any]:
    """What a generated model gives by name: a lone output comes without one."""
    return result if isinstance(result, dict) else {"output": result}


@contextmanager
def import_source(text: bytes, name: str) -> Iterator[ModuleType]:
    """Import generated source under a name that no other module has, from a folder of its own."""
    unique = f"_cnnspec_generated_{name}"
    with temporary_folder() as folder:
        path = folder / f"{unique}.py"
        path.write_bytes(text)
        spec = importlib.util.spec_from_file_location(unique, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} cannot be imported")
        module = importlib.util.module_from_spec(spec)
        sys.modules[unique] = module
        try:
            spec.loader.exec_module(module)
            yield module
        finally:
            sys.modules.pop(unique, None)


def is_missing(module: str) -> bool:
    """Whether a framework is not installed."""
    return importlib.util.find_spec(module) is None


def describe_error(error: Exception) -> str:
    """An exception on one line, cut where it is endless."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}"[:400]
