"""Runs generated Keras source on one of Keras's backends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.keras.names import AFTER
from cnnspec.backends.keras.outputs import TRAINING
from cnnspec.backends.keras.paths import name_layer
from cnnspec.backends.keras.weights import KERAS_WEIGHTS, layer_weights
from cnnspec.graph.ir import Node, Value
from cnnspec.graph.trained import drop_training
from cnnspec.naming import module_name, variable_name
from cnnspec.ops.attention import Attention
from cnnspec.ops.norm import BatchNorm, LayerNorm
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.records import dataclass
from cnnspec.verify.double_kernels import compute_in_double
from cnnspec.verify.keras_step import compute_gradients
from cnnspec.verify.measure import (
    Array,
    Measured,
    Task,
    import_source,
    is_missing,
    name_outputs,
)
from cnnspec.verify.settings import TENSORFLOW_SETTINGS

# What each backend of Keras needs, and what installs it.
FRAMEWORKS = {"tensorflow": "tensorflow", "torch": "torch", "jax": "jax"}
DEFAULT_BACKEND = "tensorflow"


@dataclass(frozen=True, slots=True)
class Job:
    """A task as another process can take it: the source, and the ops without their graph.

    `later` are the paths of the ops that a trained network lacks.
    """

    source: bytes
    makers: tuple[str, ...]
    nodes: tuple[Node, ...]
    inputs: tuple[Shape, ...]
    outputs: Mapping[str, Shape]
    has_training: bool
    later: frozenset[str]
    task: Task


def make_job(task: Task) -> Job:
    """The job of a task; what it holds of the graph is copied without its links."""
    (source,) = compile_keras(task.graph, "cnnspec verify").files.values()
    name = variable_name(module_name(task.graph.spec.name))
    nodes = tuple(
        Node(
            node.path, node.op, tuple(Value(shape) for shape in node.shapes), Value(node.shape),
            node.weights, None,  # type: ignore[arg-type]
        )
        for node in task.graph.nodes
        if node.shares is None
    )  # fmt: skip
    inputs = tuple(value.known for value in task.graph.inputs)
    graph = task.graph
    outputs = {output.name: output.value.known for output in graph.every_output}
    kept = {node.path for node in drop_training(graph).nodes}
    later = frozenset(node.path for node in graph.nodes) - kept
    bare = Task(None, task.weights, task.batches, task.probes, task.train, task.trace)  # type: ignore[arg-type]
    return Job(
        source, (f"{name}_model", name), nodes, inputs, outputs,
        bool(graph.training_outputs), later, bare,
    )  # fmt: skip


def choose_backend(target: str) -> str:
    """The backend of a target such as ``keras`` or ``keras:jax``."""
    return target.partition(":")[2] or os.environ.get("KERAS_BACKEND") or DEFAULT_BACKEND


def find_missing(target: str) -> str:
    """Why a target cannot run here, or nothing."""
    backend = choose_backend(target)
    if is_missing("keras"):
        return "keras is not installed: pip install 'cnnspec[keras]'"
    framework = FRAMEWORKS.get(backend)
    if framework is None:
        return f"keras has no backend '{backend}'; it has {', '.join(FRAMEWORKS)}"
    return f"{framework}, which keras runs on, is not installed" if is_missing(framework) else ""


def is_loaded_otherwise(target: str) -> bool:
    """Whether Keras runs on another backend in this process, which it cannot change."""
    keras = sys.modules.get("keras")
    return keras is not None and keras.backend.backend() != choose_backend(target)


def run_keras(task: Task, target: str = "keras") -> Measured:
    """Measure the generated model: in a process of its own, unless Keras is loaded here already.

    TensorFlow writes to the terminal while it loads, and Keras's backend is for life.
    """
    missing = find_missing(target)
    if missing:
        return Measured(target, missing=missing)
    job = make_job(task)
    if "keras" not in sys.modules or is_loaded_otherwise(target):
        from cnnspec.verify.worker import run_apart

        return run_apart(job, target, choose_backend(target))
    return measure(job, target)


def measure(job: Job, target: str) -> Measured:
    """Build the model and measure it, in this process."""
    backend = choose_backend(target)
    os.environ["KERAS_BACKEND"] = backend
    for variable, value in TENSORFLOW_SETTINGS.items():
        os.environ.setdefault(variable, value)
    import keras

    task = job.task
    with import_source(job.source, "keras") as module:
        make = next(getattr(module, name) for name in job.makers if hasattr(module, name))
        model = make()
        found = Measured(target, f"{keras.__version__} on {backend}")
        found.parameters = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
        if job.has_training:
            model = make(**{TRAINING: False})
        load_weights(model, job, job.later)
        inputs = [_inputs(job, batch) for batch in task.batches]
        found.outputs = tuple(read_outputs(job, model(x, training=False)) for x in inputs)
        if task.trace:
            found.layers = _trace(model, job, inputs[0])
        if task.train:
            found.precision = "float64" if is_double(backend, job.nodes) else "float32"
            try:
                _train(make, job, found, "float64")
            except RuntimeError as error:
                # PyTorch's convolutions in double precision want kernels laid out as it makes
                # them; Keras's are turned.
                if "must be contiguous" not in str(error):
                    raise
                found.precision = "float32"
                _train(make, job, found, "float32")
        keras.utils.clear_session()
    return found


def is_double(backend: str, nodes: Iterable[Node]) -> bool:
    """Whether Keras keeps to double precision.

    On PyTorch and JAX it computes its norms in single precision whatever the inputs have, and on
    JAX the softmax of attention.
    """
    rough = any(isinstance(node.op, BatchNorm | LayerNorm | Attention) for node in nodes)
    return backend == "tensorflow" or (backend == "jax" and not rough)


def load_weights(model: Any, job: Job, left_out: frozenset[str] = frozenset()) -> None:
    """Give every layer its weights, by the general rule of its op; some layers are left out."""
    layers = dict(list_layers(model))
    for node in job.nodes:
        if not node.weights or node.path in left_out:
            continue
        variables = layer_weights(layers[name_layer(node.path)])
        for weight in node.weights:
            placed = KERAS_WEIGHTS[type(node.op)][weight.name]
            parts = placed.part(job.task.weights[node.name_weight(weight)], node)
            for name, array in parts.items():
                variables.pop(name).assign(np.ascontiguousarray(array))  # type: ignore[attr-defined]
        if variables:
            raise ValueError(f"layer {node.path} has weights of its own: {sorted(variables)}")


def list_layers(model: Any) -> Iterator[tuple[str, Any]]:
    """The layers by name, those of models inside of the model too."""
    for layer in model.layers:
        yield layer.name, layer
        if hasattr(layer, "layers"):
            yield from list_layers(layer)


def read_outputs(job: Job, result: Any) -> dict[str, Array]:
    """A model's outputs by name, with the channels first."""
    import keras

    return {
        name: to_canonical(keras.ops.convert_to_numpy(value), job.outputs[name])
        for name, value in name_outputs(result).items()
    }


