"""Named outputs: which values a network gives, and what is there in training only."""

from __future__ import annotations

from typing import Any

import pytest

from cnnspec.diagnostics import SpecError
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.graph.serving import count_macs, find_training_only
from cnnspec.graph.trained import drop_training
from cnnspec.lint.engine import find_problems
from cnnspec.report.summary import summarize
from cnnspec.spec.read import read_spec
from tests.networks import SPECS

HEAD = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 8, width: 8}\n"
CHAIN = "layers:\n  - conv: {out_channels: 4, kernel_size: 3}\n  - relu\n  - conv: 2\n"
LAYERS = """
layers:
  stem: {conv: {out_channels: 4, kernel_size: 3}}
  head: {conv: {out_channels: 5, kernel_size: 1}}
  aux: {conv: {out_channels: 6, kernel_size: 1}, from: stem}
"""


def build(text: str, **params: Any) -> Graph:
    return build_graph(read_spec(HEAD + text, "net.yaml"), "", params)


def list_rules(text: str) -> list[str]:
    return [finding.rule for finding in find_problems(read_spec(HEAD + text, "net.yaml"))]


def test_without_outputs_the_last_value_is_the_output() -> None:
    plain = build(LAYERS)
    assert plain.is_plain
    assert {name: value.known.dims for name, value in plain.outputs.items()} == {
        "output": (6, 6, 6)
    }
    # To say the same in words changes nothing.
    assert build(f"{LAYERS}outputs: {{output: _}}").is_plain


def test_outputs_are_in_the_authors_order_and_those_for_training_last() -> None:
    graph = build(f"{LAYERS}outputs: {{a: {{value: aux, training: true}}, h: head, s: stem}}")
    assert list(graph.outputs) == ["h", "s"]
    assert list(graph.training_outputs) == ["a"]
    assert [node.path for node in graph.nodes if node in find_training_only(graph)] == ["aux"]
    assert not graph.is_plain


def test_what_serves_training_is_not_in_the_trained_network() -> None:
    graph = build(f"{LAYERS}outputs: {{h: head, a: {{value: aux, training: true}}}}")
    kernels = 36 * 3 * 4 * 9, 36 * 4 * 5, 36 * 4 * 6
    assert count_macs(graph) == sum(kernels[:2])
    assert count_macs(graph, training=True) == sum(kernels)
    trained = drop_training(graph)
    assert [node.path for node in trained.nodes] == ["stem", "head"]
    assert list(trained.outputs) == ["h"] and not trained.training_outputs
    totals = summarize(graph).totals
    assert (totals["macs"], totals["training_macs"]) == (sum(kernels[:2]), sum(kernels))
    assert totals["parameters"] == 3 * 36 + 4 + 20 + 5 + 24 + 6


def test_what_goes_on_from_it_is_not_there_either() -> None:
    """No output needs `more`, and the trained network has not what it would be computed from."""
    text = f"{LAYERS}  more: relu\noutputs: {{head: head, aux: {{training: true}}}}\n"
    trained = drop_training(build(text))
    assert [node.path for node in trained.nodes] == ["stem", "head"]


def test_a_parameter_decides_which_outputs_there_are() -> None:
    layers = LAYERS.replace("from: stem", "from: stem, when: $aux")
    outputs = "output: head, aux: {value: aux, training: $(not always), when: $aux}"
    text = f"params: {{aux: false, always: false}}\n{layers}outputs: {{{outputs}}}"
    assert build(text).is_plain
    assert list(build(text, aux=True).training_outputs) == ["aux"]
    assert list(build(text, aux=True, always=True).outputs) == ["output", "aux"]


def test_a_turn_of_a_loop_is_given_by_the_name_that_it_makes() -> None:
    text = (
        "layers:\n  - for: {i: [1, 2, 3]}\n    conv: {out_channels: $(2 * i), kernel_size: 3}\n"
        "    name: conv$(i)\noutputs: {low: conv1, high: _}"
    )
    dims = {name: value.known.dims for name, value in build(text).outputs.items()}
    assert dims == {"low": (2, 6, 6), "high": (6, 2, 2)}


def test_an_extending_spec_adds_outputs_by_name() -> None:
    base = HEAD + LAYERS + "outputs: {head: head, aux: {value: aux, training: true}}\n"
    top = "cnnspec: 1\nname: top\nextends: base.yaml\noutputs: {aux: aux, stem: stem}\n"
    spec = read_spec(top, "top.yaml", lambda name: (name, base.encode()))
    assert list(build_graph(spec).outputs) == ["head", "aux", "stem"]


def test_a_result_that_no_output_needs_is_a_warning() -> None:
    assert list_rules(f"{LAYERS}outputs: {{head: head}}") == ["unused-value"]
    assert list_rules(f"{LAYERS}outputs: {{head: head, aux: aux}}") == []
    # Without outputs, the step before a branch that nothing takes up is as useless.
    assert list_rules(LAYERS) == ["unused-value"]


