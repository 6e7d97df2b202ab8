"""The summary's figures against published ones, and the text of its formats."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from cnnspec.network import Network
from cnnspec.report.summary import Summary
from cnnspec.report.summary_formats import FORMATS, draw_bytes
from cnnspec.sources import Source

HEADER = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 32, width: 32}\nlayers:\n"

SMALL = """
  - conv: {out_channels: 8, kernel_size: 3, padding: 1, bias: false}
  - batch_norm
  - max_pool: 2
  - flatten
  - linear: 10
"""

VGG16 = """
cnnspec: 1
name: vgg
input: {channels: 3, height: 224, width: 224}
layers:
  - for: {n: [2, 2, 3, 3, 3], channels: [64, 128, 256, 512, 512]}
    layers:
      - conv: {out_channels: $channels, kernel_size: 3, padding: 1}
        repeat: $n
      - max_pool: 2
"""

RESNET = """
cnnspec: 1
name: resnet
input: {channels: 3, height: 224, width: 224}
params: {units: [3, 4, 6, 3]}
defaults: {conv: {bias: false}}
variants: {"50": {}, "101": {units: [3, 4, 23, 3]}, "152": {units: [3, 8, 36, 3]}}
blocks:
  unit:
    params: [channels, stride=1]
    layers:
      - residual:
          body:
            - conv: {out_channels: $channels, kernel_size: 1}
            - batch_norm
            - relu
            - conv: {out_channels: $channels, kernel_size: 3, stride: $stride, padding: 1}
            - batch_norm
            - relu
            - conv: {out_channels: $(4 * channels), kernel_size: 1}
            - batch_norm
          shortcut:
            - when: $(stride != 1 or in_channels != 4 * channels)
              layers:
                - conv: {out_channels: $(4 * channels), kernel_size: 1, stride: $stride}
                - batch_norm
      - relu
layers:
  stem:
    - conv: {out_channels: 64, kernel_size: 7, stride: 2, padding: 3}
    - batch_norm
    - relu
    - max_pool: {kernel_size: 3, stride: 2, padding: 1}
  body:
    - for: {n: $units, channels: [64, 128, 256, 512], stride: [1, 2, 2, 2]}
      layers:
        - unit: {channels: $channels, stride: $stride}
        - unit: {channels: $channels}
          repeat: $(n - 1)
  head:
    - global_avg_pool
    - linear: 1000
"""


def summarize(text: str, variant: str = "", depth: int | None = None) -> Summary:
    source = Source("net.yaml", text.encode(), Path(), variant)
    return Network(source).summary(depth)


def list_reads(layers: str) -> list[str]:
    """What the text format says that each layer reads."""
    shown = json.loads(FORMATS["json"](summarize(HEADER + layers)))["layers"]
    return [
        "none" if (field := layer["receptive_field"]) is None else
        f"{field['min']}-{field['max']} /{field['stride']}{' whole' if field['whole'] else ''}"
        for layer in shown
    ]  # fmt: skip


# TF-Slim's arrangement, in which the last unit of a stage has the stride.
FIRST = "        - unit: {channels: $channels, stride: $stride}\n"
OTHERS = "        - unit: {channels: $channels}\n          repeat: $(n - 1)\n"
SLIM_RESNET = RESNET.replace(FIRST + OTHERS, OTHERS + FIRST).replace("[1, 2, 2, 2]", "[2, 2, 2, 1]")


# Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill,
# 2019: the last map of each of TF-Slim's networks.
@pytest.mark.parametrize(
    ("text", "variant", "layer", "reach"),
    [
        (VGG16, "", -1, 212),
        (SLIM_RESNET, "50", -3, 483),
        (SLIM_RESNET, "101", -3, 1027),
        (SLIM_RESNET, "152", -3, 1507),
    ],
)
def test_receptive_fields_are_the_published_ones(
    text: str, variant: str, layer: int, reach: int
) -> None:
    fields = summarize(text, variant).layers[layer].fields
    assert [(field.rows[1], field.stride) for field in fields] == [(reach, 32)] * 2


def test_counts_are_torchvisions() -> None:
    summary = summarize(RESNET, "50")
    assert (summary.parameters, summary.macs) == (25_557_032, 4_089_184_256)
    assert summary.statistics == 53_120
    assert summary.weight_bytes == 4 * (25_557_032 + 53_120)


def test_the_shortest_and_the_longest_path_are_kept_apart() -> None:
    # A projection reads every second row; the body reads two windows of three.
    layers = """
  - residual:
      body:
        - conv: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1}
        - conv: {out_channels: 4, kernel_size: 3, padding: 1}
      shortcut:
        - conv: {out_channels: 4, kernel_size: 1, stride: 2}
  - conv: {out_channels: 4, kernel_size: 3}
"""
    assert list_reads(layers)[-2:] == ["[1, 1]-[7, 7] /[2, 2]", "[5, 5]-[11, 11] /[2, 2]"]


def test_a_gate_reads_everything_but_leaves_the_stride() -> None:
    layers = """
  - conv: {out_channels: 4, kernel_size: 3, stride: 2}
    name: map
  - global_avg_pool
  - multiply: [map, _]
  - conv: {out_channels: 4, kernel_size: 3}
