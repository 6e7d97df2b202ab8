"""Runs generated PyTorch source, in single precision or, as the reference, in double."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from cnnspec.backends.torch.emit import compile_torch
from cnnspec.graph.ir import Graph
from cnnspec.naming import class_name, state_path
from cnnspec.verify.measure import Array, Measured, Task, import_source, is_missing, name_outputs

REFERENCE = "torch float64"


def run_torch(task: Task, target: str = "torch") -> Measured:
    """Measure the generated module; the target ``torch float64`` is the reference."""
    if is_missing("torch"):
        return Measured(target, missing="torch is not installed: pip install 'cnnspec[torch]'")
    import torch

    with import_source(_write_source(task.graph), "torch") as module:
        model = getattr(module, class_name(task.graph.spec.name))()
        dtype = torch.float64 if target == REFERENCE else torch.float32
        return _measure(task, target, model.to(dtype), dtype)


@lru_cache(maxsize=1)
def _write_source(graph: Graph) -> bytes:
    """The generated module, which the reference needs again."""
    (source,) = compile_torch(graph, "cnnspec verify").files.values()
    return source


def _measure(task: Task, target: str, model: Any, dtype: Any) -> Measured:
    import torch

    found = Measured(target, torch.__version__.partition("+")[0])
    names = {state_path(name): name for name in task.weights}
    load_state(model, {short: task.weights[full] for short, full in names.items()}, dtype)
    found.parameters = sum(parameter.numel() for parameter in model.parameters())
    inputs = [[torch.from_numpy(array).to(dtype) for array in batch] for batch in task.batches]
    model.eval()
    with torch.no_grad():
        found.outputs = tuple(_read_outputs(model(*batch)) for batch in inputs)
        if task.trace:
            paths = {state_path(node.path): node.path for node in task.graph.nodes}
            traced = _trace(model, inputs[0])
            found.layers = {paths[name]: array for name, array in traced.items() if name in paths}
    if task.train:
        # In single precision a ReLU's input near zero falls on either side of it, and the
        # gradients of a deep net part by percents; double precision shows what the code says.
        double = torch.float64
        load_state(
            model.to(double), {short: task.weights[full] for short, full in names.items()}, double
        )
        silence_dropout(model)
        model.train()
        _keep_variances(model, names, found)
        results = name_outputs(model(*(tensor.to(double) for tensor in inputs[-1])))
        probes = {name: torch.from_numpy(probe).to(double) for name, probe in task.probes.items()}
        losses = [(results[name] * probe).sum() for name, probe in probes.items()]
        loss: Any = torch.stack(losses).sum()
        # Without weights there is nothing to find a gradient of.
        if loss.requires_grad:
            loss.backward()
        found.trained = _read_outputs(results)
        found.gradients = {
            names[name]: _numpy(parameter.grad)
            for name, parameter in model.named_parameters()
            if parameter.grad is not None
        }
        found.statistics = {
            names[name]: _numpy(buffer) for name, buffer in model.named_buffers() if name in names
        }
    return found


def _read_outputs(result: Any) -> dict[str, Array]:
    return {name: _numpy(tensor) for name, tensor in name_outputs(result).items()}


def load_state(model: Any, arrays: dict[str, Array], dtype: Any) -> None:
    """Load weights by name: every name must be there, and no other."""
    import torch

    state = {name: torch.from_numpy(np.array(array)).to(dtype) for name, array in arrays.items()}
    # PyTorch counts batches beside the statistics, which no other framework does.
    counters = {
        name: value
        for name, value in model.state_dict().items()
        if name.endswith("num_batches_tracked")
    }
    model.load_state_dict({**state, **counters}, strict=True)


def silence_dropout(model: Any) -> None:
    """Set every dropout's probability to 0: frameworks draw from different generators."""
    from torch.nn import MultiheadAttention
    from torch.nn.modules.dropout import _DropoutNd

    for module in model.modules():
        if isinstance(module, _DropoutNd):
            module.p = 0.0
        elif isinstance(module, MultiheadAttention):
            module.dropout = 0.0


def _keep_variances(model: Any, names: dict[str, str], found: Measured) -> None:
    """Note every running variance after each call of its module."""
    for path, module in model.named_modules():
        name = names.get(f"{path}.running_var")
        if name is not None:

            def keep(module: Any, _inputs: Any, _output: Any, name: str = name) -> None:
                found.variances.setdefault(name, []).append(_numpy(module.running_var))

            module.register_forward_hook(keep)


def _trace(model: Any, inputs: list[Any]) -> dict[str, Array]:
    """The outputs of all modules by path; steps that are function calls have none."""
    layers: dict[str, Array] = {}
    handles = []
    for path, module in model.named_modules():
        if path:

            def keep(_module: Any, _inputs: Any, output: Any, path: str = path) -> None:
                # Attention gives its shares too.
                output = output[0] if isinstance(output, tuple) else output
                layers.setdefault(path, _numpy(output))

            handles.append(module.register_forward_hook(keep))
    model(*inputs)
    for handle in handles:
        handle.remove()
    return layers


def _numpy(tensor: Any) -> Array:
    array: Array = tensor.detach().cpu().numpy().copy()
    return array
