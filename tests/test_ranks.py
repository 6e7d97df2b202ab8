"""Ops and blocks over maps of one, two and three axes."""

from __future__ import annotations

import pytest

from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.graph.library import load_library
from cnnspec.ops.base import Op
from cnnspec.ops.catalog import OPS
from cnnspec.ops.shapes import AXIS_NAMES, Kind
from cnnspec.spec.read import read_spec
from tests.op_cases import CASES, OpCase

RANKS = tuple(AXIS_NAMES)
# Ops that take no maps, and why. Every other op has cases at every rank, on every backend.
_OF_TOKENS = "it is of tokens alone"
WITHOUT_MAPS = {
    "linear": "frameworks would apply it to different axes of a map",
    "attention": _OF_TOKENS,
    "to_map": _OF_TOKENS,
    "class_token": _OF_TOKENS,
    "position_embedding": _OF_TOKENS,
    "select_token": _OF_TOKENS,
}
# Fields whose list has one entry for each axis.
LISTS = ("kernel_size", "stride", "padding", "dilation", "output_padding", "scale_factor",
         "output_size", "margins")  # fmt: skip


def list_cases(op: str, rank: int) -> list[OpCase]:
    return [
        case for case in CASES
        if case.op == op and any(s.kind is Kind.MAP and s.rank == rank for s in case.inputs)
    ]  # fmt: skip


@pytest.mark.parametrize("op", OPS)
def test_an_op_has_cases_at_every_rank_or_a_reason_why_not(op: str) -> None:
    covered = [rank for rank in RANKS if list_cases(op, rank)]
    assert covered == ([] if op in WITHOUT_MAPS else list(RANKS))
    assert (Kind.MAP in OPS[op].kinds) == (op not in WITHOUT_MAPS)


@pytest.mark.parametrize("rank", RANKS)
def test_every_field_is_set_at_every_rank(rank: int) -> None:
    missing = []
    for word in OPS.keys() - WITHOUT_MAPS.keys():
        tried = [case for case in CASES if case.op == word]
        # The fields of an op that starts a value are sizes of that.
        ops = [c.build() for c in (tried if OPS[word].starts else list_cases(word, rank))]
        for name, field in OPS[word].model_fields.items():
            if all(getattr(op, name) == field.default for op in ops):
                missing.append(f"{word}.{name}")
    assert not missing


def is_uneven(op: Op, name: str) -> bool:
    value = getattr(op, name)
    return isinstance(value, tuple) and len(set(value)) > 1


@pytest.mark.parametrize("rank", [2, 3])
def test_every_size_differs_between_axes_somewhere(rank: int) -> None:
    missing = []
    for word in OPS.keys() - WITHOUT_MAPS.keys():
        ops = [case.build() for case in list_cases(word, rank)]
        for name in set(LISTS) & OPS[word].model_fields.keys():
            if not any(is_uneven(op, name) for op in ops):
                missing.append(f"{word}.{name}")
    assert not missing


# The library

CALLS = {
    "conv_bn": "{out_channels: 6, stride: 2}",
    "depthwise_bn": "{stride: 2}",
    "separable_conv": "{out_channels: 6, stride: 2}",
    "double_conv": "{out_channels: 6, batch_norm: true}",
    "squeeze_excite": "4",
    "basic_block": "{channels: 6, stride: 2}",
    "bottleneck": "{channels: 6, stride: 2}",
    "bottleneck_v1": "4",
    "wide_bottleneck": "{channels: 4, groups: 2}",
    "inverted_residual": "{channels: 8, expansion: 2}",
    "mb_conv": "{channels: 8, drop: 0.1}",
    "classifier": "{classes: 10, hidden: [6]}",
    "pooled_classifier": "10",
    "conv_classifier": "10",
}
INPUTS = {
    1: "{channels: 8, length: 9}",
    2: "{channels: 8, height: 9, width: 7}",
    3: "{channels: 8, depth: 5, height: 9, width: 7}",
}


def build_call(block: str, rank: int) -> Graph:
    header = f"cnnspec: 1\nname: net\ninput: {INPUTS[rank]}\n"
    return build_graph(read_spec(f"{header}layers: [{block}: {CALLS[block]}]\n", "net.yaml"))


def test_every_block_is_called() -> None:
    of_tokens = {"transformer_block"}
    assert load_library().keys() == CALLS.keys() | of_tokens


@pytest.mark.parametrize("block", CALLS)
def test_a_block_serves_maps_of_any_rank(block: str) -> None:
    flat = build_call(block, 2)
    for rank in (1, 3):
        graph = build_call(block, rank)
        assert [node.op.op for node in graph.nodes] == [node.op.op for node in flat.nodes]
        for node in graph.nodes:
            for weight in node.weights:
                # All kernels of the library are as long along every axis.
                assert len(set(weight.shape[2:])) <= 1, node.path
        assert [len(weight.shape) for _, weight in graph.list_weights()] == [
            len(weight.shape) + (rank - 2) * (len(weight.shape) == 4)
            for _, weight in flat.list_weights()
        ]
        theirs = flat.outputs["output"].known
        ours = graph.outputs["output"].known
        assert (ours.kind, ours.channels) == (theirs.kind, theirs.channels)
        if ours.kind is Kind.MAP:
            halved = theirs.sizes != (9, 7)
            wanted = {1: (9,), 3: (5, 9, 7)}[rank]
            assert ours.sizes == tuple(-(-n // 2) if halved else n for n in wanted)
