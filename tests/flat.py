"""A network run op by op from the flat graph, beside the generated module that must equal it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cnnspec.backends.torch.emit import compile_torch
from cnnspec.graph.ir import Graph
from cnnspec.naming import class_name, state_path
from cnnspec.weights.draw import draw_weights
from tests.frameworks import torch
from tests.reference_ops import evaluate_graph

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 2


# All networks of tests/networks.py, which many tests look at.
@lru_cache(maxsize=256)
def compile_source(graph: Graph) -> str:
    """The generated PyTorch source."""
    (source,) = compile_torch(graph, "cnnspec compile").files.values()
    return source.decode()


def run_source(source: str, name: str = "generated") -> ModuleType:
    """The source as a module."""
    module = ModuleType(name)
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)
    return module


def make_model(graph: Graph, **arguments: Any) -> Any:
    """The generated model, in evaluation mode."""
    module = run_source(compile_source(graph))
    return getattr(module, class_name(graph.spec.name))(**arguments).eval()


def draw_arrays(graph: Graph, dtype: torch.dtype, seed: int = 0) -> dict[str, Tensor]:
    """Every array of a network by its full name; statistics are drawn too."""
    drawn = draw_weights(graph, seed)
    return {name: torch.from_numpy(array.copy()).to(dtype) for name, array in drawn.items()}


def draw_inputs(graph: Graph, dtype: torch.dtype, batch: int = BATCH) -> list[Tensor]:
    """A batch for every input."""
    source = torch.Generator().manual_seed(1)
    return [
        torch.randn(batch, *value.known.dims, generator=source, dtype=torch.float64).to(dtype)
        for value in graph.inputs
    ]


def rename_weight(name: str) -> str:
    """The name of an array in the generated module."""
    return state_path(name)


def list_module_weights(model: Any) -> dict[str, tuple[int, ...]]:
    """The shapes of a module's arrays; its counters of batches are no other framework's."""
    return {
        name: tuple(tensor.shape)
        for name, tensor in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


def list_graph_weights(graph: Graph) -> dict[str, tuple[int, ...]]:
    """The shapes of a network's arrays, by their names in the generated module."""
    return {rename_weight(name): weight.shape for name, weight in graph.list_weights()}


def load_arrays(model: Any, arrays: Mapping[str, Tensor]) -> Any:
    """The model with these arrays, in their precision; every name must fit."""
    dtype = next(iter(arrays.values())).dtype if arrays else torch.float64
    model = model.to(dtype)
    counters = {k: v for k, v in model.state_dict().items() if k.endswith("num_batches_tracked")}
    named = {rename_weight(name): array for name, array in arrays.items()}
    model.load_state_dict({**named, **counters}, strict=True)
    return model


def run_flat(
    graph: Graph, inputs: list[Tensor], arrays: Mapping[str, Tensor], *, training: bool = False
) -> Tensor:
    """The network's output from its flat graph; several in one, as `join_outputs` gives them."""
    names = {value.name: tensor for value, tensor in zip(graph.inputs, inputs, strict=True)}
    outputs = evaluate_graph(graph, names, arrays, training=training)
    return join_outputs(outputs["output"] if graph.is_plain else outputs)


def join_outputs(result: Tensor | Mapping[str, Tensor]) -> Tensor:
    """What a model gives as one tensor: outputs with names side by side, sorted by these."""
    if isinstance(result, torch.Tensor):
        return result
    return torch.cat([output.flatten(1) for _, output in sorted(result.items())], 1)


def call(model: Any, inputs: list[Tensor]) -> Tensor:
    """What a model makes of some inputs as one tensor."""
    return join_outputs(model(*inputs))


def measure_gap(found: Tensor, wanted: Tensor) -> float:
    """The largest difference, relative to the largest wanted value."""
    gap = (found.double() - wanted.double()).abs().max().item()
    return gap / max(wanted.double().abs().max().item(), 1e-30)
