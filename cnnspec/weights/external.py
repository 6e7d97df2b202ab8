"""Weights that stay in their file while an ONNX model points at them."""

from __future__ import annotations

from pathlib import Path

from cnnspec.diagnostics import Diagnostic, SpecError


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
