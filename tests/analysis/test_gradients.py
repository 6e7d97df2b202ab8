"""The analyses against gradients measured in PyTorch: what has one is read, and nothing else."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import pytest

pytest.importorskip("numpy")

from cnnspec.analysis import boxes
from cnnspec.analysis.coverage import find_coverage
from cnnspec.analysis.receptive import find_fields
from cnnspec.analysis.taps import find_taps
from cnnspec.diagnostics import SpecError
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.ops.rearrange import Slice
from cnnspec.ops.shapes import AXIS_NAMES, Kind
from cnnspec.spec.read import read_spec
from tests.analysis.gradients import (
    draw_images,
    expand,
    find_touched,
    run_module,
    run_oracle,
)
from tests.frameworks import torch
from tests.graphs import make_graph, make_input, make_node
from tests.op_cases import CASES, OpCase

pytestmark = pytest.mark.torch


def list_case_graphs(case: OpCase) -> list[Graph]:
    """A network of one op, and those that take every second position of its result."""
    graphs = []
    for start in (None, 0, 1):
        values = [make_input(shape, f"input{i}") for i, shape in enumerate(case.inputs)]
        nodes = [make_node("layer", case.build(), *values)]
        shape = nodes[0].shape
        if start is not None:
            if not shape.sizes or start >= min(shape.sizes):
                continue
            axis = "tokens" if shape.kind is Kind.TOKENS else "spatial"
            cut = Slice(axis=axis, start=start, step=2)
            nodes.append(make_node("cut", cut, nodes[0].output))
        graphs.append(make_graph(values, nodes))
    return graphs


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_op_reads_what_has_a_gradient(case: OpCase) -> None:
    # With so many samples every value of a window is once the largest.
    batch = {"max_pool": 100, "min_pool": 100, "global_max_pool": 600}.get(case.op, 4)
    for graph in list_case_graphs(case):
        found = find_coverage(graph)
        values = run_oracle(graph, [draw_images(value, batch) for value in graph.inputs])
        for value in graph.inputs:
            touched = find_touched(values[value], value)
            assert torch.equal(expand(found[value]), touched), graph.nodes[-1].op


def draw_window(source: random.Random, rank: int, least: int = 1) -> dict[str, Any]:
    """A kernel, a stride and a padding, for all axes alike or for each."""

    def draw(low: int, high: int) -> Any:
        if source.random() < 0.5:
            return source.randint(low, high)
        return [source.randint(low, high) for _ in range(rank)]

    padding = source.choice(
        (0, "same", draw(0, 2), [source.randint(0, 2) for _ in range(2 * rank)])
    )
    return {"kernel_size": draw(least, 4), "stride": draw(1, 3), "padding": padding}


def draw_step(source: random.Random, rank: int) -> Any:
    """One layer that moves, cuts or mixes positions."""
    window = draw_window(source, rank)
    plain = {key: value for key, value in window.items() if key != "padding"}
    linear = ("linear", "bilinear", "trilinear")[rank - 1]
    axis = source.choice(("spatial", *AXIS_NAMES[rank]))
    rate = source.randint(1, 3)
    return source.choice((
        {"conv": {"out_channels": 4, **window, "dilation": rate}},
        {"conv": {"out_channels": 4, **window}},
        {"depthwise_conv": {**window, "dilation": rate}},
        {"avg_pool": {**plain, "ceil_mode": source.random() < 0.5}},
        {"conv_transpose": {"out_channels": 4, **plain, "padding": source.randint(0, 2),
                            "dilation": rate}},
        {"upsample": {"scale_factor": 2, "mode": source.choice(("nearest", linear))}},
        {"resize": {"size": source.randint(2, 9), "mode": source.choice(("nearest", linear))}},
        {"resize": {"size": source.randint(2, 9), "mode": linear, "align_corners": True}},
        {"adaptive_avg_pool": source.randint(1, 6)},
        {"zero_pad": [source.randint(0, 2) for _ in range(2 * rank)]},
        {"crop": [source.randint(0, 2) for _ in range(2 * rank)]},
        {"slice": {"axis": axis, "start": source.randint(0, 2), "step": source.randint(1, 3)}},
        {"pixel_unshuffle": 2},
    ))  # fmt: skip


def draw_join(source: random.Random, rank: int) -> list[Any]:
    """Branches of one value that read different parts of it, or that value and a gate."""
    if source.random() < 0.2:
        gate = ["global_avg_pool", {"linear": 4}] if rank == 2 else [{"adaptive_avg_pool": 1}]
        mixed = {"conv": {"out_channels": 4, "kernel_size": 1}}
        return [mixed, {"parallel": [[], gate], "merge": "multiply"}]
    size = source.randint(1, 4)
    branches = []
    for _ in range(source.randint(2, 3)):
        steps = [draw_step(source, rank) for _ in range(source.choice((0, 0, 1, 2)))]
        last = source.choice(("resize", "adaptive_avg_pool", "slice", "slice", "slice"))
        end: Any = {last: size}
        if last == "slice":
            step = source.randint(1, 2)
            start = source.randint(0, 4)
            stop = start + (size - 1) * step + 1
            end = {"slice": {"axis": "spatial", "start": start, "stop": stop, "step": step}}
        branches.append([*steps, end])
    return [{"parallel": branches, "merge": "concat"}]


@cache
def draw_net(seed: int) -> Graph:
    """A small network of random windows and joins that can be built."""
    source = random.Random(seed)
    while True:
        rank = source.choice((1, 2, 2, 2, 3))
        sizes = {axis: source.randint(6, 8 if rank == 3 else 14) for axis in AXIS_NAMES[rank]}
        layers = [draw_step(source, rank) for _ in range(source.randint(1, 3))]
        for _ in range(source.choice((0, 1, 1, 2))):
            at = source.randint(0, len(layers))
            layers[at:at] = draw_join(source, rank)
        text = {"cnnspec": 1, "name": "net", "input": {"channels": 4, **sizes}, "layers": layers}
        try:
            return build_graph(read_spec(json.dumps(text), "net.yaml"))
        except SpecError:
            continue


@pytest.mark.parametrize("seed", range(150))
def test_random_networks_read_what_has_a_gradient(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = draw_net(seed)
    (image,) = [draw_images(value, 2) for value in graph.inputs]
    run_module(graph, [image])
    rough = find_coverage(graph)[graph.inputs[0]]
    monkeypatch.setattr(boxes, "MAX_BOXES", 10_000)
    found = find_coverage(graph)
    touched = find_touched(image, graph.inputs[0])
    assert torch.equal(expand(found[graph.inputs[0]]), touched)
    assert bool((expand(rough) >= touched).all())
    assert found[graph.inputs[0]].share == Fraction(int(touched.sum()), touched.numel())
    values = run_oracle(graph, [draw_images(value, 2) for value in graph.inputs])
    for value, covered in found.items():
        assert torch.equal(expand(covered), find_touched(values[value], value))


def test_random_networks_are_of_many_kinds() -> None:
    graphs = [draw_net(seed) for seed in range(150)]
    covered = [find_coverage(graph)[graph.inputs[0]] for graph in graphs]
    assert sum(not found.is_whole for found in covered) > 50
    assert sum(found.parts is not None and len(found.parts) > 1 for found in covered) > 10
    assert {len(found.sizes) for found in covered} == {1, 2, 3}


@pytest.mark.parametrize("seed", range(60))
def test_a_tap_is_dead_if_its_weights_have_no_gradient(seed: int) -> None:
    source = random.Random(seed)
    while True:
        rank = source.choice((1, 2, 3))
        sizes = {axis: source.randint(1, 5) for axis in AXIS_NAMES[rank]}
        window = {**draw_window(source, rank, least=2), "dilation": source.randint(1, 4)}
        if source.random() < 0.6:
            window["padding"] = source.randint(1, 6)
        word = source.choice(("conv", "depthwise_conv"))
        step = {word: window if word == "depthwise_conv" else {"out_channels": 2, **window}}
        text = {"cnnspec": 1, "name": "net", "input": {"channels": 3, **sizes}, "layers": [step]}
        try:
            graph = build_graph(read_spec(json.dumps(text), "net.yaml"))
            break
        except SpecError:
            continue
    model = run_module(graph, [draw_images(value, 2) for value in graph.inputs])
    (kernel,) = [array for name, array in model.named_parameters() if name.endswith("weight")]
    (taps,) = find_taps(graph).values()
    alive = kernel.grad.abs().amax((0, 1)) > 0
    for place in product(*map(range, taps.sizes)):
        said = all(mask >> tap & 1 for mask, tap in zip(taps.alive, place, strict=True))
        assert bool(alive[place]) == said
    assert taps.dead == int((~alive).sum())


def measure_extents(graph: Graph, rows: range) -> list[int]:
    """How many rows of the input some rows of the output have a gradient in."""
    extents = []
    for row in rows:
        images = draw_images(graph.inputs[0], 1)
        values = run_oracle(graph, [images])
        (output,) = (values[value] for value in graph.outputs.values())
        (found,) = torch.autograd.grad(output[0, :, row].sum(), images)
        touched = found.abs().amax((0, 1)).nonzero().flatten()
        extents.append(int(touched.max() - touched.min()) + 1)
    return extents


def build_line(layers: list[Any], length: int = 200) -> Graph:
    text = {"cnnspec": 1, "name": "net", "input": {"channels": 2, "length": length},
            "layers": layers}  # fmt: skip
    return build_graph(read_spec(json.dumps(text), "net.yaml"))


def conv(kernel: int, **fields: Any) -> dict[str, Any]:
    return {"conv": {"out_channels": 2, "kernel_size": kernel, **fields}}


CHAINS: dict[str, list[Any]] = {
    "windows": [conv(3), conv(5, stride=2), {"avg_pool": 2}, conv(3, dilation=2)],
    "padded": [conv(7, stride=2, padding=3), {"avg_pool": {"kernel_size": 3, "stride": 2}}],
    "residual": [
        conv(3, padding=1),
        {"residual": {"body": [conv(3, padding=1, stride=2), conv(3, padding=1)],
                      "shortcut": [conv(1, stride=2)]}},
        conv(3, padding=1),
    ],
    "parallel": [{"parallel": [[conv(1)], [conv(7, padding=3)]], "merge": "concat"}, conv(3)],
    "sliced": [{"slice": {"axis": "length", "step": 3}}, conv(3)],
    "unshuffled": [{"pixel_unshuffle": 2}, conv(3)],
}  # fmt: skip


@pytest.mark.parametrize("layers", CHAINS.values(), ids=CHAINS)
def test_a_row_reads_as_far_as_its_gradient(layers: list[Any]) -> None:
    graph = build_line(layers)
    (field,) = find_fields(graph)[graph.outputs["output"]]
    middle = graph.outputs["output"].known.sizes[0] // 2
    assert set(measure_extents(graph, range(middle - 1, middle + 2))) == {field.high}


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
def test_behind_an_enlarged_map_the_mean_is_told(kernel: int) -> None:
    graph = build_line([conv(3), {"upsample": 2}, conv(kernel), {"upsample": 3}, conv(2)], 40)
    (field,) = find_fields(graph)[graph.outputs["output"]]
    extents = measure_extents(graph, range(60, 72))
    assert sum(extents) == 12 * (field.high or 0)
