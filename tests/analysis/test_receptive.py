"""Receptive fields as rules ask for them: at the head, and of what convolutions take."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec.analysis.receptive import Field, find_fields
from cnnspec.analysis.taps import find_taps
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.spec.read import read_spec
from tests.analysis.specs import build

ROOT = Path(__file__).parents[2]


def read_graph(path: str, variant: str = "", size: int = 0) -> Graph:
    """The network of a file, for images of another size where one is given."""
    text = (ROOT / path).read_text()
    if size:
        text = text.replace("height: 224, width: 224", f"height: {size}, width: {size}")
    return build_graph(read_spec(text, Path(path).name), variant)


def count_unproductive(graph: Graph) -> int:
    """The convolutions whose input has seen the whole image on every path."""
    fields = find_fields(graph)
    sizes = graph.inputs[0].known.sizes
    return sum(
        all(
            field.low is None or field.low >= size
            for field, size in zip(fields[node.inputs[0]], sizes, strict=True)
        )
        for node, taps in find_taps(graph).items()
        if "conv" in node.op.op and max(taps.sizes) > 1
    )


@pytest.mark.parametrize(
    ("name", "rows"), [("p1", 10), ("p1_repaired", 10), ("p6", 8), ("p7", 15), ("p8", 10)]
)
def test_the_head_of_a_shallow_network_sees_little(name: str, rows: int) -> None:
    graph = read_graph(f"tests/seeds/{name}.yaml")
    (head,) = [node for node in graph.nodes if node.op.op == "global_avg_pool"]
    assert {field.high for field in find_fields(graph)[head.inputs[0]]} == {rows}


# Richter et al., "Should you go deeper?", arXiv:2106.12307, for VGG-16 on images of CIFAR.
@pytest.mark.parametrize(
    ("path", "variant", "size", "count"),
    [
        ("specs/vgg.yaml", "16_bn", 32, 7),
        ("specs/vgg.yaml", "16_bn", 0, 0),
        ("specs/mobilenet_v1.yaml", "100", 0, 1),
        ("specs/resnet.yaml", "152", 0, 0),
    ],
)
def test_convolutions_behind_the_whole_image_are_known_on_the_narrowest_path(
    path: str, variant: str, size: int, count: int
) -> None:
    assert count_unproductive(read_graph(path, variant, size)) == count


def test_a_gate_widens_the_widest_path_alone() -> None:
    layers = """
  - conv: {out_channels: 4, kernel_size: 3}
    name: map
  - global_avg_pool
  - linear: 4
  - multiply: [map, _]
  - conv: {out_channels: 4, kernel_size: 3}
"""
    graph = build(layers)
    assert find_fields(graph)[graph.outputs["output"]] == (Field(5, None, 1),) * 2


def test_positions_laid_out_as_another_map_keep_no_more_axes_than_it_has() -> None:
    graph = build("  - to_tokens\n  - to_map: 256\n")
    assert find_fields(graph)[graph.outputs["output"]] == (Field(1, 1, 1),)


def test_numbers_do_not_grow_past_what_is_quick_to_reckon_with() -> None:
    layers = "  - conv: {out_channels: 1, kernel_size: 1, stride: 9999}\n    repeat: 500\n" + (
        "  - conv: {out_channels: 1, kernel_size: 3, padding: 1}\n"
        "  - resize: 7\n  - resize: 11\n  - resize: 13\n"
    )
    graph = build(layers)
    numbers = [
        number
        for fields in find_fields(graph).values()
        for field in fields
        for number in (field.low, field.high, field.stride)
        if number is not None
    ]
    assert max(max(number.numerator, number.denominator) for number in numbers) <= 2**64
