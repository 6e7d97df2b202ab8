"""Every limit is met: what comes to it passes, and one more is refused by its name and number."""

from __future__ import annotations

import re
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest

from cnnspec.cli.check_formats import FORMATS
from cnnspec.cli.main import run
from cnnspec.diagnostics import Diagnostic, Severity, SpecError
from cnnspec.graph import limits, static
from cnnspec.graph.build import build_graph
from cnnspec.graph.reuse import Known
from cnnspec.lint.engine import find_problems
from cnnspec.network import load
from cnnspec.spec.model import ModelSpec
from cnnspec.spec.read import read_spec
from tests.documents import ROOT
from tests.limit_cases import CASES, FLAT, MAP, Files

PAGE = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
# The limit, its value, why, the finding, the constant.
ROWS = re.findall(r"^\| (.+) \| (.+) \| (.+) \| `([a-z-]+)` \| `([\w.]+)` \|$", PAGE, re.MULTILINE)
# What is met where models and weights are made, and by commands (test_bounds).
ELSEWHERE = {
    "graph.limits.MAX_WRITTEN",
    "weights.initialise.MAX_DRAWN",
    "cli.bounds.MAX_SECONDS",
    "cli.bounds.MAX_BYTES",
}


def check(files: str | Files) -> list[Diagnostic]:
    """The errors of `net.yaml`."""
    held = {"net.yaml": files} if isinstance(files, str) else files

    def open_file(name: str) -> tuple[str, bytes]:
        return name, held[name.rpartition("/")[2]].encode()

    try:
        found = find_problems(read_spec(held["net.yaml"], "net.yaml", open_file))
    except SpecError as error:
        found = error.diagnostics
    return [problem for problem in found if problem.severity is Severity.ERROR]


# A hundred thousand ops, even of the simplest, take some seconds.
LONG = {"graph.limits.MAX_NODES"}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in LONG else ()) for n in CASES]
)
def test_a_limit_is_met_and_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[name]
    module, _, constant = name.rpartition(".")
    home = import_module(f"cnnspec.{module}")
    limit = getattr(home, constant)
    if case.low:
        monkeypatch.setattr(f"cnnspec.{case.where or module}.{constant}", case.low)
        limit = case.low
    assert [problem.message for problem in check(case.make(limit))] == []
    problems = check(case.make(limit + case.step))
    assert problems
    found = problems[0]
    assert found.rule == case.rule
    names = [case.named] if case.named else [f"{limit:,}", str(limit)]
    assert any(name in found.message for name in names)


def test_the_page_lists_all_limits_that_a_spec_meets() -> None:
    assert sorted(row[4] for row in ROWS) == sorted(CASES.keys() | ELSEWHERE)


@pytest.mark.parametrize(("value", "rule", "name"), [(row[1], *row[3:]) for row in ROWS])
def test_the_page_has_the_values_of_the_constants(value: str, rule: str, name: str) -> None:
    module, _, constant = name.rpartition(".")
    base, _, power = value.replace(",", "").removesuffix(" - 1").partition("^")
    number = int(base) ** int(power or 1) - value.endswith(" - 1")
    assert getattr(import_module(f"cnnspec.{module}"), constant) == number
    assert name in ELSEWHERE or CASES[name].rule == rule


