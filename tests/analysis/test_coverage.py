"""What networks read of their values, against what was worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from cnnspec.analysis import masks as module
from cnnspec.analysis.coverage import Coverage, Cut, find_coverage, find_first_cut
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph, Node
from cnnspec.resources import list_zoo, read_zoo
from cnnspec.spec.read import read_spec
from tests.analysis.specs import build
from tests.networks import open_near

SEEDS = Path(__file__).parents[1] / "seeds"

# https://keras.io/examples/vision/mnist_convnet/ at 28x28.
KERAS_MNIST = """
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - max_pool: 2
  - conv: {out_channels: 64, kernel_size: 3}
  - relu
  - max_pool: 2
  - flatten
  - dropout: 0.5
  - linear: 10
"""
# https://www.tensorflow.org/tutorials/images/cnn at 32x32.
TENSORFLOW_CIFAR = """
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - max_pool: 2
  - conv: {out_channels: 64, kernel_size: 3}
  - relu
  - max_pool: 2
  - conv: {out_channels: 64, kernel_size: 3}
  - relu
  - flatten
  - linear: 64
  - relu
  - linear: 10
"""
# The first unit of a stage of ResNet v1: body and shortcut both begin with every second row.
BOTTLENECK = """
  - residual:
      body:
        - conv: {out_channels: 4, kernel_size: 1, stride: 2}
        - conv: {out_channels: 4, kernel_size: 3, padding: 1}
      shortcut:
        - conv: {out_channels: 4, kernel_size: 1, stride: 2}
"""


def cover_input(graph: Graph) -> Coverage:
    return find_coverage(graph)[graph.inputs[0]]


def cut(graph: Graph, axis: int) -> Cut | None:
    places = {node: place for place, node in enumerate(graph.nodes)}
    return find_first_cut(places, find_coverage(graph), graph.inputs[0], axis)


def seed(name: str) -> Graph:
    return build_graph(read_spec((SEEDS / f"{name}.yaml").read_text(), f"{name}.yaml"))


def find_node(graph: Graph, word: str, count: int = 1) -> Node:
    """The count-th op of a kind."""
    return [node for node in graph.nodes if node.op.op == word][count - 1]


def test_the_stride_trap_never_reads_the_last_row_and_column() -> None:
    graph = seed("p7")
    covered = cover_input(graph)
    assert covered.share == Fraction(15 * 15, 16 * 16)
    assert f"{float(1 - covered.share):.1%}" == "12.1%"
    assert [covered.count_unread(axis) for axis in (0, 1)] == [1, 1]
    assert [covered.count_unread_end(axis) for axis in (0, 1)] == [1, 1]
    assert cut(graph, 0) == cut(graph, 1) == Cut(find_node(graph, "conv"), 1)


@pytest.mark.parametrize(
    ("layers", "size", "unread"), [(KERAS_MNIST, 28, "13.8%"), (TENSORFLOW_CIFAR, 32, "12.1%")]
)
def test_a_pool_that_drops_a_row_costs_two_of_the_image(
    layers: str, size: int, unread: str
) -> None:
    graph = build(layers, size, size)
    covered = cover_input(graph)
    assert f"{float(1 - covered.share):.1%}" == unread
    assert [covered.count_unread_end(axis) for axis in (0, 1)] == [2, 2]
    assert cut(graph, 0) == Cut(find_node(graph, "max_pool", 2), 1)


def test_strided_convolutions_of_one_tap_read_a_quarter() -> None:
    graph = build("  - relu\n" + BOTTLENECK)
    covered = find_coverage(graph)[graph.nodes[0].output]
    assert covered.share == Fraction(1, 4)
    assert covered.count_unread(0) == 8
    assert covered.count_unread_end(0) == 1


def test_branches_read_together_what_neither_reads_alone() -> None:
    # Rows 0, 2, .. by columns 0, 2, .., and rows 1, 3, .. by columns 1, 3, ..: half of the map,
    # though both together touch every row and every column.
    layers = """
  - parallel:
      - - conv: {out_channels: 2, kernel_size: 1, stride: 2}
      - - crop: [1, 0, 1, 0]
        - conv: {out_channels: 2, kernel_size: 1, stride: 2}
    merge: concat
"""
    covered = cover_input(build(layers))
    assert covered.share == Fraction(1, 2)
    assert [covered.count_unread(axis) for axis in (0, 1)] == [0, 0]


def test_a_shortcut_that_reads_everything_leaves_nothing_unread() -> None:
    layers = """
  - residual:
      body:
        - conv: {out_channels: 3, kernel_size: 1, stride: 2}
        - upsample: 2
"""
    assert cover_input(build(layers)).is_whole


def test_a_value_that_no_output_needs_is_not_read() -> None:
    layers = """
  - conv: {out_channels: 2, kernel_size: 3}
    name: unused
  - conv: {out_channels: 2, kernel_size: 3}
    from: input
"""
    graph = build(layers)
    found = find_coverage(graph)
    assert found[find_node(graph, "conv").output].share == 0
    assert found[find_node(graph, "conv", 2).output].share == 1


def test_outputs_for_training_count() -> None:
    text = """
cnnspec: 1
name: net
input: {channels: 3, height: 16, width: 16}
layers:
  - conv: {out_channels: 2, kernel_size: 1}
    name: first
  - conv: {out_channels: 2, kernel_size: 1, stride: 2}
outputs:
  small: _
  large: {value: first, training: true}
