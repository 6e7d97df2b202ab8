"""Runs a generated ONNX model in ONNX Runtime, with its optimiser on and off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnnspec.leftovers import temporary_folder
from cnnspec.verify.measure import Array, Measured, Task, is_missing


def run_onnx(task: Task, target: str = "onnx") -> Measured:
    """Measure the model file; the target ``onnx:unoptimised`` switches the optimiser off."""
    for module in ("onnx", "onnxruntime"):
        if is_missing(module):
            message = f"{module} is not installed: pip install 'cnnspec[onnx]'"
            return Measured(target, missing=message)
    import onnxruntime

    from cnnspec.backends.content import read_pieces
    from cnnspec.backends.onnx.emit import compile_onnx

    compiled = compile_onnx(task.graph, task.weights, file_name="model.onnx")
    found = Measured(target, onnxruntime.__version__)
    with temporary_folder() as folder:
        for name, pieces in compiled.contents.items():
            with (folder / name).open("wb") as file:
                file.writelines(read_pieces(pieces))
        path = folder / "model.onnx"
        found.parameters = _count_parameters(path, task)
        session = _open(path, optimise="unoptimised" not in target)
        names = [value.name for value in task.graph.inputs]
        outputs = list(task.graph.outputs)
        feeds = [dict(zip(names, batch, strict=True)) for batch in task.batches]
        found.outputs = tuple(
            dict(zip(outputs, session.run(outputs, feed), strict=True)) for feed in feeds
        )
        del session
        if task.trace:
            found.layers = _trace(path, task, names)
    return found


def _open(path: Path, *, optimise: bool) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimise else levels.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _count_parameters(path: Path, task: Task) -> int:
    """The elements of the initialisers that are trainable weights."""
    import math

    import onnx

    model = onnx.load(str(path), load_external_data=False)
    trainable = {name for name, weight in task.graph.list_weights() if weight.trainable}
    return sum(math.prod(t.dims) for t in model.graph.initializer if t.name in trainable)


def _trace(path: Path, task: Task, names: list[str]) -> dict[str, Array]:
    """The outputs of all ops by path, from a copy of the model that gives them out."""
    import onnx

    model = onnx.load(str(path))
    known = {info.name: info for info in model.graph.value_info}
    paths = {node.path.replace(".", "/"): node.path for node in task.graph.nodes}
    shown = [name for name in paths if name in known]
    if not shown:
        # Asked for no outputs, ONNX Runtime gives all.
        return {}
    model.graph.output.extend(known[name] for name in shown)
    traced = path.with_name("traced.onnx")
    onnx.save(model, str(traced))
    session = _open(traced, optimise=False)
    results = session.run(shown, dict(zip(names, task.batches[0], strict=True)))
    return {paths[name]: result for name, result in zip(shown, results, strict=True)}
