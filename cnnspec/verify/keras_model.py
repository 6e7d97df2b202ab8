"""Saves the generated Keras model with weights, in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from cnnspec.backends.keras.emit import compile_keras
from cnnspec.graph.ir import Graph
from cnnspec.leftovers import end_with_parent, run_child
from cnnspec.naming import module_name, variable_name
from cnnspec.resources import name_process
from cnnspec.verify.measure import describe_error, import_source
from cnnspec.verify.on_keras import choose_backend, find_missing
from cnnspec.verify.settings import TENSORFLOW_SETTINGS


def save_keras(graph: Graph, weights: Path, model: Path) -> str:
    """Write a ``.keras`` file with the weights of a ``.weights.h5`` file.

    Returns:
        Why that failed, or nothing.
    """
    missing = find_missing("keras")
    if missing:
        return missing
    (source,) = compile_keras(graph, "cnnspec weights convert").files.values()
    name = variable_name(module_name(graph.spec.name))
    text = model.with_suffix(".py")
    text.write_bytes(source)
    module, environment = name_process(__name__)
    settings = {**TENSORFLOW_SETTINGS, **environment, "KERAS_BACKEND": choose_backend("keras")}
    command = [*module, str(text), name, str(weights), str(model)]
    done = run_child(command, model.parent, settings)
    if done.returncode == 0:
        return ""
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"


def _save(source: str, name: str, weights: str, path: str) -> None:
    with import_source(Path(source).read_bytes(), "keras") as module:
        make = getattr(module, f"{name}_model", None) or getattr(module, name)
        model = make()
        model.load_weights(weights)
        model.save(path)


if __name__ == "__main__":
    end_with_parent()
    try:
        _save(*sys.argv[1:])
    except Exception as error:
        sys.exit(describe_error(error))
