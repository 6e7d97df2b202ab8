"""Every op in every form, in PyTorch: outputs, gradients, names and shapes of its arrays."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

pytest.importorskip("numpy")

from cnnspec.backends.torch.table import LEAVES, MERGES, UNSUPPORTED
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.ops.catalog import ALL_OPS, OPS
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.spec.read import read_spec
from tests.flat import (
    compile_source,
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
from tests.op_cases import CASES, OpCase

pytestmark = pytest.mark.torch

# By the bytes of a number.
TOLERANCES = {8: 1e-12, 4: 1e-5}
# Sums over windows and batches add up more rounding than an output does.
GRADIENT_TOLERANCES = {8: 1e-11, 4: 5e-5}
# PyTorch's own backward passes hold 1/6 in single precision.
ROUGH = ("hard_sigmoid", "hard_swish")
JOINING = tuple(case for case in CASES if len(case.inputs) > 1)
SINGLE = tuple(case for case in CASES if len(case.inputs) == 1)


def spell_input(shape: Shape) -> dict[str, int]:
    if shape.kind is Kind.VECTOR:
        return {"features": shape.channels}
    return {"channels": shape.channels, **dict(zip(shape.axes, shape.sizes, strict=True))}


def write_spec(case: OpCase, form: str) -> str:
    """A network of one op: in a sequence, as a named attribute, or as a function's call."""
    step: Any = {case.op: case.fields or None}
    steps: list[Any] = [step]
    head: dict[str, Any] = {"cnnspec": 1, "name": "one_op"}
    if len(case.inputs) == 1:
        head["input"] = spell_input(case.inputs[0])
    else:
        names = [f"value{i}" for i in range(len(case.inputs))]
        head["inputs"] = dict(zip(names, map(spell_input, case.inputs), strict=True))
        if OPS[case.op].merges:
            step[case.op] = names
        else:
            step["from"] = names[0]
    if form == "attribute":
        step["name"] = "layer"
    elif form == "function":
        steps.append({"identity": None, "name": "tail"})
    return json.dumps({**head, "layers": steps})


def build(case: OpCase, form: str) -> Graph:
    return build_graph(read_spec(write_spec(case, form), "one_op.yaml"))


def compare(graph: Graph, dtype: Any) -> None:
    """Output, shape and gradients of the generated model against the op's own rule."""
    exact = draw_arrays(graph, torch.float64)
    model = load_arrays(make_model(graph), draw_arrays(graph, dtype)).to(dtype)
    inputs = [x.requires_grad_() for x in draw_inputs(graph, dtype)]
    output = model(*inputs)
    trainable = {name for name, weight in graph.list_weights() if weight.trainable}
    for name in trainable:
        exact[name].requires_grad_()
    wanted_inputs = [x.detach().double().requires_grad_() for x in inputs]
    wanted = run_flat(graph, wanted_inputs, exact)
    assert tuple(output.shape[1:]) == graph.outputs["output"].known.dims
    assert output.dtype == dtype
    assert measure_gap(output, wanted) <= TOLERANCES[dtype.itemsize]
    probe = torch.randn(
        wanted.shape, generator=torch.Generator().manual_seed(2), dtype=wanted.dtype
    )
    # A constant depends on nothing.
    ((output * probe.to(dtype)).sum() + 0 * inputs[0].sum()).backward()
    ((wanted * probe).sum() + 0 * wanted_inputs[0].sum()).backward()
    pairs = [
        (a.grad, b.grad)
        for a, b in zip(inputs, wanted_inputs, strict=True)
        if not (a.grad is None and b.grad is None)
    ]
    own = {name.rpartition(".")[2]: tensor for name, tensor in model.named_parameters()}
    pairs += [(own[name.rpartition(".")[2]].grad, exact[name].grad) for name in trainable]
    rough = any(node.op.op in ROUGH for node in graph.nodes)
    tolerance = max(GRADIENT_TOLERANCES[dtype.itemsize], 5e-8 if rough else 0.0)
    for found, expected in pairs:
        assert measure_gap(found, expected) <= tolerance


