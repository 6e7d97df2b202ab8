"""Lists in generated code are tuples wherever they come from: they can be joined and compared."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cnnspec.backends.base import Compiled
from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.torch.emit import compile_torch
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.spec.read import read_spec

SPEC = """
cnnspec: 1
name: lists
input: {channels: 3, height: 8, width: 8}
blocks:
  spread:
    params: [widths, last]
    layers:
      - for: {width: "$(widths + [last])"}
        layers: [conv: {out_channels: $width, kernel_size: 1}, relu]
      - tanh:
        when: $(widths == [2, 3])
  twice:
    params: [first, last]
    layers:
      - spread: {widths: "$([first, first + 1])", last: $last}
      - spread: {widths: "$(range(first, last))", last: $first}
      - spread: {widths: "$([k + 1 for k in range(first)])", last: $last}
layers:
  - twice: {first: 2, last: 4}
  - twice: {first: 3, last: 5}
  - spread: {widths: [2, 3], last: 4}
"""


@pytest.mark.parametrize("compile_it", [compile_torch, compile_keras])
def test_lists_that_are_computed_are_of_the_kind_of_those_that_are_given(
    compile_it: Callable[[Graph, str], Compiled],
) -> None:
    (data,) = compile_it(build_graph(read_spec(SPEC, "lists.yaml")), "").files.values()
    text = data.decode()
    for part in (
        "widths: tuple[int, ...]",
        "widths + (last,)",
        "if widths == (2, 3):",
        "(first, first + 1)",
        "tuple(range(first, last))",
        "tuple(k + 1 for k in range(first))",
        "(2, 3)",
    ):
        assert part in text
