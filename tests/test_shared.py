"""Steps that share weights: counted once, computed each time, and refused where they cannot."""

from __future__ import annotations

import pytest

from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.torch.emit import compile_torch
from cnnspec.diagnostics import SpecError
from cnnspec.graph.build import build_graph
from cnnspec.graph.check import check_variants
from cnnspec.graph.expect import count_parameters
from cnnspec.graph.ir import Graph
from cnnspec.report.summary import summarize
from cnnspec.spec.read import read_spec
from tests.networks import SPECS

HEAD = "cnnspec: 1\nname: net\n"
IMAGE = HEAD + "input: {channels: 4, height: 16, width: 16}\n"
CONV = "conv: {out_channels: 4, kernel_size: 3, padding: 1}"


def build(text: str) -> Graph:
    return build_graph(read_spec(text, "net.yaml"))


def read(name: str) -> Graph:
    return build((SPECS / f"{name}.yaml").read_text())


def test_weights_count_once_and_multiplications_each_time() -> None:
    once = build(IMAGE + f"layers:\n  - {CONV}\n")
    twice = build(IMAGE + f"layers:\n  - {CONV}\n    shared: conv\n    repeat: 2\n")
    assert count_parameters(twice) == count_parameters(once)
    assert [name for name, _ in twice.list_weights()] == ["conv.weight", "conv.bias"]
    summary = summarize(twice)
    assert summary.parameters == count_parameters(once)
    assert summary.macs == 2 * summarize(once).macs
    assert [row.parameters for row in summary.layers] == [148, 0]


def test_a_shared_block_has_one_set_of_weights_and_statistics() -> None:
    graph = read("siamese")
    names = [name for name, _ in graph.list_weights()]
    assert len(names) == len(set(names)) == 11
    assert {name.partition(".")[0] for name in names} == {"trunk", "head"}
    assert summarize(graph).statistics == 16


def test_a_name_beside_shared_names_the_value_of_one_use() -> None:
    text = f"""layers:
  - {CONV}
    shared: conv
    name: first
  - {CONV}
    shared: conv
  - add: [first, _]
"""
    graph = build(IMAGE + text)
    assert [node.path for node in graph.nodes] == ["conv", "conv", "add1"]
    first, second, add = graph.nodes
    assert second.home is first
    assert add.inputs == (first.output, second.output)


def test_copies_of_a_block_share_inside_of_each_and_not_with_each_other() -> None:
    text = f"""blocks:
  twice:
    layers:
      - {CONV}
        shared: conv
        repeat: 2
layers:
  - twice
  - twice
  - twice:
    shared: own
    repeat: 2
  - twice
"""
    graph = build(IMAGE + text)
    homes = [graph.nodes.index(node.home) for node in graph.nodes]
    assert homes == [0, 0, 2, 2, 4, 4, 4, 4, 8, 8]
    assert [node.path for node in graph.nodes[::2]] == [
        "twice1.conv", "twice2.conv", "own.conv", "own.conv", "twice3.conv",
    ]  # fmt: skip


def test_unnamed_steps_keep_clear_of_the_names_of_shared_weights() -> None:
    text = f"layers:\n  - {CONV}\n  - {CONV}\n    shared: conv1\n    repeat: 2\n"
    graph = build(IMAGE + text)
    assert [node.path for node in graph.nodes] == ["conv2", "conv1", "conv1"]


