"""Ways of channels: the quick answers are those of going back value by value."""

from __future__ import annotations

import random

from cnnspec.backends.ways import SETTERS, Ways
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph, Value
from cnnspec.spec.read import read_spec


def build(seed: int) -> Graph:
    source = random.Random(seed)
    lines = ["- relu:\n  name: a0\n"]
    for number in range(1, 60):
        earlier = f"a{source.randrange(number)}"
        step = source.choice(["relu", "tanh", "linear: 8", "relu"])
        head = f"- {step}{'' if ':' in step else ':'}\n"
        lines.append(f"{head}  from: {earlier}\n  name: a{number}\n")
    text = f"cnnspec: 1\nname: net\ninput: {{features: 8}}\nlayers:\n{''.join(lines)}"
    return build_graph(read_spec(text, "net.yaml"))


def list_way(value: Value) -> list[Value]:
    """A value and those before it, up to the one whose op decided its channels."""
    way = [value]
    while (node := way[-1].producer) is not None and type(node.op) not in SETTERS:
        way.append(node.inputs[0])
    return way


def test_ways_are_those_of_going_back() -> None:
    for seed in range(5):
        graph = build(seed)
        values = [*graph.inputs, *(node.output for node in graph.nodes)]
        ways = Ways()
        for value in values:
            way = list_way(value)
            assert ways.find_setter(value) is way[-1].producer
            for start in values:
                assert ways.comes_from(value, start) == (start in way)
            assert not ways.comes_from(value, None)


def test_a_long_way_is_no_recursion() -> None:
    text = "cnnspec: 1\nname: net\ninput: {features: 8}\nlayers: [{repeat: 5000, relu: }]\n"
    graph = build_graph(read_spec(text, "net.yaml"))
    ways = Ways()
    last = graph.nodes[-1].output
    assert ways.find_setter(last) is None
    assert ways.comes_from(last, graph.inputs[0])
    assert not ways.comes_from(graph.inputs[0], last)
