"""Bad specs beside their exact messages.

``REGENERATE=1 pytest tests/test_failures.py`` writes the messages anew; read them aloud before
they are committed: each must be true, short, and clear to a student.
"""

from __future__ import annotations

import ast
import os
import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import cnnspec
from cnnspec.diagnostics import Diagnostic, SpecError, draw_excerpt
from cnnspec.graph.build import build_graph
from cnnspec.graph.check import check_variants
from cnnspec.sources import Source, open_beside
from cnnspec.spec.read import read_spec

BAD = Path(__file__).parent / "bad"
SPECS = sorted(BAD.glob("*.yaml"))
# What the reader of documents reports is tested with it.
SOURCES = ("graph", "ops", "spec")
REPORTING = {"fail", "fail_at", "report", "Diagnostic", "ShapeFault"}
# Rules whose specs need a second file, or a variant that the caller names.
ELSEWHERE = {"invalid-path", "circular-extends"}


def open_file(name: str) -> tuple[str, bytes]:
    return open_beside(Source("", b"", BAD), name)


@cache
def check(text: str, file: str) -> tuple[Diagnostic, ...]:
    try:
        return check_variants(read_spec(text, file, open_file)).findings
    except SpecError as error:
        return error.diagnostics


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_bad_spec_gives_exactly_these_messages(path: Path) -> None:
    text = path.read_text()
    found = check(text, path.name)
    shown = "\n\n".join(draw_excerpt(diagnostic, text) for diagnostic in found) + "\n"
    expected = path.with_suffix(".txt")
    if os.environ.get("REGENERATE"):
        expected.write_text(shown)
    assert found
    assert shown == expected.read_text()


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_finding_stands_in_the_file(path: Path) -> None:
    text = path.read_text()
    lines = text.splitlines()
    for diagnostic in check(text, path.name):
        assert diagnostic.span is not None
        assert diagnostic.span.file == path.name
        assert 1 <= diagnostic.span.line <= len(lines)
        assert 1 <= diagnostic.span.column <= len(lines[diagnostic.span.line - 1]) + 1


def test_every_rule_has_a_bad_spec() -> None:
    shown = "".join(path.read_text() for path in BAD.glob("*.txt"))
    seen = set(re.findall(r"(?:error|warning)\[([a-z-]+)\]", shown))
    assert list_rules() - seen - ELSEWHERE == set()


def list_rules() -> set[str]:
    """The rules that the source reports, by its calls."""
    rules = set()
    package = Path(cnnspec.__file__).parent
    for folder in SOURCES:
        for path in (package / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name not in REPORTING:
                    continue
                for argument in node.args:
                    text = getattr(argument, "value", None)
                    if isinstance(text, str) and re.fullmatch(r"[a-z]+(-[a-z]+)+", text):
                        rules.add(text)
    return rules


def test_the_scan_for_rules_finds_some() -> None:
    assert {"shape-mismatch", "unknown-op", "invalid-step"} <= list_rules()


@pytest.mark.parametrize(
    "name", ["kernel_too_large", "residual_without_projection", "linear_on_map", "library_block"]
)
def test_building_explains_as_much_as_checking(name: str) -> None:
    path = BAD / f"{name}.yaml"
    spec = read_spec(path.read_text(), path.name)
    with pytest.raises(SpecError) as caught:
        build_graph(spec)
    assert caught.value.diagnostics == check_variants(spec).findings


def test_overrides_leave_expectations_out() -> None:
    text = (BAD / "expectations.yaml").read_text()
    spec = read_spec(text, "net.yaml")
    rules = {diagnostic.rule for diagnostic in check_variants(spec, {"width": 9}).findings}
    assert rules == {"unknown-variant"}


def test_overrides_that_change_nothing_keep_expectations() -> None:
    text = (BAD / "expectation_types.yaml").read_text()
    spec = read_spec(text.replace("layers:", "params: {n: 3}\nlayers:"), "net.yaml")
    assert len(check_variants(spec, {"n": 3}).findings) == 3
    assert check_variants(spec, {"n": 4}).findings == ()


REPAIRS = {
    "kernel_too_large": [
        ("kernel_size: [3, 15]", "kernel_size: [3, 13]"),
        ("kernel_size: [3, 15]", "kernel_size: [3, 15], padding: same"),
        ("height: 32, width: 32", "height: 36, width: 36"),
    ],
    "residual_without_projection": [
        (
            "  - residual:\n      - conv: {out_channels: 64, kernel_size: 1}\n",
            "  - residual:\n"
            "      shortcut: [conv: {out_channels: 256, kernel_size: 1, stride: 2}]\n"
            "      body:\n"
            "      - conv: {out_channels: 64, kernel_size: 1}\n",
        )
    ],
    "residual_in_block": [
        (
            "          body:\n",
            "          shortcut:\n"
            "            [conv: {out_channels: $channels, kernel_size: 1, stride: $stride}]\n"
            "          body:\n",
        )
    ],
    "add_named_values": [
        (
            "  - add: [stem, _]",
            "    name: wide\n"
            "  - conv: {out_channels: 32, kernel_size: 1}\n"
            "    from: stem\n"
            "  - add: [_, wide]",
        )
    ],
    "shortcut_without_stride": [
        ("{out_channels: 64, kernel_size: 1}", "{out_channels: 128, kernel_size: 1, stride: 2}")
    ],
    "unet_odd_size": [("700", "688"), ("700", "704"), ("700", "16"), ("700", "48")],
    "linear_on_map": [
        ("- linear: 10", "- flatten\n  - linear: 10"),
        ("- linear: 10", "- global_avg_pool\n  - linear: 10"),
        ("- linear: 10", "- conv: {out_channels: 10, kernel_size: 1}"),
    ],
    "squeeze_without_keepdims": [("- global_avg_pool", "- global_avg_pool: {keepdims: true}")],
    "inception_branch_shrinks": [
        ("kernel_size: 3}", "kernel_size: 3, padding: same}"),
    ],
    "norm_of_one": [("  - instance_norm\n", "")],
    "multiply_gate": [("linear: 16", "linear: 32")],
    "one_axis_runs_out": [("height: 20", "height: 32")],
    "long_ladder": [("height: 32, width: 32", "height: 34, width: 34")],
}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [(name, *change) for name, changes in REPAIRS.items() for change in changes],
)
def test_what_is_advised_works(name: str, before: str, after: str) -> None:
    text = (BAD / f"{name}.yaml").read_text()
    if name == "inception_branch_shrinks":
        text = text.replace("kernel_size: 5}", "kernel_size: 5, padding: same}")
    assert before in text
    assert check(text.replace(before, after), "net.yaml") == ()


