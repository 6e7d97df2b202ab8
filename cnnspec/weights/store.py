"""Weights in a file: safetensors, with PyTorch's names and layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.graph.ir import Graph
from cnnspec.naming import nearest
from cnnspec.ops.norm import BatchNorm

# Looking for near names is slow, and nobody reads hundreds of hints.
_MOST_HINTS = 20


def load_weights(data: bytes, graph: Graph) -> dict[str, NDArray[np.float32]]:
    """Read a network's arrays from a safetensors file, in the order of the graph.

    The counters that PyTorch keeps with each batch_norm (``num_batches_tracked``) are skipped:
    nothing is computed from them.

    Raises:
        SpecError: the file is damaged (`invalid-weights`), or its arrays are not the
            network's (`missing-array`, `unknown-array`, `wrong-shape`, `wrong-dtype`).
    """
    try:
        found = dict(safetensors.deserialize(data))  # type: ignore[no-untyped-call]
    except safetensors.SafetensorError as error:
        raise SpecError(
            [
                Diagnostic(
                    "invalid-weights",
                    f"the weights are not a sound safetensors file: {error}",
                    help=("write the file again, or download it again",),
                )
            ]
        ) from error
    for node in graph.nodes:
        if isinstance(node.op, BatchNorm):
            found.pop(f"{node.path}.num_batches_tracked", None)
    faults = list(_compare(graph, found))
    if faults:
        raise SpecError(faults)
    return {
        name: np.frombuffer(found[name]["data"], "<f4").reshape(weight.shape)
        for name, weight in graph.list_weights()
    }


def _compare(graph: Graph, found: Mapping[str, Mapping[str, Any]]) -> Iterator[Diagnostic]:
    """All differences between the arrays of a network and those of a file."""
    wanted = dict(graph.list_weights())
    missing = [name for name in wanted if name not in found]
    unknown = [name for name in found if name not in wanted]
    for index, name in enumerate(missing):
        message = f"the weights lack {name} ({_join(wanted[name].shape)})"
        hint = nearest(name, unknown) if index < _MOST_HINTS else None
        advice = f"the file has {hint}: rename it if that is the same array"
        yield Diagnostic("missing-array", message, help=(advice,) if hint else ())
    for index, name in enumerate(unknown):
        message = f"the network has no {name}, which the weights have"
        hint = nearest(name, missing or wanted) if index < _MOST_HINTS else None
        yield Diagnostic("unknown-array", message, help=(f"did you mean {hint}?",) if hint else ())
    for name, weight in wanted.items():
        if name not in found:
            continue
        shape, kind = tuple(found[name]["shape"]), found[name]["dtype"]
        if shape != weight.shape:
            message = f"{name} must be {_join(weight.shape)}, but the weights have {_join(shape)}"
            yield Diagnostic("wrong-shape", message)
        if kind != "F32":
            message = f"{name} must be F32 (float32), but the weights have {kind}"
            yield Diagnostic("wrong-dtype", message, help=("convert the arrays to float32",))


def _join(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if shape else "a single number"
