"""Loops in generated Keras code: how they read, and that every layer gets its own name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from textwrap import dedent, indent
from typing import Any

import pytest

from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.keras.paths import name_layer
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.spec.read import read_spec

CONV = "conv: {out_channels: 4, kernel_size: 1}"
# For each loop: blocks, steps, and lines that the code has.
CASES: dict[str, tuple[str, str, str]] = {
    "turns of different lengths are counted": (
        "",
        f"""
        - for: {{n: [1, 2, 0]}}
          layers:
            - repeat: $n
              layers: [{CONV}, relu]
            - tanh
        """,
        """
            i = 0
            for n in (1, 2, 0):
                for _ in range(n):
                    x = layers.Conv2D(4, 1, name=f"layer_{i}")(x)
                    x = layers.Activation("relu", name=f"layer_{i + 1}")(x)
                    i += 2
                x = layers.Activation("tanh", name=f"layer_{i}")(x)
                i += 1
            x = layers.GlobalAveragePooling2D(name="layer_9")(x)
        """,
    ),
    "a step that is not always there counts itself": (
        "",
        f"""
        - for: {{odd: [true, false, true]}}
          layers:
            - {CONV}
            - relu:
              when: $odd
            - tanh
        """,
        """
            for odd in (True, False, True):
                x = layers.Conv2D(4, 1, name=f"layer_{i}")(x)
                if odd:
                    x = layers.Activation("relu", name=f"layer_{i + 1}")(x)
                    i += 1
                x = layers.Activation("tanh", name=f"layer_{i + 1}")(x)
                i += 2
        """,
    ),
    "turns of one length have an index, which is not the author's": (
        "",
        """
        - relu
        - for: {i: [5, 3]}
          layers: [conv: {out_channels: $i, kernel_size: 1}, relu]
        """,
        """
            for j, i in enumerate((5, 3)):
                x = layers.Conv2D(i, 1, name=f"layer_{2 * j + 1}")(x)
                x = layers.Activation("relu", name=f"layer_{2 * j + 2}")(x)
        """,
    ),
    "an author's variable that counts is the index": (
        "",
        """
        - {relu: , name: start}
        - for: {k: [1, 2, 3]}
          layers: [conv: {out_channels: $(4 * k), kernel_size: 1}]
        """,
        """
            for k in range(1, 4):
                x = layers.Conv2D(4 * k, 1, name=f"conv{k}")(x)
        """,
    ),
    "a name with an expression is the author's": (
        "",
        f"""
        - for: {{a: [2, 5, 7], b: [1, 1, 2]}}
          layers:
            stage$(a * b)_$(b):
              - repeat: 2
                layers: [{CONV}]
              - {{relu: , name: act$(a)}}
        """,
        """
            for a, b in zip((2, 5, 7), (1, 1, 2), strict=True):
                for i in range(1, 3):
                    x = layers.Conv2D(4, 1, name=f"stage{a * b}_{b}_conv{i}")(x)
                x = layers.Activation("relu", name=f"stage{a * b}_{b}_act{a}")(x)
        """,
    ),
    "a value that is taken inside of every turn": (
        "",
        f"""
        - for: {{a: [2, 5]}}
          layers:
            part$(a):
              one: {{{CONV}}}
              two: {{relu: , from: one}}
              three: {{add: [one, two]}}
              four: {{tanh: , from: two}}
              five: {{add: [four, three]}}
        """,
        """
                one = layers.Conv2D(4, 1, name=f"part{a}_one")(x)
                two = layers.Activation("relu", name=f"part{a}_two")(one)
                three = layers.Add(name=f"part{a}_three")([one, two])
                four = layers.Activation("tanh", name=f"part{a}_four")(two)
                x = layers.Add(name=f"part{a}_five")([four, three])
        """,
    ),
    "a loop begins with a value that is needed later": (
        "",
        f"""
        - {{{CONV}, name: kept}}
        - for: {{a: [2, 5]}}
          layers: [{CONV}, relu]
        - add: [kept, _]
        """,
        """
            kept = layers.Conv2D(4, 1, name="kept")(inputs)
            x = kept
            for i in range(1, 3):
                x = layers.Conv2D(4, 1, name=f"conv{i}")(x)
                x = layers.Activation("relu", name=f"relu{i}")(x)
            x = layers.Add(name="add1")([kept, x])
        """,
    ),
    "a variable never hides a function that is called": (
        "gate: {layers: [conv: {out_channels: $in_channels, kernel_size: 1}, sigmoid]}",
        """
        - for: {gate: [2, 3]}
          layers: [conv: {out_channels: $gate, kernel_size: 1}]
        - parallel: {value: , gate: [gate]}
          merge: multiply
        """,
        """
            gate_ = gate2(x, name="gate_0")
            x = layers.Multiply(name="multiply1")([x, gate_])
        """,
    ),
    "a loop's variable never hides a parameter": (
        """
        unit:
          params: [c]
          layers:
            - for: {c: [5, 6]}
              layers: [conv: {out_channels: $c, kernel_size: 1}]
            - conv: {out_channels: $c, kernel_size: 1}
        """,
        "- unit: 3\n- unit: 4",
        """
            x = layers.Conv2D(5, 1, name=f"{name}_0")(x)
            x = layers.Conv2D(6, 1, name=f"{name}_1")(x)
            x = layers.Conv2D(c, 1, name=f"{name}_2")(x)
        """,
    ),
    "a loop's variable never hides that of the loop around": (
        "",
        """
        - for: {a: [2, 5]}
          layers:
            - for: {a: [6, 7]}
              layers: [conv: {out_channels: $a, kernel_size: 1}]
            - conv: {out_channels: $a, kernel_size: 1}
        """,
        """
            for a in (2, 5):
                x = layers.Conv2D(6, 1, name=f"layer_{i}")(x)
                x = layers.Conv2D(7, 1, name=f"layer_{i + 1}")(x)
                x = layers.Conv2D(a, 1, name=f"layer_{i + 2}")(x)
                i += 3
        """,
    ),
    "calls of a block count on from the first": (
        """
        unit:
          params: [stride=1]
          layers: [{conv: {out_channels: 4, kernel_size: 1, stride: $stride}, name: c}]
        pair: {params: [n], layers: [unit: {stride: 2}, {unit: , repeat: $(n - 1)}]}
        """,
        "- pair: 2\n- pair: 4",
        """
            x = unit(x, stride=2, name=f"{name}_0")
            for i in range(1, n):
                x = unit(x, name=f"{name}_{i}")
        """,
    ),
    "an optional step before a loop, one inside, and steps behind": (
        f"""
        unit:
          params: [wide=false, n=2, norm=false]
          layers:
            - {CONV}
            - tanh:
              when: $wide
            - repeat: $n
              layers:
                - {CONV}
                - batch_norm:
                  when: $norm
                - relu
            - {CONV}
        """,
        "- unit:\n- unit: {wide: true, n: 3}\n- unit: {n: 1, norm: true}\n- unit: {n: 0}",
        """
            i = 1
            if wide:
                x = layers.Activation("tanh", name=f"{name}_1")(x)
                i += 1
            for _ in range(n):
                x = layers.Conv2D(4, 1, name=f"{name}_{i}")(x)
                if norm:
                    x = layers.BatchNormalization(
                        momentum=0.9, epsilon=1e-5, name=f"{name}_{i + 1}"
                    )(x)
                    i += 1
                x = layers.Activation("relu", name=f"{name}_{i + 1}")(x)
                i += 2
            x = layers.Conv2D(4, 1, name=f"{name}_{i}")(x)
        """,
    ),
    "a loop inside of an optional part": (
        f"""
        unit:
          params: [deep=false, odd=false]
          layers:
            - tanh
            - layers:
                - {CONV}
                - repeat: 2
                  layers: [{CONV}, {{relu: , when: $odd}}]
                - tanh
              when: $deep
            - {CONV}
        """,
        "- unit:\n- unit: {deep: true}\n- unit: {deep: true, odd: true}",
        """
            i = 1
            if deep:
                x = layers.Conv2D(4, 1, name=f"{name}_1")(x)
                i += 1
                for _ in range(2):
                    x = layers.Conv2D(4, 1, name=f"{name}_{i}")(x)
                    if odd:
                        x = layers.Activation("relu", name=f"{name}_{i + 1}")(x)
                        i += 1
                    i += 1
                x = layers.Activation("tanh", name=f"{name}_{i}")(x)
                i += 1
            x = layers.Conv2D(4, 1, name=f"{name}_{i}")(x)
        """,
    ),
    "a loop behind steps that turns of a loop leave out": (
        "",
        f"""
        - for: {{n: [1, 2], wide: [true, false]}}
          layers:
            - tanh:
              when: $wide
            - repeat: $n
              layers: [{CONV}, relu]
        """,
        """
            i = 0
            for n, wide in zip((1, 2), (True, False), strict=True):
                if wide:
                    x = layers.Activation("tanh", name=f"layer_{i}")(x)
                    i += 1
                for _ in range(n):
                    x = layers.Conv2D(4, 1, name=f"layer_{i}")(x)
                    x = layers.Activation("relu", name=f"layer_{i + 1}")(x)
                    i += 2
            x = layers.GlobalAveragePooling2D(name="layer_7")(x)
        """,
    ),
    "a chain that begins again in every stage of a loop": (
        "",
        f"""
        - for: {{k: [3, 5], wide: [true, false]}}
          layers:
            stage$(k):
              - tanh:
                when: $wide
              - {CONV}
              - repeat: $(k - 1)
                layers: [{CONV}]
        """,
        """
            for k, wide in zip((3, 5), (True, False), strict=True):
                i = 0
                if wide:
                    x = layers.Activation("tanh", name=f"stage{k}_{i}")(x)
                    i += 1
                x = layers.Conv2D(4, 1, name=f"stage{k}_{i}")(x)
                i += 1
                for _ in range(k - 1):
                    x = layers.Conv2D(4, 1, name=f"stage{k}_{i}")(x)
                    i += 1
        """,
    ),
    "an author's variable counts only if it is a number": (
        "",
        """
        - for: {odd: [false, true]}
          layers: [relu]
        """,
        """
            for i in range(2):
                x = layers.Activation("relu", name=f"layer_{i}")(x)
        """,
    ),
    "a name that one turn has is the author's too": (
        "",
        f"""
        - for: {{k: [2, 5], odd: [true, false]}}
          layers:
            part$(k):
              - {CONV}
              - relu:
                when: $odd
        """,
        """
            for k, odd in zip((2, 5), (True, False), strict=True):
                x = layers.Conv2D(4, 1, name=f"part{k}_0")(x)
                if odd:
                    x = layers.Activation("relu", name=f"part{k}_1")(x)
        """,
    ),
}  # fmt: skip
every_case = pytest.mark.parametrize("case", list(CASES))


@cache
def build(case: str) -> Graph:
    blocks, steps, _ = CASES[case]
    text = "cnnspec: 1\nname: loop\ninput: {channels: 4, height: 16, width: 16}\n"
    if blocks:
        text += f"blocks:\n{indent(dedent(blocks).strip(), '  ')}\n"
    text += f"layers:\n{indent(dedent(steps).strip(), '  ')}\n  - global_avg_pool\n  - linear: 2\n"
    return build_graph(read_spec(text, "loop.yaml"))


def generate(case: str) -> str:
    (source,) = compile_keras(build(case), "cnnspec compile").files.values()
    return source.decode()


@every_case
def test_loop_reads_as(case: str) -> None:
    expected = dedent(CASES[case][2]).strip("\n")
    assert any(indent(expected, " " * depth) in generate(case) for depth in (4, 8))


@pytest.fixture
def keras() -> Iterator[Any]:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    module = pytest.importorskip("keras")
    yield module
    module.utils.clear_session()


@pytest.mark.keras
@every_case
def test_every_layer_has_its_name_and_size(case: str, keras: Any) -> None:
    namespace: dict[str, Any] = {"__name__": "loop"}
    exec(compile(generate(case), "loop.py", "exec"), namespace)
    model = namespace["loop"]()
    shapes = {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}
    for node in build(case).nodes:
        assert shapes.pop(name_layer(node.path)) == (*node.shape.sizes, node.shape.channels)
    assert [name for name in shapes if not name.endswith("_gate")] == [model.layers[0].name]
