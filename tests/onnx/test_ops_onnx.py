"""Every op as ONNX, run by ONNX Runtime, against its reference in float64."""

from __future__ import annotations

import pytest

pytest.importorskip("onnxruntime")

import numpy as np
import onnx
from onnx import shape_inference

from cnnspec.backends.onnx.emit import IR_VERSIONS, UNSUPPORTED, WRITERS, compile_onnx
from cnnspec.diagnostics import SpecError
from cnnspec.graph.ir import Graph
from cnnspec.ops.base import ShapeFault
from cnnspec.ops.catalog import ALL_OPS, OPS
from cnnspec.weights.draw import draw_weights
from tests.frameworks import torch
from tests.graphs import (
    chain_graph,
    make_graph,
    make_input,
    make_node,
    side_by_side_graph,
    single_op_graph,
)
from tests.onnx.runtime import Arrays, run_model
from tests.op_cases import CASES, OpCase, fmap, tokens, vector
from tests.reference_ops import evaluate_graph

pytestmark = [pytest.mark.onnx, pytest.mark.torch]

TOLERANCE = 1e-5


def draw_inputs(graph: Graph, batch: int = 2) -> Arrays:
    """Inputs that are mostly negative, so that a zero in the place of padding is seen."""
    random = np.random.default_rng(7)
    return {
        value.name: random.normal(-0.7, 1.2, (batch, *value.known.dims)).astype(np.float32)
        for value in graph.inputs
    }


def compute_reference(graph: Graph, inputs: Arrays, weights: Arrays) -> Arrays:
    outputs = evaluate_graph(
        graph,
        {name: torch.from_numpy(array).double() for name, array in inputs.items()},
        {name: torch.from_numpy(array).double() for name, array in weights.items()},
    )
    return {name: output.numpy() for name, output in outputs.items()}


def check_numbers(graph: Graph, opset: int = 18, plain: bool = True) -> None:
    """Compare the model with the reference, with the runtime's rewriting and also without."""
    weights = draw_weights(graph, 3)
    inputs = draw_inputs(graph)
    (model,) = compile_onnx(graph, weights, opset=opset, file_name="net.onnx").files.values()
    reference = compute_reference(graph, inputs, weights)
    for optimise in (True, False) if plain else (True,):
        outputs = run_model(model, inputs, optimise=optimise)
        assert list(outputs) == list(reference)
        for name, expected in reference.items():
            assert np.isfinite(expected).all()
            assert outputs[name].shape == (2, *graph.outputs[name].known.dims)
            difference = np.abs(outputs[name] - expected).max()
            assert difference <= TOLERANCE * np.abs(expected).max(), (name, optimise)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_computes_what_the_reference_computes(case: OpCase) -> None:
    check_numbers(single_op_graph(case))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_model_is_sound_and_declares_true_shapes(case: OpCase) -> None:
    graph = single_op_graph(case)
    model = onnx.load_from_string(_compile(graph))
    onnx.checker.check_model(model, full_check=True)
    declared = _read_shapes(model)
    del model.graph.value_info[:]
    inferred = _read_shapes(shape_inference.infer_shapes(model, strict_mode=True, data_prop=True))
    assert set(declared) == {name for node in model.graph.node for name in node.output}
    for name, dims in declared.items():
        # ONNX does not carry the batch through a Pad that names its axes.
        found = inferred.get(name, dims)
        assert found[1:] == dims[1:] and found[:1] in (dims[:1], ["unk__0"]), name


def _compile(graph: Graph, opset: int = 18) -> bytes:
    compiled = compile_onnx(graph, draw_weights(graph, 3), opset=opset, file_name="net.onnx")
    return next(iter(compiled.files.values()))


def _read_shapes(model: onnx.ModelProto) -> dict[str, list[int | str]]:
    """The shapes of what nodes give, by name, with unknown sizes left out."""
    shapes = {}
    for info in (*model.graph.value_info, *model.graph.output):
        dims = info.type.tensor_type.shape.dim
        shapes[info.name] = [dim.dim_param or dim.dim_value for dim in dims]
    return shapes