@pytest.mark.parametrize(
    ("name", "smallest"),
    [
        ("kernel_too_large", "36"),
        ("long_ladder", "34"),
        ("library_block", "44"),
        ("kernel_too_large_at_once", "11"),
    ],
)
def test_the_smallest_input_is_the_smallest(name: str, smallest: str) -> None:
    text = (BAD / f"{name}.yaml").read_text()
    below = str(int(smallest) - 1)
    for size, good in ((smallest, True), (below, False)):
        sized = re.sub(r"height: \d+, width: \d+", f"height: {size}, width: {size}", text)
        assert (check(sized, "net.yaml") == ()) is good


NETWORK = "cnnspec: 1\nname: net\ninput: {channels: 3, height: HEIGHT, width: WIDTH}\nlayers:\n"


def draw_chain(source: random.Random) -> str:
    """A chain of convolutions and pools, some without padding."""
    steps = [
        f"conv: {{out_channels: 4, kernel_size: {source.choice([1, 3, 5])}, "
        f"stride: {source.choice([1, 2, 3])}, padding: {source.choice([0, 0, 'same'])}}}"
        if source.random() < 0.5
        else f"max_pool: {{kernel_size: {source.choice([2, 3])}, stride: 2, "
        f"ceil_mode: {source.choice(['true', 'false'])}}}"
        for _ in range(source.randrange(2, 6))
    ]
    return NETWORK + "".join(f"  - {step}\n" for step in [*steps, "flatten"])


def draw_hourglass(source: random.Random) -> str:
    """A network that halves its map, enlarges it again and joins both ways."""
    factors = [source.choice([2, 2, 3, 4]) for _ in range(source.randrange(1, 4))]
    text = source.choice(["", "  - conv: {out_channels: 4, kernel_size: 5}\n"])
    for level, factor in enumerate(factors):
        text += f"  - conv: {{out_channels: 4, kernel_size: 1}}\n    name: skip{level}\n"
        text += f"  - max_pool: {factor}\n"
    for level, factor in reversed(list(enumerate(factors))):
        text += f"  - upsample: {factor}\n  - concat: [skip{level}, _]\n"
    return NETWORK + text


def works(text: str, height: int, width: int) -> bool:
    sized = text.replace("HEIGHT", str(height)).replace("WIDTH", str(width))
    return check(sized, "net.yaml") == ()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("draw", [draw_chain, draw_hourglass])
def test_sizes_that_are_advised_are_true(draw: Callable[[random.Random], str], seed: int) -> None:
    source = random.Random(seed)
    text = draw(source)
    height = source.choice([3, 7, 15, 29, 50])
    width = source.choice([height, 11])
    sized = text.replace("HEIGHT", str(height)).replace("WIDTH", str(width))
    lines = [line for found in check(sized, "net.yaml") for line in found.help]
    for line in lines:
        if smallest := re.fullmatch(r"the smallest input that works is (\d+)x(\d+)", line):
            least = tuple(map(int, smallest.groups()))
            assert works(text, *least)
            if height == width:
                assert not any(works(text, size, size) for size in range(1, least[0]))
            elif least[0] > height:
                assert not any(works(text, size, least[1]) for size in range(1, least[0]))
        if every := re.match(r"every input .* multiples of (\d+) works; nearest: (.*)", line):
            divisor = int(every[1])
            assert all(works(text, divisor * n, divisor * n) for n in range(1, 6))
            for near in every[2].split(", "):
                sizes = [int(size) for size in near.split("x")]
                assert works(text, sizes[0], sizes[-1])
