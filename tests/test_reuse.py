"""Blocks that are copied come out as if they were carried out, and cost next to nothing."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from pathlib import Path

import pytest

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.graph import builder, evaluate, limits
from cnnspec.graph.build import build_graph
from cnnspec.graph.builder import Builder
from cnnspec.graph.check import check_variants
from cnnspec.graph.ir import BranchItem, CallItem, Graph, GroupItem, Item, LoopItem, OpItem, Region
from cnnspec.ops import model
from cnnspec.spec.model import ModelSpec
from cnnspec.spec.read import read_spec
from tests.networks import NETS, Net
from tests.random_specs import write_random_spec

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))


class Dump:
    """All that a graph says, without the identity of its parts."""

    def __init__(self, graph: Graph) -> None:
        values = [*graph.inputs, *(node.output for node in graph.nodes)]
        # With several inputs the first steps have no current value.
        self.values = defaultdict(lambda: None, zip(values, count(), strict=False))
        self.nodes = {node: index for index, node in enumerate(graph.nodes)}
        self.text = [
            *(self.show_value(value) for value in values),
            *(
                (node.path, repr(node.op), [self.values[v] for v in node.inputs], node.weights,
                 node.origin.step.head, node.origin.step.span, node.origin.calls)
                for node in graph.nodes
            ),
            self.show_region(graph.body),
            self.values[list(graph.outputs.values())[-1]],
        ]  # fmt: skip

    def show_value(self, value: builder.Value) -> object:
        producer = None if value.producer is None else self.nodes[value.producer]
        return value.shape, value.name, producer, [self.nodes[node] for node in value.readers]

    def show_region(self, region: Region) -> object:
        ends = self.values[region.input], self.values[region.output]
        return ends, region.positional, region.scope, [self.show_item(i) for i in region.items]

    def show_item(self, item: Item) -> object:
        step = item.step
        place = (type(item), step.head, step.span, step.modifiers, item.path,
                 self.values[item.input], self.values[item.output])  # fmt: skip
        match item:
            case OpItem():
                return place, self.nodes[item.node]
            case CallItem():
                # A spec that is a part becomes a block anew in each build.
                block = item.block.name if item.block.home is not None else item.block
                call = block, item.arguments, item.in_channels
                return place, call, self.show_region(item.body)
            case GroupItem():
                return place, item.named, self.show_region(item.body)
            case BranchItem():
                merge = None if item.merge is None else self.nodes[item.merge]
                return place, merge, [(n, self.show_region(body)) for n, body in item.branches]
            case LoopItem():
                return place, [(row, self.show_item(turn)) for row, turn in item.turns]
        return place


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every block be carried out."""
    monkeypatch.setattr("cnnspec.graph.builder.make_key", lambda *_: None)


def count_blocks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the blocks that are carried out from now on."""
    found: list[str] = []
    run_block = Builder.run_block

    def run(self: Builder, block, *rest):  # type: ignore[no-untyped-def]
        found.append(block.name)
        return run_block(self, block, *rest)

    monkeypatch.setattr(Builder, "run_block", run)
    return found


def check(text: str) -> tuple[Diagnostic, ...]:
    try:
        return check_variants(read_spec(text, "net.yaml")).findings
    except SpecError as error:
        return error.diagnostics


@pytest.mark.parametrize("seed", range(60))
def test_random_spec_is_the_same_without_copies(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = read_spec(write_random_spec(seed), "net.yaml")
    copied = Dump(build_graph(spec)).text
    forget(monkeypatch)
    assert Dump(build_graph(spec)).text == copied


@pytest.mark.slow
@pytest.mark.parametrize("net", NETS, ids=lambda net: net.id)
def test_network_is_the_same_without_copies(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = Dump(net.build()).text
    forget(monkeypatch)
    assert Dump(net.build()).text == copied


def test_the_comparison_sees_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    net = next(net for net in NETS if net.id == "resnet:50")
    before = Dump(net.build())
    graph = net.build()
    graph.nodes[-2].path += "x"
    assert Dump(graph).text != before.text


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_findings_are_the_same_without_copies(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_STEPS", 3000)
    found = check(path.read_text())
    forget(monkeypatch)
    assert check(path.read_text()) == found


HEAD = "cnnspec: 1\nname: net\ninput: {channels: 8, height: 64, width: 64}\n"
UNIT = """\
blocks:
  unit:
    params: [channels, stride=1]
    layers:
      - residual:
          - conv: {out_channels: $channels, kernel_size: 3, stride: $stride, padding: 1}
          - batch_norm
      - relu
