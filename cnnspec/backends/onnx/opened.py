"""Writes ops whose input has open sizes, and proves that what is written holds for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backends.base import CannotSayError
from cnnspec.backends.onnx.builder import BATCH, Builder, Place, declare
from cnnspec.graph.ir import Graph
from cnnspec.graph.variations import find_variations, list_dims


def write_for_all_sizes(place: Place, graph: Graph, write: Callable[[Place], str]) -> str:
    """Write one op; raises CannotSayError where other sizes would need other nodes.

    The op is written for each of the other sizes too: nodes, attributes and constants must come
    out the same. Axes that do not are declared by their formula, or as unknown.
    """
    builder, node = place.builder, place.node
    others = find_variations(graph).vary(node)
    nodes, constants = len(builder.nodes), len(builder.initialisers)
    scratches = [builder.branch() for _ in others]
    whole = replace(place, others=others)
    result = write(whole)
    written = [proto.SerializeToString(deterministic=True) for proto in builder.nodes[nodes:]]
    # Weights that are shared are there from their first use.
    count = len(builder.initialisers) - constants
    added = dict(islice(reversed(builder.initialisers.items()), count))
    for scratch, other in zip(scratches, others, strict=True):
        # The rest are still as many as make a difference.
        write(replace(whole, builder=scratch, node=other))
        again = [proto.SerializeToString(deterministic=True) for proto in scratch.nodes]
        more = {
            name
            for name in scratch.initialisers
            if name in added or name not in builder.initialisers
        }
        same = written == again and added.keys() == more
        if not same or any(
            not _is_same(array, scratch.initialisers[name]) for name, array in added.items()
        ):
            raise CannotSayError("what it needs depends on a size of the input that is open")
    _declare_open(builder, scratches)
    if result == place.result:
        builder.declarations[result] = declare(result, (BATCH, *list_dims(graph, node.output)))
    return result


def _is_same(array: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    """Whether two constants hold the same; of weights only the name stands here."""
    if array is None or other is None:
        return array is other
    return np.array_equal(array, other)


def _declare_open(builder: Builder, scratches: list[Builder]) -> None:
    """Leave open what is declared differently for other sizes."""
    for name in scratches[0].declarations if scratches else ():
        seen = [
            [d.dim_value or d.dim_param for d in b.declarations[name].type.tensor_type.shape.dim]
            for b in (builder, *scratches)
        ]
        dims = [sizes[0] if len(set(sizes)) == 1 else None for sizes in zip(*seen, strict=True)]
        kind = builder.declarations[name].type.tensor_type.elem_type
        builder.declarations[name] = declare(name, dims, kind)
