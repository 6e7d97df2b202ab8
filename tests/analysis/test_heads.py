"""How outputs end, and how many convolutions lie before a value."""

from __future__ import annotations

import pytest

from cnnspec.analysis.depth import count_convolutions, find_spatial_readers
from cnnspec.analysis.heads import Head, find_heads, find_judged, find_scored
from cnnspec.graph.ir import Node
from tests.analysis.specs import build

SCORES = "  - conv: {out_channels: 4, kernel_size: 1}\n"


def describe(node: Node | None) -> str:
    return node.op.op if node else ""


def find_head(layers: str) -> Head:
    (head,) = find_heads(build(layers))
    return head


@pytest.mark.parametrize(
    ("behind", "squasher", "end"),
    [
        ("", "", "conv"),
        ("  - softmax\n", "softmax", "conv"),
        ("  - dropout\n  - softmax\n  - flatten\n", "softmax", "conv"),
        ("  - relu\n  - sigmoid\n  - global_avg_pool\n", "sigmoid", "relu"),
        ("  - batch_norm\n  - upsample: 2\n", "", "batch_norm"),
        ("  - sigmoid\n  - softmax\n", "softmax", "conv"),
        ("  - tanh\n", "", "tanh"),
    ],
)
def test_a_head_is_followed_through_what_only_moves_its_numbers(
    behind: str, squasher: str, end: str
) -> None:
    head = find_head(SCORES + behind)
    assert describe(head.layer) == "conv"
    assert describe(head.squasher) == squasher
    assert describe(head.find_scores_end()) == end


def test_a_head_starts_behind_values_that_are_merged() -> None:
    head = find_head(f"  - residual: [{{conv: {{out_channels: 3, kernel_size: 1}}}}]\n{SCORES}")
    assert describe(head.layer) == "conv"
    head = find_head("  - residual: [{conv: {out_channels: 3, kernel_size: 1}}]\n  - softmax\n")
    assert head.layer is None
    assert describe(head.squasher) == "softmax"
    assert head.source.producer is not None
    assert describe(head.source.producer) == "add"
    assert head.find_scores_end() is None


def test_a_pool_behind_an_op_is_told_from_one_before_it() -> None:
    head = find_head(f"{SCORES}  - relu\n  - global_avg_pool\n  - softmax\n")
    relu, pool, softmax = head.tail
    assert head.layer is not None
    assert [head.is_pooled_behind(node) for node in (head.layer, relu, pool, softmax)] == [
        True, True, False, False,
    ]  # fmt: skip


def test_an_output_that_the_network_goes_on_from_is_inner() -> None:
    heads = find_heads(
        build(
            f"{SCORES}    name: a\n  - {{softmax: , name: b}}\n"
            f"  - {{relu: , from: b, name: c}}\n  - {{tanh: , name: d}}\n"
            "outputs: {a: a, b: b, c: c, d: d}\n"
        )
    )
    assert [head.is_inner for head in heads] == [False, True, True, False]


SEVERAL = """\
  - conv: {out_channels: 8, kernel_size: 3}
    name: hidden
  - conv: {out_channels: 4, kernel_size: 1}
    name: scores
  - conv: {out_channels: 4, kernel_size: 1}
    from: hidden
    name: late
  - conv: {out_channels: 5, kernel_size: 1}
    from: hidden
    name: other
outputs: {scores: scores, other: other, late: {training: true}}
"""


@pytest.mark.parametrize(
    ("task", "judged", "scored"),
    [
        ("{kind: segmentation, classes: 4}", ["scores", "late"], ["scores", "late"]),
        ("{kind: segmentation, classes: 5}", ["other"], ["other"]),
        ("segmentation", [], []),
    ],
)
def test_of_several_outputs_those_with_the_classes_are_judged(
    task: str, judged: list[str], scored: list[str]
) -> None:
    graph = build(f"{SEVERAL}task: {task}\n")
    heads = find_heads(graph)
    assert [head.output.name for head in find_judged(graph, heads)] == judged
    assert [head.output.name for head in find_scored(graph, heads)] == scored


@pytest.mark.parametrize(
    ("task", "count"),
    [
        ("segmentation", 1),
        ("regression", 0),
        ("{kind: regression, loss: mean_squared_error}", 0),
        ("{kind: detection, loss: binary_cross_entropy}", 1),
    ],
)
def test_scores_are_what_a_task_of_classes_or_its_loss_says(task: str, count: int) -> None:
    graph = build(f"{SCORES}task: {task}\n")
    assert len(find_scored(graph, find_heads(graph))) == count


def test_convolutions_are_counted_on_the_longest_way() -> None:
    graph = build(
        "  - conv: {out_channels: 3, kernel_size: 1}\n"
        "  - residual: [{conv: {out_channels: 3, kernel_size: 3, padding: 1}}, relu]\n"
        "  - flatten\n  - linear: 4\n"
    )
    counts = count_convolutions(graph)
    assert [counts[node.output] for node in graph.nodes] == [1, 2, 2, 2, 2, 2]


def test_a_convolution_with_a_window_reads_all_that_comes_before_it() -> None:
    graph = build(
        "  - relu\n  - conv: {out_channels: 3, kernel_size: [1, 3]}\n  - tanh\n"
        "  - conv: {out_channels: 3, kernel_size: 1}\n"
    )
    relu, *others = graph.nodes
    found = find_spatial_readers(graph)
    assert relu.output in found
    assert graph.inputs[0] in found
    assert not any(node.output in found for node in others)