"""


def read_uses(count: int, then: str = "") -> ModelSpec:
    return read_spec(f"{HEAD}{UNIT}layers:\n  - unit: 8\n    repeat: {count}\n{then}", "net.yaml")


def test_thousand_uses_carry_a_block_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = count_blocks(monkeypatch)
    graph = build_graph(read_uses(1000))
    assert found == ["unit"]
    assert len({node.path for node in graph.nodes}) == len(graph.nodes) == 4000


def test_variants_share_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    found = count_blocks(monkeypatch)
    text = (
        "params: {depth: 1}\nvariants: {deep: {depth: 5}, deeper: {depth: 9}}\nlayers:\n"
        "  - conv_bn: {out_channels: 8, kernel_size: 3, padding: 1}\n    repeat: $depth\n"
    )
    assert check_variants(read_spec(HEAD + text, "net.yaml")).findings == ()
    assert len(found) == 1


def test_a_number_of_another_type_is_another_use(monkeypatch: pytest.MonkeyPatch) -> None:
    found = count_blocks(monkeypatch)
    text = (
        "blocks:\n  unit: {params: [p], layers: [{dropout: $p}]}\n"
        "layers: [{unit: 0}, {unit: 0.0}, {unit: -0.0}, {unit: 0}]\n"
    )
    graph = build_graph(read_spec(HEAD + text, "net.yaml"))
    assert len(found) == 3
    assert len(graph.nodes) == 4


def test_fault_in_a_block_is_found_in_all_of_its_uses() -> None:
    text = (
        "blocks:\n  unit: {layers: [{conv: {out_channels: 8, kernel_size: 3}}]}\n"
        "layers:\n  - unit:\n    repeat: 40\n"
    )
    (finding,) = check(HEAD + text)
    assert finding.path == "31.0"
    assert finding.rule == "kernel-exceeds-input"


def test_copies_stop_at_the_same_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_NODES", 99)
    text = f"{HEAD}{UNIT}layers:\n  - unit: 8\n    repeat: 40\n"
    found = check(text)
    assert [finding.rule for finding in found] == ["too-large"]
    forget(monkeypatch)
    assert check(text) == found


@pytest.mark.parametrize("repeats", ["repeat", "written out"])
def test_evaluations_grow_no_faster_than_layers(
    repeats: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated = 0
    compute = evaluate.evaluate

    def counting(argument, variables):  # type: ignore[no-untyped-def]
        nonlocal evaluated
        evaluated += 1
        return compute(argument, variables)

    for module in ("arguments", "reading", "inputs", "params"):
        monkeypatch.setattr(f"cnnspec.graph.{module}.evaluate", counting)

    def measure(uses: int) -> int:
        nonlocal evaluated
        evaluated = 0
        step = "  - conv: {out_channels: $(2 * width), kernel_size: 3, padding: 1}\n"
        if repeats == "repeat":
            text = f"{HEAD}params: {{width: 4}}\nlayers:\n{step}    repeat: {uses}\n"
        else:
            text = f"{HEAD}params: {{width: 4}}\nlayers:\n{step * uses}"
        assert check(text) == ()
        return evaluated

    once, twice = measure(500), measure(1000)
    assert once > 500
    assert twice <= 2 * once


def test_only_ops_in_use_get_validators(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    make = model._make_validator
    for kind in builder.OPS.values():
        monkeypatch.setattr(kind, "_validator", None)

    def making(kind):  # type: ignore[no-untyped-def]
        made.append(kind.__name__)
        return make(kind)

    monkeypatch.setattr(model, "_make_validator", making)
    net = next(net for net in NETS if net.id == "vgg:16")
    assert check_variants(net.spec).findings == ()
    ops = {"Conv", "BatchNorm", "Relu", "MaxPool", "AdaptiveAvgPool", "Flatten", "Linear",
           "Dropout"}  # fmt: skip
    assert sorted(made) == sorted(ops)
