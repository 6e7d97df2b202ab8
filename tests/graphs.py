"""Small graphs made by hand, for tests that should not depend on the reader of specs."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.diagnostics import Span
from cnnspec.graph.ir import Graph, Node, Origin, Output, Region, Value
from cnnspec.ops.base import Op
from cnnspec.ops.shapes import Shape
from cnnspec.spec.model import ModelSpec, Step
from tests.op_cases import OpCase

SPAN = Span("net.yaml", 1, 1, 1, 2)


def make_spec(name: str = "net") -> ModelSpec:
    """A spec without steps, for graphs that do not come from one."""
    return ModelSpec(
        file="net.yaml",
        name=name,
        span=SPAN,
        inputs=(),
        steps=(),
        summary="A small network",
        sources={"net.yaml": "cnnspec: 1\n"},
    )


def make_input(shape: Shape, name: str = "input") -> Value:
    """An input of a network."""
    return Value(shape, name=name)


def make_node(path: str, op: Op, *inputs: Value) -> Node:
    """An op on some values, with its shape and its weights."""
    shapes = tuple(value.known for value in inputs)
    output = Value(op.infer_shape(shapes))
    origin = Origin(Step(op.op, SPAN), make_spec())
    node = Node(path, op, inputs, output, op.list_weights(shapes), origin)
    output.producer = node
    for value in inputs:
        value.readers.append(node)
    return node


def make_graph(
    inputs: Sequence[Value], nodes: Sequence[Node], outputs: dict[str, Value] | None = None
) -> Graph:
    """A graph whose output is its last op's, where nothing else is said."""
    outputs = outputs or {"output": nodes[-1].output}
    (last, *_) = outputs.values()
    body = Region((), inputs[0], last, True, "")
    every = tuple(Output(name, value) for name, value in outputs.items())
    return Graph(make_spec(), "", {}, {}, tuple(inputs), every, tuple(nodes), body)


def single_op_graph(case: OpCase) -> Graph:
    """A network of one op."""
    names = ["input"] if len(case.inputs) == 1 else [f"input{i}" for i in range(len(case.inputs))]
    values = [make_input(*pair) for pair in zip(case.inputs, names, strict=True)]
    return make_graph(values, [make_node("block.0.layer", case.build(), *values)])


def side_by_side_graph(cases: Sequence[OpCase]) -> Graph:
    """A network of many ops, each with inputs and an output of its own."""
    inputs: list[Value] = []
    nodes = []
    for number, case in enumerate(cases):
        values = [
            make_input(shape, f"input{number}_{index}") for index, shape in enumerate(case.inputs)
        ]
        inputs += values
        nodes.append(make_node(f"layer{number}", case.build(), *values))
    outputs = {f"output{number}": node.output for number, node in enumerate(nodes)}
    return make_graph(inputs, nodes, outputs)


def chain_graph(shape: Shape, *ops: Op) -> Graph:
    """A network of ops one behind the other."""
    source = make_input(shape)
    value, nodes = source, []
    for index, op in enumerate(ops):
        nodes.append(make_node(f"body.{index}", op, value))
        value = nodes[-1].output
    return make_graph([source], nodes)
