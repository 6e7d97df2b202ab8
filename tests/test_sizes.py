"""The sizes that a network takes: against documented ones, and against building at each size."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec import load
from cnnspec.graph.build import build_graph
from cnnspec.graph.builder import Builder
from cnnspec.graph.ir import Graph, OpenSize
from cnnspec.graph.replay import Prober
from cnnspec.graph.size_sets import SizeSet, shorten_period, spell_sizes
from cnnspec.graph.valid_sizes import (
    AxisSizes,
    find_lossless_near,
    find_valid_sizes,
    free_sizes,
    put_size,
)
from cnnspec.graph.variations import find_variations, list_dims
from cnnspec.lint.base import Budget, Subject
from cnnspec.lint.rules import unread_input_border
from cnnspec.network import Network
from cnnspec.ops.base import ShapeFault
from cnnspec.ops.shapes import Shape
from cnnspec.sources import Source
from cnnspec.spec.read import read_spec
from tests.op_cases import CASES, OpCase

FOLDER = Path(__file__).parent / "sizes"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
# torchvision's `min_size` of its weights' metadata; the U-Net's and DCGAN's by their strides.
DOCUMENTED = {
    "alexnet": "at least 63",
    "vgg": "at least 32",
    "inception_v3": "at least 75",
    "googlenet": "at least 15",
    "densenet": "at least 29",
    "squeezenet1_0": "at least 21",
    "squeezenet1_1": "at least 17",
    "resnet": "at least 1",
    "unet": "multiples of 16",
    "discriminator": "at least 64",
    "digits": "26 to 29",
}
TRIED = 200


@cache
def build(name: str) -> Graph:
    return load(FOLDER / f"{name}.yaml").graph


def read(text: str) -> Network:
    return Network(Source("net.yaml", text.encode(), Path()))


def write_spec(height: str, width: str, *steps: str) -> str:
    head = f"cnnspec: 1\nname: net\ninput: {{channels: 3, height: {height}, width: {width}}}\n"
    return head + "layers:\n" + "".join(f"  - {step}\n" for step in steps)


def rebuild(graph: Graph, inputs: tuple[Shape, ...]) -> Graph | None:
    """The network built from its spec for one size; None where its weights would be others."""
    sizes = {v.name: shape.sizes for v, shape in zip(graph.inputs, inputs, strict=True)}
    builder = Builder(graph.spec, graph.variant, graph.overrides, sizes=sizes, words=False)
    built = builder.build()
    if built is None or list(built.list_weights()) != list(graph.list_weights()):
        return None
    same = [n.op for n in built.nodes] == [n.op for n in graph.nodes]
    return built if same else None


def try_all(graph: Graph, size: OpenSize, top: int = TRIED) -> list[int]:
    shapes = tuple(value.known for value in graph.inputs)
    return [n for n in range(1, top + 1) if rebuild(graph, put_size(shapes, size, n)) is not None]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_least_sizes_are_the_documented_ones(name: str) -> None:
    for axis in find_valid_sizes(build(name)).axes:
        assert spell_sizes(axis.valid) == DOCUMENTED[name]
        assert not axis.capped


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_sizes_are_those_at_which_the_spec_can_be_built(name: str) -> None:
    graph = build(name)
    for axis in find_valid_sizes(graph).axes:
        found = [n for n in range(1, TRIED + 1) if n in axis.valid]
        top = min(TRIED, axis.size.most or TRIED)
        assert [n for n in found if n <= top] == try_all(graph, axis.size, top)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_shapes_inferred_again_are_those_of_a_new_build(name: str) -> None:
    graph = build(name)
    prober = Prober(graph)
    for size in graph.open_sizes:
        for n in range(1, 120, 3):
            inputs = put_size(prober.inputs, size, n)
            values, built = prober.infer(inputs), rebuild(graph, inputs)
            assert (values is None) == (built is None), n
            if values is not None and built is not None:
                shapes = [prober.shapes[value] for value in values]
                assert shapes == [*inputs, *(node.shape for node in built.nodes)]


@pytest.mark.parametrize("name", NAMES)
def test_formulas_give_the_shapes_of_every_valid_size(name: str) -> None:
    graph = build(name)
    names = {size.letter: size for size in graph.open_sizes}
    for axis in find_variations(graph).valid.axes:
        for n in [n for n in axis.usable if n <= TRIED][::5]:
            shapes = tuple(value.known for value in graph.inputs)
            sizes = {
                letter: shapes[s.places[0][0]].sizes[s.places[0][1]] for letter, s in names.items()
            }
            sizes[axis.size.letter] = n
            built = rebuild(graph, put_size(shapes, axis.size, n))
            assert built is not None
            for node, other in zip(graph.nodes, built.nodes, strict=True):
                dims = list_dims(graph, node.output)
                # What is said with a slash must come out whole.
                found = [eval(str(dim), {}, sizes) for dim in dims]
                assert found == list(other.shape.dims), (node.path, dims, n)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_border_pixels_are_lost_where_the_last_row_is_read(name: str) -> None:
    """Against windows laid out one by one: some window of some reader holds the last row."""
    graph = build(name)
    for axis in find_valid_sizes(graph).axes:
        for n in [n for n in axis.usable if n <= 100]:
            shapes = tuple(value.known for value in graph.inputs)
            built = rebuild(graph, put_size(shapes, axis.size, n))
            assert built is not None
            places = {place for _, place in axis.size.places}
            values = [*built.inputs, *(node.output for node in built.nodes)]
            open_values = find_open(graph, axis)
            lost = any(
                loses_rows(value.readers, value.known, place)
                for value, is_open in zip(values, open_values, strict=True)
                for place in places
                if is_open and value.readers
            )
            assert (n in axis.lossless) == (not lost), n


def find_open(graph: Graph, axis: AxisSizes) -> list[bool]:
    variations = find_variations(graph)
    return [
        variations.is_open(value) and value.known.rank > 0
        for value in [*graph.inputs, *(node.output for node in graph.nodes)]
    ]


def loses_rows(readers: list, shape: Shape, place: int) -> bool:
    for node in readers:
        if "conv_transpose" in node.op.op or not hasattr(node.op, "kernel_size"):
            return False
        window = node.op.resolve(shape)[place]
        for step in range(node.shape.sizes[place]):
            start = step * window.stride - window.before
            if start + (window.kernel - 1) * window.dilation >= shape.sizes[place] - 1:
                return False
    return True


GROWING = [case for case in CASES if case.inputs[0].rank > 0]


@pytest.mark.parametrize("case", GROWING, ids=lambda case: case.id)
def test_growth_says_the_sizes_of_every_input(case: OpCase) -> None:
    op = case.build()
    for more in range(-4, 40):
        inputs = tuple(
            s.resize(tuple(n if n == 1 else max(1, n + more) for n in s.sizes)) for s in case.inputs
        )
        try:
            output = op.infer_shape(inputs)
        except ShapeFault:
            continue
        growth = op.find_growth(inputs)
        own = max(
            inputs[1:] if op.refers else inputs, key=lambda shape: (shape.rank, shape.elements)
        )
        if growth is not None:
            assert output.sizes == tuple(
                (g.factor * n + g.offset) // g.divisor
                for g, n in zip(growth, own.sizes, strict=True)
            )


@settings(max_examples=300, deadline=None)
@given(
    st.sets(st.integers(1, 12)),
    st.sets(st.integers(0, 5)),
    st.integers(1, 6),
)
def test_a_set_that_repeats_itself_is_said_by_its_members(
    irregular: set[int], residues: set[int], period: int
) -> None:
    def has(size: int) -> bool:
        return size in irregular if size <= 12 else size % period in residues

    tried = 12 + 2 * period
    found = shorten_period(SizeSet(tuple(filter(has, range(1, tried + 1))), tried, period))
    assert [n for n in range(1, 100) if n in found] == list(filter(has, range(1, 100)))
    for size in range(1, 60):
        near = found.find_nearest(size)
        below = [n for n in range(1, size) if has(n)]
        above = [n for n in range(size + 1, 150) if has(n)]
        assert near == ((size,) if has(size) else (*below[-1:], *above[:1]))


def test_a_spec_that_reads_sizes_is_built_again_for_each() -> None:
    graph = build("reads")
    assert Prober(graph).reads.sizes
    assert not Prober(build("unet")).reads.sizes


def test_a_parameter_that_is_called_like_a_size_is_none() -> None:
    text = (
        "cnnspec: 1\nname: net\ninput: {channels: 3, height: H, width: 8}\nparams: {width: 4}\n"
        "layers:\n  - conv: {out_channels: $width, kernel_size: 3}\n"
    )
    assert not Prober(build_graph(read_spec(text, "net.yaml"))).reads.sizes


def test_channels_of_a_flattened_map_count_as_sizes() -> None:
    spec = write_spec("H", "8", "flatten", "{dropout: $(0.5 if in_channels > 300 else 0.1)}")
    block = "blocks: {head: {layers: [{dropout: $(0.5 if in_channels > 300 else 0.1)}]}}\n"
    text = spec.replace("  - {dropout: $(0.5 if in_channels > 300 else 0.1)}", "  - head")
    graph = read(text.replace("layers:\n", block + "layers:\n", 1)).graph
    (axis,) = find_valid_sizes(graph).axes
    # 3 * 8 * 13 is the first above 300: other networks below, and the one at hand from there.
    assert spell_sizes(axis.valid) == "at least 13"


@pytest.mark.parametrize("name", ["alexnet", "vgg:16", "resnet:50", "mobilenet_v2"])
def test_fixed_sizes_can_be_asked_for_too(name: str) -> None:
    graph = load(name).graph
    sizes = [spell_sizes(axis.valid) for axis in find_valid_sizes(graph).axes]
    least = {"alexnet": 63, "vgg:16": 32, "resnet:50": 1, "mobilenet_v2": 1}[name]
    assert sizes == [f"at least {least}"] * 2
    assert len(free_sizes(graph.inputs)) == 2


def test_two_axes_with_one_letter_are_one_size() -> None:
    graph = build("square")
    (axis,) = find_valid_sizes(graph).axes
    assert axis.axes == ("height", "width")
    assert all(value.known.sizes[0] == value.known.sizes[1] for value in graph.inputs)


def check_range(height: str, *steps: str) -> tuple[str, tuple[str, ...]]:
    (finding,) = read(write_spec(height, "W", *steps)).check()
    return finding.message, finding.help


HALVED = ["max_pool: 2", "conv_transpose: {out_channels: 3, kernel_size: 2, stride: 2}"]
JOINED = ["{identity: , name: start}", *HALVED, "concat: [start, _]"]


@pytest.mark.parametrize(
    ("height", "best"),
    [
        ("{min: 5, max: 64}", "{min: 6, max: 64, multiple_of: 2}"),
        ("{min: 5}", "{min: 6, multiple_of: 2}"),
        ("{min: 3, multiple_of: 3, default: 12}", "{min: 6, multiple_of: 6, default: 12}"),
        ("{max: 9}", "{min: 2, max: 8, multiple_of: 2}"),
    ],
)
def test_a_range_with_invalid_sizes_is_refused_with_the_largest_that_is_correct(
    height: str, best: str
) -> None:
    _, help = check_range(height, *JOINED)
    assert help == (f"declare {best}",)
    assert read(write_spec(best, "W", *JOINED)).check() == ()


def test_figures_are_for_the_default_or_the_first_usual_size() -> None:
    conv = "conv: {out_channels: 2, kernel_size: 3}"

    def nominal(height: str, *steps: str) -> int:
        return read(write_spec(height, "W", *(steps or (conv,)))).graph.inputs[0].known.sizes[0]

    assert nominal("H") == 64
    assert nominal("{default: 100}") == 100
    assert nominal("{min: 70}") == 70
    assert nominal("{max: 50}") == 50
    assert nominal("{max: 99, multiple_of: 7}") == 70
    assert nominal("H", "conv: {out_channels: 2, kernel_size: 90}") == 90


@pytest.mark.parametrize("letter", ["H", "'(H + 1)//2'", "32"])
def test_an_expected_output_may_be_a_formula_or_the_size_that_figures_are_for(letter: str) -> None:
    step = "conv: {out_channels: 2, kernel_size: 3, padding: 1, stride: 2}"
    text = write_spec("H", "W", step) + f"expect: {{output: [2, {letter}, '(W + 1)//2']}}\n"
    problems = [finding.message for finding in read(text).check()]
    assert bool(problems) == (letter == "H")


def test_json_carries_the_facts(capsys: pytest.CaptureFixture[str]) -> None:
    from cnnspec.cli.main import run

    assert run(["check", "--format", "json", str(FOLDER / "unet.yaml")]) == 0
    found = {entry["rule"]: entry for entry in json.loads(capsys.readouterr().out)}
    facts = found["valid-sizes"]
    height, width = facts["sizes"]
    assert height["valid"] == {"sizes": [], "start": 16, "period": 16, "remainders": [0]}
    assert width["name"] == "W"


def test_a_size_that_does_not_work_is_answered_with_the_nearest_that_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from cnnspec.cli.main import run

    file = tmp_path / "net.yaml"
    text = (
        (FOLDER / "unet.yaml").read_text().replace("height: H, width: W", "height: 250, width: 300")
    )
    file.write_text(text)
    assert run(["check", "--sizes", str(file)]) == 1
    shown = capsys.readouterr().out
    assert "height: multiples of 16; nearest to 250: 240, 256" in shown
    assert "width: multiples of 16; nearest to 300: 288, 304" in shown


@pytest.mark.parametrize(
    ("height", "near"),
    [("32", (30, 34)), ("{default: 32}", (30, 34)), ("{min: 32, default: 32}", (34,))],
)
def test_the_nearest_sizes_of_which_all_is_read(height: str, near: tuple[int, ...]) -> None:
    text = (
        f"cnnspec: 1\nname: net\ninput: {{channels: 3, height: {height}, width: 30}}\nlayers:\n"
        "  - conv: {out_channels: 4, kernel_size: 3}\n  - max_pool: 2\n"
        "  - conv: {out_channels: 4, kernel_size: 3}\n  - max_pool: 2\n"
    )
    assert find_lossless_near(build_graph(read_spec(text, "net.yaml")), 0, 0)[0] == near


def test_sizes_of_many_variants_are_refused_before_they_take_long(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnnspec.cli.main import run

    file = tmp_path / "net.yaml"
    file.write_text(
        "cnnspec: 1\nname: net\ninput: {channels: 3, height: 32, width: 30}\n"
        "variants: {large: {}, small: {}}\nlayers: [tanh]\n",
        encoding="utf-8",
    )
    assert run(["check", "--sizes", str(file)]) == 0
    capsys.readouterr()
    monkeypatch.setattr("cnnspec.report.sizes.MAX_TRIED_WORK", 0)
    assert run(["check", "--sizes", str(file)]) == 1
    assert "'large' and those after it are not tried" in capsys.readouterr().out
    assert run(["check", "--sizes", f"{file}:large"]) == 0


def test_better_sizes_are_looked_for_as_long_as_there_is_time() -> None:
    text = (
        "cnnspec: 1\nname: net\ninput: {channels: 3, height: 9, width: 30}\nlayers:\n"
        "  - conv: {out_channels: 4, kernel_size: 2, stride: 2}\n"
    )
    graph = build_graph(read_spec(text, "net.yaml"))
    shown = [
        next(iter(unread_input_border.find_lost_borders(Subject(graph, Budget(steps=steps)))))
        for steps in (100_000, 0)
    ]
    assert ["or take inputs" in " ".join(finding.help) for finding in shown] == [True, False]