def test_every_op_is_written_or_refused_with_a_reason() -> None:
    assert set(WRITERS) | set(UNSUPPORTED) == set(ALL_OPS)
    assert not set(WRITERS) & set(UNSUPPORTED)


def test_the_shared_cases_cover_every_op_and_every_field() -> None:
    for word, op in OPS.items():
        used = {name for case in CASES if case.op == word for name in case.fields}
        assert used == set(op.model_fields), word


@pytest.mark.parametrize("opset", [opset for opset in IR_VERSIONS if opset != 18])
def test_other_opsets_compute_the_same_or_refuse(opset: int) -> None:
    late = {"layer_norm": 17, "zero_pad": 18, "conv_transpose": 18}
    written, refused = [case for case in CASES if case.op not in late], set()
    for case in CASES:
        if case.op not in late:
            continue
        try:
            _compile(single_op_graph(case), opset)
            written.append(case)
        except SpecError as error:
            (diagnostic,) = error.diagnostics
            assert diagnostic.rule == "backend-unsupported"
            assert f"or later, not {opset}" in diagnostic.message
            refused.add(case.op)
    assert refused == {op for op, first in late.items() if opset < first}
    # All others are written: what is refused here is an error.
    graph = side_by_side_graph(written)
    check_numbers(graph, opset)
    onnx.checker.check_model(_compile(graph, opset), full_check=True)


def test_an_unknown_opset_is_an_invalid_option() -> None:
    for opset in (12, 24):
        with pytest.raises(SpecError) as caught:
            _compile(single_op_graph(CASES[0]), opset)
        (diagnostic,) = caught.value.diagnostics
        assert diagnostic.rule == "invalid-option"
        assert diagnostic.message == f"opset must be 13 to 23, got {opset}"


# One op of each kind of node, to be put behind every other.
LINKS = [
    ("conv", {"out_channels": 6, "kernel_size": 3, "padding": [1, 0, 2, 1]}),
    ("depthwise_conv", {"kernel_size": 3, "padding": 1}),
    ("conv_transpose", {"out_channels": 6, "kernel_size": 2, "stride": 2}),
    ("max_pool", {"kernel_size": 3, "stride": 1, "padding": 1}),
    ("max_pool", {"kernel_size": 2, "stride": 1}),
    ("min_pool", {"kernel_size": 2, "stride": 1, "padding": 1}),
    ("avg_pool", {"kernel_size": 3, "stride": 2, "padding": 1}),
    ("avg_pool", {"kernel_size": 3, "stride": 1, "padding": 1, "count_include_pad": False}),
    ("avg_pool", {"kernel_size": 2, "stride": 1}),
    ("lp_pool", {"kernel_size": 2, "stride": 1}),
    ("global_avg_pool", {"keepdims": True}),
    ("adaptive_avg_pool", {"output_size": 5}),
    ("batch_norm", {}),
    ("layer_norm", {}),
    ("group_norm", {"num_groups": 2}),
    ("instance_norm", {"affine": True}),
    ("local_response_norm", {"size": 3}),
    ("relu", {}),
    ("relu6", {}),
    ("leaky_relu", {}),
    ("prelu", {"per_channel": True}),
    ("elu", {}),
    ("gelu", {}),
    ("silu", {}),
    ("hard_swish", {}),
    ("hard_sigmoid", {}),
    ("mish", {}),
    ("sigmoid", {}),
    ("softmax", {}),
    ("dropout", {}),
    ("zero_pad", {"padding": 1}),
    ("zero_pad", {"padding": [2, 0, 0, 3]}),
    ("zero_pad", {"padding": 0}),
    ("crop", {"margins": [0, 1, 0, 0]}),
    ("crop", {"margins": 0}),
    ("identity", {}),
    ("upsample", {"scale_factor": 2}),
    ("upsample", {"scale_factor": 2, "mode": "bilinear"}),
    ("upsample", {"scale_factor": 1}),
]


