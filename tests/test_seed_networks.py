"""The eight networks of the first lesson: each gets the diagnosis that is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec.diagnostics import Diagnostic
from cnnspec.graph.check import check_variants
from cnnspec.spec.read import read_spec

SEEDS = Path(__file__).parent / "seeds"


def check(name: str) -> tuple[Diagnostic, ...]:
    return check_variants(read_spec((SEEDS / f"{name}.yaml").read_text(), f"{name}.yaml")).findings


def find_line(name: str, word: str, count: int) -> int:
    """The line of the count-th step that begins with a word."""
    lines = enumerate((SEEDS / f"{name}.yaml").read_text().splitlines(), 1)
    return [number for number, line in lines if line.strip().startswith(f"- {word}")][count - 1]


@pytest.mark.parametrize("name", ["p1", "p6", "p7", "p8"])
def test_a_network_that_only_could_be_better_passes(name: str) -> None:
    assert check(name) == ()


@pytest.mark.parametrize("number", range(1, 9))
def test_every_repaired_network_passes(number: int) -> None:
    assert check(f"p{number}_repaired") == ()


def test_a_convolution_after_global_pooling_is_the_error() -> None:
    (found,) = check("p2")
    assert found.span is not None
    assert (found.rule, found.span.line) == ("kind-mismatch", find_line("p2", "conv", 3))
    assert found.message == "conv takes a feature map, got a vector of 64"
    assert found.help == ("move it before the global_avg_pool at line 11",)


def test_the_map_runs_out_at_the_second_pooling() -> None:
    (found,) = check("p3")
    assert found.span is not None
    assert (found.rule, found.span.line) == ("kernel-exceeds-input", find_line("p3", "max_pool", 2))
    assert found.notes[0] == "sizes: 8 -conv1-> 6 -pool1-> 3 -conv2-> 1 -pool2-> x"
    assert "conv2 at line 9 has no padding: a 3x3 kernel makes 3x3 into 1x1" in found.notes
    assert "the smallest input that works is 18x18" in found.help


def test_a_convolution_after_flatten_is_the_error() -> None:
    (found,) = check("p4")
    assert found.span is not None
    assert (found.rule, found.span.line) == ("kind-mismatch", find_line("p4", "conv", 2))
    assert "7200" in found.message


def test_a_linear_layer_is_not_applied_to_the_last_axis_of_a_map() -> None:
    (found,) = check("p5")
    assert found.span is not None
    assert (found.rule, found.span.line) == ("kind-mismatch", find_line("p5", "linear", 1))
    assert [line.split(" before")[0] for line in found.help] == [
        "put flatten",
        "put global_avg_pool",
    ]