def to_canonical(array: Array, shape: Shape) -> Array:
    """A batch of maps with the channels first."""
    return np.moveaxis(array, -1, 1) if shape.kind is Kind.MAP else array


def _inputs(job: Job, batch: tuple[Array, ...]) -> Any:
    arrays = [_from_canonical(*pair) for pair in zip(batch, job.inputs, strict=True)]
    return arrays[0] if len(arrays) == 1 else arrays


def _from_canonical(array: Array, shape: Shape) -> Array:
    """A batch as Keras has it, maps with the channels last."""
    return np.ascontiguousarray(np.moveaxis(array, 1, -1)) if shape.kind is Kind.MAP else array


def find_last(layers: Mapping[str, Any], name: str) -> Any:
    """The last of the layers that an op became, or None; helping layers have the op's name too."""
    for suffix in AFTER:
        if f"{name}_{suffix}" in layers and name in layers:
            return layers[f"{name}_{suffix}"]
    return layers.get(name)


def _trace(model: Any, job: Job, inputs: Any) -> dict[str, Array]:
    """The outputs of all layers by path."""
    import keras

    # A layer that is called several times has no one output.
    layers = {layer.name: layer for layer in model.layers if len(layer._inbound_nodes) == 1}
    results_of = {node: find_last(layers, name_layer(node.path)) for node in job.nodes}
    nodes = [node for node, layer in results_of.items() if layer is not None]
    outputs = [layer.output for layer in results_of.values() if layer is not None]
    results = keras.Model(model.inputs, outputs)(
        inputs if isinstance(inputs, list) else [inputs], training=False
    )
    if len(nodes) == 1:
        results = [results] if not isinstance(results, list) else results
    return {
        node.path: to_canonical(keras.ops.convert_to_numpy(result), node.shape)
        for node, result in zip(nodes, results, strict=True)
    }


def _train(make: Any, job: Job, found: Measured, precision: str) -> None:
    """The gradients of a training step and the statistics after it, in double if that is possible.

    In single precision a ReLU's input near zero falls on either side of it, and the gradients
    of a deep net part by percents; double precision shows what the code says.
    """
    import keras

    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]
    _set_precision(precision)
    try:
        with compute_in_double(backend):
            model = make()
            load_weights(model, job)
            batch = tuple(array.astype(precision) for array in job.task.batches[-1])
            _step(model, job, _inputs(job, batch), found)
    finally:
        _set_precision("float32")


def _set_precision(name: str) -> None:
    import keras

    keras.config.set_floatx(name)
    # Keras remembers the policy that it derived from the first.
    keras.config.set_dtype_policy(name)


def _step(model: Any, job: Job, inputs: Any, found: Measured) -> None:
    """One training step of a model."""
    import keras

    layers = dict(list_layers(model))
    for layer in model._flatten_layers():
        if hasattr(layer, "rate"):
            layer.rate = 0.0
    probes = {
        name: _from_canonical(probe.astype(keras.config.floatx()), job.outputs[name])
        for name, probe in job.task.probes.items()
    }
    gradients, outputs = compute_gradients(model, inputs, probes)
    found.trained = {n: to_canonical(array, job.outputs[n]) for n, array in outputs.items()}
    by_variable = {id(v): g for v, g in zip(model.trainable_variables, gradients, strict=True)}
    for node in job.nodes:
        if not node.weights:
            continue
        variables = layer_weights(layers[name_layer(node.path)])
        for weight in node.weights:
            placed = KERAS_WEIGHTS[type(node.op)][weight.name]
            own = {key: variables[key] for key in placed.variables}
            name = node.name_weight(weight)
            if weight.trainable:
                gradients_of = {key: by_variable[id(variable)] for key, variable in own.items()}
                found.gradients[name] = placed.join(gradients_of, node)
            else:
                values = {key: keras.ops.convert_to_numpy(value) for key, value in own.items()}
                found.statistics[name] = placed.join(values, node)
