"""Random specs: the generated class of every block equals the flat graph for every use."""

from __future__ import annotations

import pytest

pytest.importorskip("numpy")

from cnnspec.backends.keras.emit import compile_keras
from cnnspec.diagnostics import SpecError
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.spec.read import read_spec
from tests.flat import (
    draw_arrays,
    draw_inputs,
    list_graph_weights,
    list_module_weights,
    load_arrays,
    make_model,
    measure_gap,
    run_flat,
)
from tests.frameworks import torch
from tests.random_specs import write_random_spec

pytestmark = pytest.mark.torch

SEEDS = range(120)


def check_module(graph: Graph) -> None:
    """Names, shapes and numbers of the generated module."""
    arrays, inputs = draw_arrays(graph, torch.float64), draw_inputs(graph, torch.float64)
    model = make_model(graph)
    assert list_module_weights(model) == list_graph_weights(graph)
    output = load_arrays(model, arrays)(*inputs)
    assert tuple(output.shape[1:]) == graph.outputs["output"].known.dims
    assert measure_gap(output, run_flat(graph, inputs, arrays)) <= 1e-10
    # Raises where something was written over that the backward pass reads.
    output.sum().backward()


def check_keras_source(graph: Graph) -> None:
    """The Keras source is Python; that it computes the same is verified where Keras is.

    Keras leaves out layers whose result nothing uses, so such a network is refused.
    """
    outputs = set(graph.outputs.values())
    if any(not node.output.readers and node.output not in outputs for node in graph.nodes):
        with pytest.raises(SpecError, match="nothing uses its result"):
            compile_keras(graph, "cnnspec compile")
        return
    (source,) = compile_keras(graph, "cnnspec compile").files.values()
    compile(source, "random_keras.py", "exec")


@pytest.mark.parametrize("seed", SEEDS)
def test_random_spec(seed: int) -> None:
    text = write_random_spec(seed)
    try:
        graph = build_graph(read_spec(text, f"seed{seed}.yaml"))
        check_module(graph)
        check_keras_source(graph)
    except Exception as error:
        pytest.fail(f"seed {seed}: {type(error).__name__}: {error}\n{text}")