@pytest.mark.parametrize("target", ["torch", "keras", pytest.param("onnx", marks=pytest.mark.onnx)])
def test_a_network_that_is_too_long_to_read_is_not_written(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(f"{FLAT}layers: [relu, relu]\n", encoding="utf-8")
    network = load(file)
    monkeypatch.setattr("cnnspec.backends.base.MAX_WRITTEN", 2)
    assert network.compile(target).files
    monkeypatch.setattr("cnnspec.backends.base.MAX_WRITTEN", 1)
    with pytest.raises(SpecError, match="2 ops; at most 1 ops are written"):
        network.compile(target)


def test_numbers_of_constants_count_as_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "net.yaml"
    numbers = ", ".join("12345678"[i % 8] for i in range(64))
    file.write_text(
        f"{FLAT}layers:\n- constant: {{features: 64, values: [{numbers}]}}\n- linear: 2\n",
        encoding="utf-8",
    )
    monkeypatch.setattr("cnnspec.backends.base.MAX_WRITTEN", 4)
    assert load(file).compile("torch").files
    monkeypatch.setattr("cnnspec.backends.base.MAX_WRITTEN", 3)
    with pytest.raises(SpecError, match="2 ops and 64 numbers in constants; at most 3 ops are"):
        load(file).compile("torch")


def test_more_weights_than_fit_are_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnspec.weights import initialise

    graph = build_graph(
        read_spec(f"{FLAT}layers: [linear: {{out_features: 1, bias: false}}]\n", "net.yaml")
    )
    monkeypatch.setattr(initialise, "MAX_DRAWN", 8)
    assert len(initialise.initialise_weights(graph, 0)) == 1
    monkeypatch.setattr(initialise, "MAX_DRAWN", 7)
    with pytest.raises(SpecError, match="8 weights would be drawn; the limit is 7"):
        initialise.initialise_weights(graph, 0)


def test_places_of_one_finding_end_at_their_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnspec.lint.engine.MAX_LISTED", 2)
    spec = read_spec(f"{FLAT}layers: [{', '.join(['relu'] * 6)}]\n", "net.yaml")
    listed = [found for found in find_problems(spec) if found.rule == "duplicate-activation"]
    assert len(listed) == 2
    assert listed[-1].notes[-1] == "3 more places with this finding are not listed"


def test_findings_end_at_their_limit() -> None:
    for line in ("linear: {frob: 1}", "frob", "linear: $(1 / 0)", "relu: , from: frob"):
        steps = "".join(f"- {line}{number}\n" for number in range(200))
        assert 1 <= len(check(f"{FLAT}layers:\n{steps}")) <= limits.MAX_DIAGNOSTICS


def test_sizes_that_are_not_looked_for_are_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(f"{MAP}layers: [tanh, sigmoid]\n", encoding="utf-8")
    assert run(["check", "--sizes", str(file)]) == 0
    assert "height" in capsys.readouterr().out
    monkeypatch.setattr("cnnspec.report.sizes.MAX_OPEN_NODES", 1)
    assert run(["check", "--sizes", str(file)]) == 1
    assert "networks of at most 1 ops; this one has 2" in capsys.readouterr().out
    assert run(["check", str(file)]) == 0


def test_a_size_that_is_rounded_too_often_is_an_error_of_a_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "net.yaml"
    steps = "- max_pool: 2\n- zero_pad: 1\n" * 3
    text = f"cnnspec: 1\nname: net\ninput: {{channels: 1, height: H, width: 64}}\nlayers:\n{steps}"
    file.write_text(text, encoding="utf-8")
    assert run(["check", str(file)]) == 0
    monkeypatch.setattr("cnnspec.graph.size_formulas.MAX_LEVELS", 0)
    assert run(["check", str(file)]) == 1
    assert "error[too-deep]: an open size is rounded more than 0 times" in capsys.readouterr().out
    for format in FORMATS:
        assert run(["check", "--format", format, str(file)]) == 1
        assert "too-deep" in capsys.readouterr().out


def test_a_spec_that_others_share_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [[f"l{level}w{place}.yaml" for place in range(2)] for level in range(4)]
    head = "cnnspec: 1\nname: net\ninput: {features: 8}\nlayers:\n"
    files = dict.fromkeys(names[-1], f"{head}- relu\n")
    for above, below in pairwise([["net.yaml"], *names]):
        steps = "".join(f"- spec: {name}\n" for name in below)
        files |= dict.fromkeys(above, f"{head}{steps}")
    seen: list[str] = []
    checked = static.check_words

    def count(
        spec: ModelSpec, report: static.Report, known: Known, done: set[int] | None = None
    ) -> None:
        seen.append(spec.file)
        checked(spec, report, known, done)

    monkeypatch.setattr(static, "check_words", count)
    assert check(files) == []
    assert sorted(seen) == sorted(name for level in names for name in level)


def test_sizes_of_many_inputs_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = limits.MAX_OPEN_SIZES // 2 + 1
    inputs = "".join(f"  x{i}: {{channels: 1, height: 4, width: 4}}\n" for i in range(count))
    names = ", ".join(f"x{i}" for i in range(count))
    file = tmp_path / "net.yaml"
    text = f"cnnspec: 1\nname: net\ninputs:\n{inputs}layers:\n- concat: [{names}]\n"
    file.write_text(text, encoding="utf-8")
    assert run(["check", "--sizes", str(file)]) == 1
    assert f"here they have {2 * count}" in capsys.readouterr().out
    assert run(["check", str(file)]) == 0


def test_a_gate_behind_many_residuals_is_followed_once() -> None:
    # Through so many there are 2^40 paths.
    def find(end: str) -> list[str]:
        spec = read_spec(
            "cnnspec: 1\nname: net\ninput: {channels: 4, height: 1, width: 1}\nlayers:\n"
            f"- tanh:\n  name: x\n- global_avg_pool\n- repeat: 40\n  residual: [sigmoid]\n{end}",
            "net.yaml",
        )
        return [found.rule for found in find_problems(spec)]

    assert "global-pool-noop" not in find("- multiply: [x, _]\n- relu\n")
    assert "global-pool-noop" in find("- relu\n")