def test_a_step_that_is_left_out_shares_nothing() -> None:
    text = f"""params: {{first: false}}
layers:
  - {CONV}
    shared: conv
    when: $first
  - {CONV}
    shared: conv
"""
    graph = build(IMAGE + text)
    assert [node.path for node in graph.nodes] == ["conv"]
    assert not check_variants(graph.spec).findings


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_maps_of_every_rank_share(rank: int) -> None:
    sizes = ", ".join(f"{axis}: 12" for axis in ("depth", "height", "width")[:rank])
    sizes = "length: 12" if rank == 1 else sizes if rank == 3 else "height: 12, width: 12"
    text = f"""{HEAD}inputs:
  left: {{channels: 3, {sizes}}}
  right: {{channels: 3, {sizes}}}
blocks:
  eye:
    layers: [conv: {{out_channels: 4, kernel_size: 3}}, relu, global_avg_pool]
layers:
  - eye:
    from: left
    shared: eye
    name: a
  - eye:
    from: right
    shared: eye
    name: b
  - concat: [a, b]
"""
    graph = build(text)
    (torch,) = compile_torch(graph, "").files.values()
    assert b"a = self.eye(left)" in torch
    assert b"b = self.eye(right)" in torch
    assert torch.count(f"nn.Conv{rank}d(".encode()) == 1
    (keras,) = compile_keras(graph, "").files.values()
    assert b"a = shared_eye(left)" in keras
    assert b"b = shared_eye(right)" in keras


def test_a_chain_of_shared_ops_is_no_list_of_layers() -> None:
    text = f"layers:\n  - {CONV}\n    shared: conv\n    repeat: 2\n"
    (source,) = compile_keras(build(IMAGE + text), "").files.values()
    assert source.count(b"layers.Conv2D") == 1
    assert source.count(b"x = conv(") == 2


def test_sizes_that_differ_between_uses_stay_open_in_keras() -> None:
    (source,) = compile_keras(read("shared"), "").files.values()
    assert b"score_input = keras.Input((None, None, 6))" in source


STATISTICS = """
blocks:
  seen:
    layers: [conv: {out_channels: 4, kernel_size: 3}, batch_norm, relu]
layers:
  - seen:
    shared: seen
    name: a
  - seen:
    from: input_
    shared: seen
    name: b
"""


def make_two_views(last: str) -> str:
    sizes = "{channels: 4, height: 8, width: 8}"
    start = f"{HEAD}inputs: {{one: {sizes}, input_: {sizes}}}\n"
    steps = STATISTICS.replace("  - seen:\n    shared", "  - seen:\n    from: one\n    shared", 1)
    return start + steps + last


def test_keras_refuses_shared_statistics_that_it_would_update_in_another_order() -> None:
    in_order = make_two_views("  - concat: [a, b]\n")
    assert compile_keras(build(in_order), "").files
    turned = build(make_two_views("  - concat: [b, a]\n"))
    assert compile_torch(turned, "").files
    with pytest.raises(SpecError, match="another order than the steps have") as caught:
        compile_keras(turned, "")
    assert [found.path for found in caught.value.diagnostics] == ["seen.1"]


def test_weights_that_follow_the_size_of_a_map_are_refused_on_another() -> None:
    text = """blocks:
  pooled:
    layers:
      - conv: {out_channels: 4, kernel_size: 1}
      - layer_norm: {axes: all}
layers:
  - pooled:
    shared: pooled
  - max_pool: 2
  - pooled:
    shared: pooled
"""
    assert build(IMAGE + text.replace("  - max_pool: 2\n", ""))
    with pytest.raises(SpecError, match=r"weight is 4x16x16 at line 10, and 4x8x8 here"):
        build(IMAGE + text)


LEVELS = f"""layers:
  fine: {{{CONV}}}
  coarse: {{max_pool: 2}}
  heads:
    - for: {{level: [fine, coarse]}}
      {CONV}
      from: $level
      shared: score
      name: $(level)_score
outputs: {{fine: heads.fine_score, coarse: heads.coarse_score}}
"""


def test_values_with_shared_weights_are_taken_out_of_a_part_by_their_own_names() -> None:
    graph = build(IMAGE + LEVELS)
    assert {name: value.known.dims for name, value in graph.outputs.items()} == {
        "fine": (4, 16, 16),
        "coarse": (4, 8, 8),
    }


def test_a_part_that_only_takes_values_by_name_gets_no_other() -> None:
    (source,) = compile_torch(build(IMAGE + LEVELS), "").files.values()
    text = source.decode()
    assert "def forward(self, fine: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor]:" in text
    assert "fine_score, coarse_score = self.heads(fine, coarse)" in text
