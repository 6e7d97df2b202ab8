"""Which of a model's parameters its generated constructor takes."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import pytest

from cnnspec.backends.exposed import write_exposed
from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.torch.emit import Source, compile_torch, write_source
from cnnspec.expressions import Value
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.spec.read import read_spec

HEAD = """\
cnnspec: 1
name: net
input: {channels: 4, height: 16, width: 16}
"""


def list_arguments(text: str, target: str = "torch") -> list[str]:
    """The arguments of the model's constructor or function."""
    compiler = {"torch": compile_torch, "keras": compile_keras}[target]
    graph = build_graph(read_spec(HEAD + text, "net.yaml"))
    (source,) = compiler(graph, "cnnspec compile").files.values()
    makers = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    name = "__init__" if target == "torch" else "net"
    maker = [node for node in makers if node.name == name][-1]
    return [argument.arg for argument in maker.args.args if argument.arg != "self"]


FIELDS = """
params: {%s}
layers:
  - conv: {out_channels: 32, kernel_size: 1}
  - conv: {out_channels: 32, kernel_size: 3, padding: 1, %s}
  - relu
  - flatten
  - linear: 10
"""


@pytest.mark.parametrize("target", ["torch", "keras"])
@pytest.mark.parametrize(
    ("parameter", "field"),
    [
        ("split: 2", "groups: $split"),
        ("split: 4", "groups: $split"),
        ("with_bias: true", "bias: $with_bias"),
        ("with_bias: false", "bias: $with_bias"),
    ],
)
def test_parameter_that_reaches_only_a_field_is_an_argument(
    parameter: str, field: str, target: str
) -> None:
    assert list_arguments(FIELDS % (parameter, field), target) == [parameter.partition(":")[0]]


@pytest.mark.parametrize(
    ("parameter", "field"),
    # Other values change the size of the map, and so a number in the code.
    [("step: 2", "stride: $step"), ("spread: 1", "dilation: $spread")],
)
def test_parameter_that_shapes_the_code_is_no_argument(parameter: str, field: str) -> None:
    assert list_arguments(FIELDS % (parameter, field)) == []


def test_parameter_that_one_valid_value_refutes_is_no_argument() -> None:
    """Eight more keep the map's size here, but half do not."""
    text = """
params: {size: 16}
layers:
  - adaptive_avg_pool: $(4 if size >= 16 else 2)
  - conv: {out_channels: $size, kernel_size: 1}
  - flatten
  - linear: 10
"""
    assert list_arguments(text) == []


def test_parameter_is_no_argument_where_another_that_its_code_needs_is_none() -> None:
    text = """
params: {width: 8, times: 2}
layers:
  - conv: {out_channels: $(width * times), kernel_size: 1}
  - max_pool: $times
  - flatten
  - linear: $width
"""
    assert list_arguments(text) == []


LAST = """
params: {classes: 10}
layers:
  - flatten
  - %s
"""


def count_written(text: str) -> int:
    """How often a network is written until it is known what its constructor takes."""
    written: list[Graph] = []

    def write(graph: Graph, exposed: Mapping[str, Value]) -> Source:
        written.append(graph)
        return write_source(graph, exposed)

    write_exposed(build_graph(read_spec(HEAD + text, "net.yaml")), write)
    return len(written)


def test_size_of_a_last_layer_is_an_argument_without_another_try() -> None:
    assert count_written(LAST % "linear: $classes") == 1
    assert list_arguments(LAST % "linear: $classes") == ["classes"]


def test_parameter_that_nothing_uses_is_not_tried() -> None:
    assert count_written("params: {nothing: 4}\nlayers: [relu]\n") == 1


WIDE = """
params: {left: 8, right: 8, classes: 10}
layers:
  - conv: {out_channels: $left, kernel_size: 1}
  - conv: {out_channels: $right, kernel_size: 1}
  - flatten
  - linear: $classes
"""


def write_wide(monkeypatch: pytest.MonkeyPatch, most: int) -> tuple[list[str], tuple[str, ...]]:
    """What the constructor takes, and what is said, where so many ops may be written."""
    monkeypatch.setattr("cnnspec.backends.exposed.MAX_TRIED", most)
    graph = build_graph(read_spec(f"{HEAD}{WIDE}", "net.yaml"))
    return list_arguments(WIDE), compile_torch(graph, "cnnspec compile").notes


def test_what_would_take_too_long_to_try_is_fixed_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    once = 4 + 50  # ops, and what a network costs before them
    assert write_wide(monkeypatch, 7 * once) == (["left", "right", "classes"], ())
    names, (note,) = write_wide(monkeypatch, 6 * once)
    assert names == ["left", "classes"]
    assert note.startswith("values of right are fixed in the code")
    names, (note,) = write_wide(monkeypatch, 0)
    assert names == ["classes"]
    assert note.startswith("values of left, right are fixed in the code")


REFUTED = """
params: {times: 2, width: 8}
layers:
  - conv: {out_channels: $width, kernel_size: 1}
  - max_pool: $times
  - flatten
  - linear: 10
"""


def test_trying_again_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list_arguments(REFUTED) == ["width"]
    # Enough for all values once, and not for those of `width` again without `times`.
    monkeypatch.setattr("cnnspec.backends.exposed.MAX_TRIED", 7 * (4 + 50))
    assert list_arguments(REFUTED) == []


@pytest.mark.parametrize(
    "step",
    [
        "linear: $(classes * 2)",
        "linear: $classes\n  - relu",
        "linear: {out_features: 8, bias: $(classes > 9)}",
        "linear: {out_features: $classes, bias: $(classes > 9)}",
    ],
)
def test_anything_else_is_tried_with_other_values(step: str) -> None:
    assert count_written(LAST % step) > 1