"""
    assert list_reads(layers) == [
        "[3, 3]-[3, 3] /[2, 2]",
        "[32, 32]-[32, 32] /[None, None] whole",
        "[3, 3]-[32, 32] /[2, 2] whole",
        "[7, 7]-[32, 32] /[2, 2] whole",
    ]


def test_axes_are_told_apart_and_enlarging_makes_strides_fractions() -> None:
    layers = """
  - conv: {out_channels: 4, kernel_size: [1, 7], stride: [1, 2], padding: [0, 3]}
  - upsample: 2
  - conv: {out_channels: 4, kernel_size: 3}
  - flatten
"""
    assert list_reads(layers) == [
        "[1, 7]-[1, 7] /[1, 2]",
        "[1, 7]-[1, 7] /[0.5, 1]",
        "[2, 9]-[2, 9] /[0.5, 1]",
        "[32, 32]-[32, 32] /[None, None] whole",
    ]
    assert "1 /1 x 7 /2" in FORMATS["text"](summarize(HEADER + layers))


def test_a_vector_input_has_no_receptive_field() -> None:
    text = "cnnspec: 1\nname: net\ninput: {features: 4}\nlayers: [relu, {linear: 2}]\n"
    layers = json.loads(FORMATS["json"](summarize(text)))["layers"]
    assert [layer["receptive_field"] for layer in layers] == [None, None]


def test_text_lines_up() -> None:
    assert FORMATS["text"](summarize(HEADER + SMALL)) == (
        "net: input 3x32x32\n"
        "\n"
        "Layer  Op           Output  Parameters     MACs  Reads\n"
        "------------------------------------------------------\n"
        "0      conv        8x32x32         216  221,184   3 /1\n"
        "1      batch_norm  8x32x32          16            3 /1\n"
        "2      max_pool    8x16x16                        4 /2\n"
        "3      flatten        2048                         all\n"
        "4      linear           10      20,490   20,480    all\n"
        "------------------------------------------------------\n"
        "Total                           20,722  241,664\n"
        "\n"
        "Parameters: 20,722, all trainable, and 16 running statistics\n"
        "MACs: 241,664 for one sample, in convolution and linear layers\n"
        "Memory in float32: weights 81.0 KiB, activations 80.0 KiB for one sample\n"
        "Reads: the receptive field in input rows, fewest-most over all paths, then /its stride.\n"
    )


def test_json_has_a_line_for_each_layer() -> None:
    summary = summarize(HEADER + SMALL)
    lines = FORMATS["json"](summary).splitlines()
    start = lines.index('  "layers": [') + 1
    rows = lines[start : lines.index("  ],", start)]
    assert [json.loads(row.rstrip(","))["path"] for row in rows] == [
        row.path for row in summary.layers
    ]


def test_json_has_the_documented_keys() -> None:
    shown = json.loads(FORMATS["json"](summarize(HEADER + SMALL)))
    assert (shown["name"], shown["input"]) == ("net", [3, 32, 32])
    assert shown["layers"][0] == {
        "path": "0",
        "op": "conv",
        "output_shape": [8, 32, 32],
        "parameters": 216,
        "macs": 221_184,
        "receptive_field": {"min": [3, 3], "max": [3, 3], "stride": [1, 1], "whole": False},
    }
    assert shown["totals"] == {
        "parameters": 20_722,
        "trainable": 20_722,
        "statistics": 16,
        "macs": 241_664,
        "attention_macs": 0,
        "activation_bytes": 4 * (2 * 8 * 32 * 32 + 2 * 2048 + 10),
        "weight_bytes": 4 * (20_722 + 16),
    }


def test_csv_and_markdown_hold_one_line_for_each_layer() -> None:
    summary = summarize(HEADER + SMALL)
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](summary))))
    assert [row["op"] for row in rows] == [row.op for row in summary.layers]
    assert rows[2] == {
        "path": "2",
        "op": "max_pool",
        "output_shape": "8x16x16",
        "parameters": "0",
        "macs": "0",
        "receptive_field_min": "4x4",
        "receptive_field_max": "4x4",
        "receptive_field_stride": "2x2",
    }
    lines = FORMATS["markdown"](summary).splitlines()
    assert "| 0 | conv | 8x32x32 | 216 | 221,184 | 3 /1 |" in lines


@pytest.mark.parametrize(("depth", "count"), [(1, 3), (2, 22)])
def test_folding_keeps_every_total(depth: int, count: int) -> None:
    full, folded = summarize(RESNET, "50"), summarize(RESNET, "50", depth)
    assert folded.totals == full.totals
    assert len(folded.layers) == count
    assert folded.layers[-1].output == full.layers[-1].output
    assert [row.path for row in summarize(RESNET, "50", 1).layers] == ["stem", "body", "head"]


def test_a_folded_block_is_called_by_its_name() -> None:
    rows = summarize(RESNET, "50", 2).layers
    names = {row.op for row in rows if row.path.startswith("body.")}
    assert names == {"unit"}


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (10**7, "9.5 MiB"), (2**50, "1024.0 TiB")],
)
def test_bytes_are_shown_in_a_fitting_unit(count: int, text: str) -> None:
    assert draw_bytes(count) == text