@pytest.mark.parametrize("rule", ["parameters", "macs", "training-macs", "output"])
def test_each_figure_is_held_against_the_network(rule: str) -> None:
    outputs = "outputs: {h: head, a: {value: aux, training: true}}\n"
    figures = {
        "parameters": "parameters: 167",
        "macs": "macs: 4608",
        "training-macs": "training_macs: 5472",
        "output": "output: {h: [5, 6, 6], a: [6, 6, 6]}",
    }
    sound = f"{LAYERS}{outputs}expect: {{{', '.join(figures.values())}}}"
    assert list_rules(sound) == []
    wrong = figures | {rule: figures[rule].translate({ord("6"): "9", ord("7"): "9"})}
    found = list_rules(f"{LAYERS}{outputs}expect: {{{', '.join(wrong.values())}}}")
    assert set(found) == {f"expect-{rule}"}


def test_a_list_of_sizes_is_that_of_the_only_output_of_a_trained_network() -> None:
    outputs = "outputs: {h: head, a: {value: aux, training: true}}\n"
    assert list_rules(f"{LAYERS}{outputs}expect: {{output: [5, 6, 6]}}") == []
    both = "outputs: {h: head, a: aux}\n"
    assert list_rules(f"{LAYERS}{both}expect: {{output: [5, 6, 6]}}") == ["expect-output"]


def test_open_sizes_are_those_that_outputs_for_training_take_too() -> None:
    text = (
        "cnnspec: 1\nname: net\ninput: {channels: 3, height: H, width: 8}\n"
        "layers:\n  stem: {conv: {out_channels: 4, kernel_size: 3}}\n"
        "  deep: {conv: {out_channels: 4, kernel_size: 5}, from: stem}\n"
        "  head: {global_avg_pool: , from: stem}\n"
        "outputs: {head: head, map: stem, deep: {value: deep, training: true}}\n"
        "expect: {output: {head: [4], map: [4, H - 2, 6], deep: [4, H - 6, 2]}}\n"
    )
    spec = read_spec(text, "net.yaml")
    assert find_problems(spec) == ()
    from cnnspec.graph.valid_sizes import find_valid_sizes

    (axis,) = find_valid_sizes(build_graph(spec)).axes
    assert axis.usable.least == 7


def test_a_network_without_an_output_is_refused() -> None:
    with pytest.raises(SpecError, match="all outputs are for training only"):
        build(f"{LAYERS}outputs: {{aux: {{value: aux, training: true}}}}")


@pytest.mark.torch
@pytest.mark.keras
@pytest.mark.onnx
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{CHAIN}outputs: {{logits: _}}", id="a chain"),
        pytest.param(
            f"{CHAIN}outputs: {{logits: _, again: _, late: {{value: _, training: true}}}}",
            id="one value under several names",
        ),
        pytest.param(
            f"{LAYERS}outputs: {{s: stem, h: head, a: {{value: aux, training: true}}}}",
            id="a value that others read",
        ),
    ],
)
def test_backends_agree_on_all_outputs(text: str) -> None:
    pytest.importorskip("keras")
    from cnnspec.verify.run import verify
    from cnnspec.verify.show import format_text

    report = verify(build(text.replace("conv: 2", "conv: {out_channels: 2, kernel_size: 1}")),
                    train=True)  # fmt: skip
    assert report.passed, format_text(report)


@pytest.mark.torch
def test_a_value_that_is_given_out_is_not_written_over() -> None:
    from tests.flat import compile_source

    text = "layers:\n  stem: {conv: {out_channels: 4, kernel_size: 3}}\n  act: relu\n"
    assert "inplace=True" in compile_source(build(text))
    assert "inplace" not in compile_source(build(f"{text}outputs: {{stem: stem, act: _}}"))


@pytest.mark.torch
@pytest.mark.keras
def test_a_wrong_output_for_training_fails_the_proof() -> None:
    from cnnspec.verify import on_torch
    from cnnspec.verify.compare import judge
    from cnnspec.verify.measure import draw_task

    graph = build_graph(read_spec((SPECS / "heads.yaml").read_bytes(), "heads.yaml"))
    task = draw_task(graph, 0, train=True)
    sound = on_torch.run_torch(task, on_torch.REFERENCE)
    assert set(sound.trained) == {"logits", "features", "same", "early", "both", "deep"}
    assert set(sound.outputs[0]) == {"logits", "features", "same"}
    off = on_torch.run_torch(task)
    off.trained["early"] = off.trained["early"] * 1.001
    (problem,) = judge(graph, off, sound, task.weights).problems
    assert problem.startswith("output 'early' in training differs by")
    off = on_torch.run_torch(task)
    del off.outputs[1]["same"]
    (problem,) = judge(graph, off, sound, task.weights).problems
    assert problem == "outputs logits, features instead of logits, features, same"