"""
    graph = build_graph(read_spec(text.lstrip(), "net.yaml"))
    assert cover_input(graph).is_whole


def test_axes_are_told_apart() -> None:
    graph = build("  - max_pool: 2\n  - global_avg_pool\n", height=9, width=8)
    covered = cover_input(graph)
    assert [covered.count_unread(axis) for axis in (0, 1)] == [1, 0]
    assert covered.share == Fraction(8, 9)
    assert cut(graph, 1) is None


@pytest.mark.parametrize(
    ("layers", "rows"),
    [
        ("  - max_pool: {kernel_size: 2, ceil_mode: true}\n", 0),
        ("  - max_pool: {kernel_size: 2, padding: same}\n", 0),
        ("  - conv: {out_channels: 1, kernel_size: 2, stride: 2, padding: [0, 1, 0, 1]}\n", 0),
        ("  - conv: {out_channels: 1, kernel_size: 2, stride: 2}\n", 1),
        ("  - conv: {out_channels: 1, kernel_size: 3, stride: 2}\n", 0),
    ],
)
def test_padding_at_the_end_saves_the_last_row(layers: str, rows: int) -> None:
    assert cover_input(build(layers, 15, 15)).count_unread_end(0) == rows


def test_the_first_op_to_leave_rows_is_to_blame_and_no_later_one() -> None:
    # 19 -> 9 with one row left, 9 -> 4 with one more: three rows of the image in all.
    graph = build("  - relu\n  - max_pool: 2\n  - max_pool: 2\n", 19, 19)
    assert cover_input(graph).count_unread_end(0) == 3
    assert cut(graph, 0) == Cut(find_node(graph, "max_pool"), 1)


def test_an_op_whose_rows_another_branch_reads_is_not_to_blame() -> None:
    layers = """
  - conv: {out_channels: 2, kernel_size: 3, padding: 1}
    name: full
  - max_pool: 2
  - resize_like: full
  - add: [full, _]
  - max_pool: {kernel_size: 3}
"""
    graph = build(layers, 17, 17)
    assert cut(graph, 0) == Cut(find_node(graph, "max_pool", 2), 2)


def test_a_global_pool_and_attention_and_statistics_read_everything() -> None:
    for layers in (
        "  - global_avg_pool\n",
        "  - flatten\n  - linear: 2\n",
        "  - instance_norm\n  - max_pool: {kernel_size: 1, stride: 3}\n",
        "  - conv: {out_channels: 4, kernel_size: 1}\n  - to_tokens\n"
        "  - attention: 2\n  - select_token: 0\n",
    ):
        assert cover_input(build(layers)).is_whole


def test_tokens_keep_their_places() -> None:
    layers = "  - to_tokens\n  - class_token\n  - slice: {axis: tokens, start: 3, stop: 20}\n"
    covered = cover_input(build(layers, 4, 8))
    # Tokens 2 to 18: six columns of the first row, the second row, three columns of the third.
    assert covered.share == Fraction(6 + 8 + 3, 32)
    assert [covered.list_rows(0), covered.count_unread_end(0)] == [0b111, 1]


def test_tokens_become_positions_again() -> None:
    layers = "  - to_tokens\n  - to_map: [8, 4]\n  - crop: [0, 4, 0, 1]\n"
    # Rows of 4 in place of rows of 8: of the first two, columns 3 and 7 are cut off.
    covered = cover_input(build(layers, 4, 8))
    assert covered.share == Fraction(12, 32)
    assert covered.list_rows(1) == 0b01110111


def test_past_the_most_products_more_is_said_to_be_read_and_never_less() -> None:
    crops = [(row, 15 - row, 3 * row % 16, 15 - 3 * row % 16) for row in range(16)]
    exact = "".join(f"      - - crop: {list(sides)}\n" for sides in crops[:8])
    rough = "".join(f"      - - crop: {list(sides)}\n" for sides in crops)
    layers = "  - parallel:\n{}    merge: concat\n"
    assert cover_input(build(layers.format(exact))).share == Fraction(8, 256)
    assert cover_input(build(layers.format(rough))).share >= Fraction(16, 256)


@pytest.mark.slow
@pytest.mark.parametrize("name", list_zoo())
def test_networks_of_the_zoo_read_their_images_as_is_known(name: str) -> None:
    spec = read_spec(read_zoo(name).decode(), f"{name}.yaml", open_near)
    for variant in spec.variants or {"": {}}:
        graph = build_graph(spec, variant)
        found = find_coverage(graph)
        # The first convolution of SqueezeNet leaves a row and a column of 224.
        unread = Fraction(0) if name != "squeezenet" else 1 - Fraction(223 * 223, 224 * 224)
        assert [1 - found[value].share for value in graph.inputs] == [unread] * len(graph.inputs)


def test_the_first_residual_networks_leave_three_quarters_of_a_map() -> None:
    # He et al., "Bag of tricks for image classification", arXiv:1812.01187, section 4.1: of what a
    # stage gives, the next one reads a quarter, in its body and in its shortcut.
    spec = read_spec(read_zoo("resnet").decode(), "resnet.yaml", open_near)
    for variant, count in (("50_v1", 3), ("50", 0)):
        graph = build_graph(spec, variant)
        found = find_coverage(graph)
        read = [
            (value, found[value].share)
            for value in (node.inputs[0] for node in graph.nodes if node.op.op == "conv")
            if value.producer is not None and value.producer.op.op == "relu"
        ]
        stages = {value for value, share in read if len(value.readers) > 1 and share < 1}
        assert {found[value].share for value in stages} <= {Fraction(1, 4)}
        assert len(stages) == count


def test_more_work_than_there_is_time_for_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = build("  - max_pool: 3\n", 17, 17)
    assert not cover_input(graph).is_whole
    monkeypatch.setattr(module, "MAX_WORK", 10)
    assert cover_input(graph).is_whole
