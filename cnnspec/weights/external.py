"""Weights that stay in their file while an ONNX model points at them."""

from __future__ import annotations

from pathlib import Path

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.graph.ir import Graph
from cnnspec.weights.formats import safetensors_file
from cnnspec.weights.formats.table import find_format
from cnnspec.weights.read import open_weights

_CONVERT = "cnnspec weights convert makes a safetensors file of float32 numbers from it"


def find_places(path: Path, graph: Graph) -> dict[str, tuple[int, int]]:
    """Where a network's arrays begin in a safetensors file, and how many bytes each has.

    No array is read.

    Raises:
        SpecError: the file is damaged (`invalid-weights`), it is of another format, or its arrays
            are not the network's (`missing-array`, `unknown-array`, `wrong-shape`, `wrong-dtype`).
    """
    if find_format(path) is not safetensors_file.FORMAT:
        raise _refuse(f"a model cannot point into '{path}': it is no safetensors file", _CONVERT)
    with open_weights(path, graph, types=frozenset({"F32"})) as weights:
        parts = {name: weights.locate(name) for name in weights.places}
    return {name: (part.offset, len(part)) for name, part in parts.items() if part is not None}


def name_from_model(weights: Path, model: Path) -> str:
    """The path to the weights that a model at this place must hold, parted by slashes.

    Raises:
        SpecError: no model at that place can point to the weights.
    """
    # Links are followed here, since runtimes refuse those that lead out of the folder.
    file, folder = weights.resolve(), model.resolve().parent
    if not file.is_relative_to(folder):
        raise _refuse(
            f"the weights lie in '{file.parent}', outside of the model's folder '{folder}', where "
            "ONNX Runtime does not look",
            f"write the model there, with -o '{file.parent / model.name}'",
            "or copy the weights beside the model",
        )
    name = file.relative_to(folder).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError:
        message = f"the path of the weights {name!r} is not UTF-8, as ONNX wants it"
        raise _refuse(message, "rename the file or its folder") from None
    return name


def _refuse(message: str, *advice: str) -> SpecError:
    return SpecError([Diagnostic("invalid-option", message, help=advice)])
