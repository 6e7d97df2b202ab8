"""Parts that have no step left hand on a value of the list around them, and compute the same."""

from __future__ import annotations

import pytest

pytest.importorskip("numpy")

from cnnspec.graph.build import build_graph
from cnnspec.spec.read import read_spec
from tests.flat import draw_arrays, draw_inputs, load_arrays, make_model, measure_gap, run_flat
from tests.frameworks import torch

pytestmark = pytest.mark.torch

SPEC = """
cnnspec: 1
name: net
inputs:
  image: {channels: 4, height: 8, width: 8}
  regions: {channels: 4, height: 8, width: 8}
params: {deep: false}
blocks:
  tower: {params: [n], layers: [{conv: {out_channels: 4, kernel_size: 1}, repeat: $n}]}
layers:
  start: {tower: 1, from: image}
  heads:
    - {EMPTY, from: regions, name: two}
    - {conv: {out_channels: 4, kernel_size: 1}}
    - add: [NAMES]
  out: {add: [start, _]}
"""
EMPTY = (
    "tower: 0",
    "layers: [{relu: , when: $deep}]",
    "residual: {body: [{relu: , when: $deep}], shortcut_when: false}",
)


@pytest.mark.parametrize("empty", EMPTY)
@pytest.mark.parametrize("names", ["two, _", "regions, _", "two, regions, _", "_, _"])
def test_a_part_takes_what_an_empty_step_in_it_takes(empty: str, names: str) -> None:
    text = SPEC.replace("EMPTY", empty).replace("NAMES", names)
    graph = build_graph(read_spec(text, "net.yaml"))
    arrays, inputs = draw_arrays(graph, torch.float64), draw_inputs(graph, torch.float64)
    output = load_arrays(make_model(graph), arrays)(*inputs)
    assert measure_gap(output, run_flat(graph, inputs, arrays)) <= 1e-12
