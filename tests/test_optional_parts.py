"""Parts that a condition leaves out: what remains, and that its names do not depend on them."""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from cnnspec.backends.base import Compiled
from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.torch.emit import compile_torch
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import BranchItem, Graph
from cnnspec.graph.walk import walk_items
from cnnspec.spec.read import read_spec

HEAD = "cnnspec: 1\nname: net\ninput: {channels: 4, height: 8, width: 8}\nparams: {flag: true}\n"
CHAIN = "[{conv: {out_channels: 4, kernel_size: 1}}, batch_norm]"
NAMED = "{c: {conv: {out_channels: 4, kernel_size: 1}}, n: batch_norm}"
TAPPED = "[{conv: {out_channels: 4, kernel_size: 1}, name: v}, tanh, {add: [v, _]}]"
OTHER = TAPPED.replace("name: v", "name: w").replace("[v,", "[w,")


def build(layers: str, flag: bool) -> Graph:
    return build_graph(read_spec(f"{HEAD}layers:\n{layers}", "net.yaml"), "", {"flag": flag})


def list_paths(graph: Graph) -> list[str]:
    return [node.path for node in graph.nodes]


@pytest.mark.parametrize("body", [CHAIN, NAMED, TAPPED])
@pytest.mark.parametrize("shortcut", ["", "[]", CHAIN, NAMED.replace("c:", "d:"), "[relu, add1]"])
def test_shortcut_when_changes_no_name(body: str, shortcut: str) -> None:
    shortcut = shortcut.replace("add1", "{add: [_, _]}").replace("n:", "m:")
    layers = (
        f"  - residual: {{body: {body}, shortcut: {shortcut}, shortcut_when: $flag}}\n"
        f"  - residual: {CHAIN}\n  - relu\n  - add: [_, _]\n"
    )
    having, lacking = list_paths(build(layers, True)), list_paths(build(layers, False))
    left_out = [path for path in having if path not in lacking]
    assert lacking == [path for path in having if path not in left_out]
    assert len(left_out) == 1 + shortcut.count("conv") * 2 + shortcut.count("relu") * 2
    assert left_out[-1].startswith("add")


def test_without_its_shortcut_a_residual_is_its_body() -> None:
    layers = """
  - residual:
      body: [{conv: {out_channels: 6, kernel_size: 3, stride: 2}}]
      shortcut_when: $(not flag)
"""
    graph = build(layers, True)
    (item,) = (item for item in walk_items(graph.body) if isinstance(item, BranchItem))
    assert item.merge is None
    assert item.output is graph.nodes[0].output
    assert [node.op.op for node in graph.nodes] == ["conv"]
    assert graph.outputs["output"].known.dims == (6, 3, 3)


@pytest.mark.parametrize(
    "step",
    [
        f"layers: {CHAIN}",
        f"layers: {TAPPED}",
        f"residual: {CHAIN}",
        f"residual: {TAPPED}",
        f"parallel: [{CHAIN}, {CHAIN}]\n    merge: add",
        "residual: [residual: [relu, tanh]]",
    ],
)
def test_a_group_that_is_left_out_uses_up_its_names(step: str) -> None:
    layers = f"  - {step}\n    when: $flag\n  - residual: {OTHER}\n  - {step}\n"
    if "name: v" in step:
        layers = layers[: layers.rindex("  - ")]
    having, lacking = list_paths(build(layers, True)), list_paths(build(layers, False))
    assert having[-len(lacking) :] == lacking


LEFT_OUT = "layers: [{relu: , when: $flag}, {tanh: , when: $flag}]"


@pytest.mark.parametrize(
    "step",
    [
        f"for: {{i: [1, 2]}}, {LEFT_OUT}",
        f"repeat: 2, {LEFT_OUT}",
        f"repeat: 2, {LEFT_OUT}, when: $flag",
    ],
)
@pytest.mark.parametrize(
    "around", ["%s", "repeat: 2, layers: [{%s}]", "when: $around, layers: [{%s}]"]
)
@pytest.mark.parametrize("compile_source", [compile_torch, compile_keras])
def test_a_loop_of_nothing_is_not_written(
    step: str, around: str, compile_source: Callable[[Graph, str], Compiled]
) -> None:
    conv = "{conv: {out_channels: 4, kernel_size: 1}}"
    steps = f"[{conv}, {{{around % step}}}, softmax]"
    blocks = f"blocks:\n  unit: {{params: [around], layers: {steps}}}\n"
    text = f"{HEAD}{blocks}layers: [unit: true, unit: false]\n"
    graph = build_graph(read_spec(text, "net.yaml"), "", {"flag": False})
    (source,) = compile_source(graph, "cnnspec compile").files.values()
    assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.For | ast.If)][
        1:
    ]