def check_weights(graph: Graph) -> None:
    """The module has the network's arrays, in its order, and no other."""
    model = make_model(graph)
    assert list(list_module_weights(model).items()) == list(list_graph_weights(graph).items())
    trainable = [name for name, weight in graph.list_weights() if weight.trainable]
    assert [name for name, _ in model.named_parameters()] == trainable


@pytest.mark.parametrize("form", ["sequence", "attribute", "function"])
@pytest.mark.parametrize("case", SINGLE, ids=lambda case: case.id)
def test_op_computes_its_rule(case: OpCase, form: str) -> None:
    graph = build(case, form)
    check_weights(graph)
    compare(graph, torch.float64)
    # The forms differ in what is called, not in its precision.
    if form == "attribute":
        compare(graph, torch.float32)


@pytest.mark.parametrize("case", JOINING, ids=lambda case: case.id)
def test_merge_computes_its_rule(case: OpCase) -> None:
    graph = build(case, "merge")
    compare(graph, torch.float64)
    compare(graph, torch.float32)


@pytest.mark.parametrize(
    "case", [case for case in SINGLE if case.op == "batch_norm"], ids=lambda case: case.id
)
def test_batch_norm_trains_as_its_rule(case: OpCase) -> None:
    graph = build(case, "attribute")
    arrays = draw_arrays(graph, torch.float64)
    model = load_arrays(make_model(graph), arrays).train()
    (x,) = draw_inputs(graph, torch.float64, batch=5)
    assert measure_gap(model(x), run_flat(graph, [x], arrays, training=True)) <= 1e-12
    op: Any = graph.nodes[0].op
    axes = (0, *range(2, x.dim()))
    for kind, fresh in (("running_mean", x.mean(axes)), ("running_var", x.var(axes))):
        wanted = (1 - op.momentum) * arrays[f"layer.{kind}"] + op.momentum * fresh
        assert measure_gap(model.state_dict()[f"layer.{kind}"], wanted) <= 1e-12


@pytest.mark.parametrize(
    "case", [case for case in SINGLE if case.build().acts_in_training], ids=lambda case: case.id
)
def test_dropout_drops_in_training(case: OpCase) -> None:
    graph = build(case, "attribute")
    model = make_model(graph).train()
    torch.manual_seed(0)
    shape = (64, *case.inputs[0].dims)
    output = model(torch.ones(shape))
    rate = graph.nodes[0].op.p  # type: ignore[attr-defined]
    kept = output != 0
    assert torch.allclose(output[kept], torch.tensor(1 / (1 - rate)))
    assert abs(kept.float().mean().item() - (1 - rate)) < 0.1
    if case.op == "spatial_dropout":
        whole = kept.flatten(2)
        assert torch.equal(whole.all(2), whole.any(2))
    if case.op == "stochastic_depth":
        whole = kept.flatten(1)
        assert torch.equal(whole.all(1), whole.any(1))


def test_functions_are_called_where_an_op_holds_no_state() -> None:
    """An unnamed op in a forward is a function's call if its leaf has one."""
    seen = {}
    for case in SINGLE:
        source = compile_source(build(case, "function"))
        called = re.search(r"self\.(?!tail|register_buffer)\w+\(", source) is None
        seen.setdefault(case.op, []).append(called)
    for op, calls in seen.items():
        has_function = LEAVES[OPS[op]].function is not None or OPS[op].is_parameter
        assert any(calls) == has_function, op


def test_every_op_is_said_or_refused() -> None:
    assert {*LEAVES, *MERGES, *UNSUPPORTED} == {*ALL_OPS}
    assert not (LEAVES.keys() | MERGES.keys()) & UNSUPPORTED.keys()