@pytest.mark.parametrize("first", LINKS, ids=str)
def test_every_pair_of_ops_survives_the_runtimes_rewriting(first: tuple[str, dict]) -> None:
    head = OPS[first[0]].model_validate(first[1])
    for word, fields in LINKS:
        try:
            graph = chain_graph(fmap(6, 9, 7), head, OPS[word].model_validate(fields))
        except ShapeFault:
            continue
        check_numbers(graph, plain=False)


PAD = OPS["zero_pad"].model_validate({"padding": [2, 1, 0, 1]})
WIDE_PAD = OPS["zero_pad"].model_validate({"padding": 4})
SILENT = {
    "nothing": [],
    "dropout": [OPS["dropout"]()],
    "identity": [OPS["identity"]()],
    "empty crop": [OPS["crop"].model_validate({"margins": 0})],
    "empty pad": [OPS["zero_pad"].model_validate({"padding": 0})],
    "scale of one": [OPS["upsample"].model_validate({"scale_factor": 1})],
    "dropout and identity": [OPS["dropout"](), OPS["identity"](), OPS["spatial_dropout"]()],
    "relu": [OPS["relu"]()],
}


@pytest.mark.parametrize("pad", [PAD, WIDE_PAD], ids=["narrow", "wide"])
@pytest.mark.parametrize("between", SILENT.values(), ids=list(SILENT))
@pytest.mark.parametrize("word", ["max_pool", "min_pool", "avg_pool", "lp_pool"])
def test_zeros_put_before_a_pool_stay_zeros(pad, between, word: str) -> None:
    options = [{"kernel_size": 3, "stride": 2}]
    if word != "lp_pool":
        options += [{"kernel_size": 3, "stride": 2, "padding": [1, 0, 2, 2]}]
    if word == "avg_pool":
        options += [{**fields, "count_include_pad": False} for fields in options]
    for fields in options:
        pool = OPS[word].model_validate(fields)
        check_numbers(chain_graph(fmap(3, 7, 6), pad, *between, pool), plain=False)


def test_outputs_that_are_inputs_or_one_another_get_their_names() -> None:
    source = make_input(fmap(3, 4, 5))
    dropout = make_node("0", OPS["dropout"](), source)
    relu = make_node("output", OPS["relu"](), dropout.output)
    late = make_node("1", OPS["dropout"](), relu.output)
    head = make_node("2", OPS["sigmoid"](), late.output)
    outputs = {
        "same": source,
        "dropped": dropout.output,
        "output": late.output,
        "again": relu.output,
        "head": head.output,
    }
    graph = make_graph([source], [dropout, relu, late, head], outputs)
    check_numbers(graph)
    model = onnx.load_from_string(_compile(graph))
    onnx.checker.check_model(model, full_check=True)
    copies = [node.output[0] for node in model.graph.node if node.op_type == "Identity"]
    assert copies == ["same", "dropped", "again"]


def test_names_of_inputs_and_layers_may_clash() -> None:
    source = make_input(fmap(3, 4, 5), "conv")
    conv = make_node(
        "conv", OPS["conv"].model_validate({"out_channels": 3, "kernel_size": 1}), source
    )
    again = make_node("output", OPS["relu"](), conv.output)
    last = make_node("last", OPS["add"](), again.output, conv.output)
    check_numbers(make_graph([source], [conv, again, last]))


def test_several_inputs_of_different_kinds_keep_their_names() -> None:
    image, context, words = (
        make_input(fmap(3, 4, 5), "image"),
        make_input(vector(3), "context"),
        make_input(tokens(4, 3), "words"),
    )
    gate = make_node("gate", OPS["multiply"](), image, context)
    norm = make_node("norm", OPS["layer_norm"](), words)
    outputs = {"a": gate.output, "b": norm.output}
    check_numbers(make_graph([image, context, words], [gate, norm], outputs))
