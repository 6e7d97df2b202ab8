"""Weights in a file: safetensors, with PyTorch's names and layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.graph.ir import Graph
from cnnspec.naming import nearest
from cnnspec.ops.norm import BatchNorm
from cnnspec.weights.header import Entry, read_header

# Looking for near names is slow, and nobody reads hundreds of hints.
_MOST_HINTS = 20


def load_weights(path: Path, graph: Graph) -> dict[str, NDArray[np.float32]]:
    """Read a network's arrays from a safetensors file, in the order of the graph.

    They are views of the file, whose pages the system reads where they are first used.

    Raises:
        SpecError: the file is damaged, or its arrays are not the network's.
        OSError: the file cannot be read.
    """
    entries = find_weights(path, graph)
    with path.open("rb") as file:
        data = mmap(file.fileno(), 0, access=ACCESS_READ)
    return {
        name: np.frombuffer(data, "<f4", prod(entry.shape), entry.start).reshape(entry.shape)
        for name, entry in entries.items()
    }


def find_weights(path: Path, graph: Graph) -> dict[str, Entry]:
    """Find a network's arrays in a safetensors file, in the order of the graph, and read none.

    The counters that PyTorch keeps with each batch_norm (``num_batches_tracked``) are skipped:
    nothing is computed from them.

    Raises:
        SpecError: the file is damaged (`invalid-weights`), or its arrays are not the
            network's (`missing-array`, `unknown-array`, `wrong-shape`, `wrong-dtype`).
        OSError: the file cannot be read.
    """
    found = read_header(path)
    for node in graph.nodes:
        if isinstance(node.op, BatchNorm):
            found.pop(f"{node.path}.num_batches_tracked", None)
    faults = list(_compare(graph, found))
    if faults:
        raise SpecError(faults)
    return {name: found[name] for name, _ in graph.list_weights()}


def _compare(graph: Graph, found: Mapping[str, Entry]) -> Iterator[Diagnostic]:
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
        shape, kind = found[name].shape, found[name].dtype
        if shape != weight.shape:
            message = f"{name} must be {_join(weight.shape)}, but the weights have {_join(shape)}"
            yield Diagnostic("wrong-shape", message)
        if kind != "F32":
            message = f"{name} must be F32 (float32), but the weights have {kind}"
            yield Diagnostic("wrong-dtype", message, help=("convert the arrays to float32",))


def _join(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if shape else "a single number"
