"""How generated PyTorch code says the channels of a value: as the flow of data gives them."""

from __future__ import annotations

import re

import pytest

from cnnspec.backends.torch.emit import compile_torch
from cnnspec.graph.build import build_graph
from cnnspec.spec.read import read_spec

HEAD = """\
cnnspec: 1
name: net
input: {channels: 4, height: 16, width: 16}
"""


def write(text: str) -> str:
    """The generated source, each statement on one line."""
    graph = build_graph(read_spec(HEAD + text, "net.yaml"))
    (source,) = compile_torch(graph, "cnnspec compile").files.values()
    return re.sub(r"(?<=[(\[]) |,? (?=[)\]])", "", " ".join(source.decode().split()))


CONCAT = """
blocks:
  grown:
    params: [channels]
    layers:
      - {conv: {out_channels: $channels, kernel_size: 3, padding: 1}, name: first}
      - conv: {out_channels: $channels, kernel_size: 1}
      - concat: [first, _]
      - {conv: {out_channels: $channels, kernel_size: 1}, name: second}
  kept:
    params: [channels]
    layers:
      - parallel:
          value:
          fresh: {conv: {out_channels: $channels, kernel_size: 1}}
          fixed: {conv: {out_channels: 8, kernel_size: 1}}
      - batch_norm
  outer:
    params: [channels]
    layers:
      - kept: $(2 * channels)
      - conv: {out_channels: 8, kernel_size: 1}
      - depthwise_conv: {kernel_size: 3, multiplier: 2}
layers: [grown: 6, kept: 5, grown: 8, outer: 4, global_avg_pool, linear: 10]
"""


@pytest.mark.parametrize(
    "line",
    [
        "self.second = nn.Conv2d(2 * channels, channels, kernel_size=1)",
        "self.batch_norm1 = nn.BatchNorm2d(in_channels + channels + 8)",
        "nn.Conv2d(in_channels + 2 * channels + 8, 8, kernel_size=1)",
        "nn.Conv2d(8, 16, kernel_size=3, groups=8)",
        "def __init__(self, in_channels: int, channels: int) -> None:",
    ],
)
def test_concatenated_channels_are_the_sum_of_the_inputs(line: str) -> None:
    source = write(CONCAT)
    assert line in source
    assert "in_channels2" not in source


CLASSIFIER = """
layers:
  - global_avg_pool
  - linear: 21
  - classifier: {classes: 10, hidden: %s}
"""


@pytest.mark.parametrize("hidden", ["[10]", "[21]", "[10, 12]"])
def test_flattened_vector_keeps_its_features_and_a_list_its_loop(hidden: str) -> None:
    source = write(CLASSIFIER % hidden)
    assert (
        "in_features = in_channels for features in hidden: "
        "layers += [nn.Linear(in_features, features), nn.ReLU(inplace=True), "
        "nn.Dropout(p=0.5)] "
        "in_features = features layers.append(nn.Linear(in_features, classes))"
    ) in source
    assert "Classifier(21, classes=10, hidden=(" in source


REPEATED = """
blocks:
  chain:
    params: [channels, depth=1]
    layers:
      - conv: {out_channels: $channels, kernel_size: 3, padding: 1}
        repeat: $depth
  same:
    params: [channels, depth=1]
    layers:
      - conv: {out_channels: $channels, kernel_size: 1}
      - conv: {out_channels: $channels, kernel_size: 3, padding: 1}
        repeat: $depth
layers: [%s, global_avg_pool, linear: 10]
"""
CARRIED = (
    "for _ in range(depth): layers.append(nn.Conv2d(in_channels, channels, "
    "kernel_size=3, padding=1)) in_channels = channels"
)


@pytest.mark.parametrize(
    "calls",
    [
        "chain: {channels: 4, depth: 2}",
        "chain: 6, chain: {channels: 8, depth: 2}",
        "chain: 6, chain: {channels: 6, depth: 3}",
        "chain: 6, chain: {channels: 5, depth: 1}",
    ],
)
def test_channels_that_a_loop_sets_are_carried_even_where_the_numbers_agree(calls: str) -> None:
    assert CARRIED in write(REPEATED % calls)


def test_channels_that_every_turn_gives_alike_are_not_carried() -> None:
    source = write(REPEATED % "same: {channels: 4, depth: 2}, same: 6")
    assert "*(nn.Conv2d(channels, channels, kernel_size=3, padding=1) for _" in source


DENSE = """
blocks:
  layer:
    params: [growth]
    layers: [{parallel: {value: , fresh: {conv: {out_channels: $growth, kernel_size: 1}}}}]
  stack:
    params: [depth, growth]
    layers:
      - layer: $growth
        repeat: $depth
      - conv: {out_channels: $(in_channels // 2), kernel_size: 1}
layers: [stack: {depth: %d, growth: 4}, stack: {depth: %d, growth: 6}, global_avg_pool, linear: 10]
"""


@pytest.mark.parametrize("depths", [(1, 1), (2, 3), (1, 4)])
def test_channels_that_grow_are_added_up_in_a_loop(depths: tuple[int, int]) -> None:
    source = write(DENSE % depths)
    assert source.count("class Stack") == 1
    assert (
        "current_channels = in_channels for _ in range(depth): "
        "layers.append(Layer(current_channels, growth)) current_channels += growth "
        "layers.append(nn.Conv2d(current_channels, in_channels // 2, kernel_size=1))"
    ) in source


def test_model_says_a_number_where_the_sum_would_be_a_riddle() -> None:
    source = write(
        "params: {growth: 4}\n"
        "blocks: {halve: {layers: [conv: {out_channels: $(in_channels // 2), kernel_size: 1}]}}\n"
        "layers:\n"
        + "".join(
            f"  - parallel: {{value: , fresh: {{conv: {{out_channels: {n}, kernel_size: 1}}}}}}\n"
            "  - halve\n"
            for n in ("$growth", "$(3 * growth)", "$(growth // 2)", "$growth")
        )
        + "  - global_avg_pool\n  - linear: 10\n"
    )
    assert "growth" not in source


LATE = """
blocks:
  late:
    params: [channels, depth]
    layers:
      - residual:
          body:
            - conv: {out_channels: $channels, kernel_size: 3, padding: 1}
              repeat: $depth
          shortcut: [conv: {out_channels: $channels, kernel_size: 1}]
layers: [late: {channels: 6, depth: 2}, late: {channels: 8, depth: 3}, global_avg_pool, linear: 10]
"""


def test_loop_leaves_the_received_channels_to_later_steps() -> None:
    source = write(LATE)
    assert "current_channels = in_channels for _ in range(depth)" in source
    assert "self.shortcut = nn.Sequential(nn.Conv2d(in_channels, channels," in source
