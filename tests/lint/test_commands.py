"""The linter at the command line: which rules are asked, what they count for, and their pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnnspec.cli.main import run
from cnnspec.lint.pages import load_pages
from cnnspec.lint.rules import RULES

# A hint at line 5, and a warning at line 4.
SPEC = """\
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
defaults: {group_norm: {eps: 1e-3}}
layers: [{conv: {out_channels: 16, kernel_size: 3, padding: 1}}, batch_norm, relu,
  {conv: {out_channels: 8, kernel_size: 3, padding: 1}}, batch_norm]
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)


RULES_OF_SPEC = "unused-defaults,bias-before-norm"


def check(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, list[tuple[str, str]]]:
    """The exit code, and the rule and severity of each finding."""
    code = run(["check", "net.yaml", "--format", "json", *options])
    found = json.loads(capsys.readouterr().out)
    return code, [(finding["rule"], finding["severity"]) for finding in found]


HINTS = [("bias-before-norm", "hint")] * 2
WARNING, HINT, ERROR = (("unused-defaults", level) for level in ("warning", "hint", "error"))


@pytest.mark.parametrize(
    ("options", "code", "found"),
    [
        ((), 0, [WARNING, *HINTS]),
        (("--strict",), 1, [WARNING, *HINTS]),
        (("--strict", "--ignore", "unused-defaults"), 0, HINTS),
        (("--select", "unused-value"), 0, []),
        (("--select", "unused-value", "--select", "unused-defaults"), 0, [WARNING]),
        (("--ignore", RULES_OF_SPEC), 0, []),
        (("--ignore", " bias-before-norm , unused-value"), 0, [WARNING]),
        (("--severity", "bias-before-norm=off"), 0, [WARNING]),
        (("--severity", "unused-defaults=hint", "--strict"), 0, [HINT, *HINTS]),
        (("--severity", "unused-defaults=error"), 1, [ERROR, *HINTS]),
        (("--select", "kernel-exceeds-input"), 0, []),
    ],
)  # fmt: skip
def test_options_choose_what_is_found_and_what_it_counts_for(
    options: tuple[str, ...],
    code: int,
    found: list[tuple[str, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not options or options[0] != "--select":
        options = ("--select", f"{RULES_OF_SPEC},unused-value", *options)
    assert check(capsys, *options) == (code, found)


def test_errors_are_found_whatever_is_selected(capsys: pytest.CaptureFixture[str]) -> None:
    Path("net.yaml").write_text(SPEC.replace("kernel_size: 3", "kernel_size: 99"))
    code, found = check(capsys, "--select", "unused-value")
    assert (code, {severity for _, severity in found}) == (1, {"error"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--select", "bias-befor-norm"), "no rule 'bias-befor-norm'; did you mean 'bias-before-n"),
        (("--ignore", "unused-value,"), "there is no rule ''; 'cnnspec rules' lists them"),
        (("--ignore", "xyz"), "there is no rule 'xyz'; 'cnnspec rules' lists them"),
        (("--ignore", "shape-mismatch"), "shape-mismatch is an error, which cannot be ignored"),
        (("--severity", "kind-mismatch=hint"), "is an error, which cannot be lowered"),
        (("--severity", "kind-mismatch=off"), "is an error, which cannot be lowered"),
        (("--severity", "bias-before-norm"), "'bias-before-norm' is not of the form rule=level"),
        (("--severity", "unused-value=bad"), "levels are off, hint, warning, error"),
        (("--severity", "unused=off"), "no rule 'unused'; did you mean 'unused-"),
        (("--profile", "gpus"), "invalid choice: 'gpus'"),
        (("--statistics", "--format", "sarif"), "--statistics goes with --format text or json"),
        (("--sizes", "--format", "sarif"), "--sizes goes with --format text, concise, json"),
        (("--sizes", "--statistics"), "--sizes goes with --format text, concise, json, and no"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_wrong_usage(
    options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "net.yaml", *options]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert message in shown.err


def test_an_error_may_be_called_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys, "--severity", "kind-mismatch=error", "--select", "unused-value") == (0, [])


def test_statistics_count_the_findings_of_each_rule(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--statistics", "--select", RULES_OF_SPEC)
    assert run(["check", "net.yaml", *options]) == 0
    assert capsys.readouterr().out == (
        "Findings  Severity  Rule\n"
        "------------------------------------\n"
        "       2  hint      bias-before-norm\n"
        "       1  warning   unused-defaults\n"
    )
    assert run(["check", "net.yaml", "--format", "json", *options]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"rule": "bias-before-norm", "severity": "hint", "findings": 2},
        {"rule": "unused-defaults", "severity": "warning", "findings": 1},
    ]


def test_statistics_of_nothing_are_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "net.yaml", "--statistics", "--select", "unused-value"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("text", [SPEC, SPEC.replace("kernel_size: 3", "kernel_size: 99"), "[]"])
def test_teaching_adds_the_reason_to_each_finding(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("net.yaml").write_text(text)
    run(["check", "net.yaml", "--format", "json"])
    plain = json.loads(capsys.readouterr().out)
    run(["check", "net.yaml", "--format", "json", "--profile", "teaching"])
    taught = json.loads(capsys.readouterr().out)
    assert plain
    pages = load_pages()
    for before, after in zip(plain, taught, strict=True):
        why = pages[before["rule"]].why
        assert why
        assert after == before | {"notes": [*before["notes"], why]}


def test_rules_are_listed_with_what_they_find(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(load_pages())
    (line,) = [line for line in lines if line.startswith("bias-before-norm ")]
    assert line.split(maxsplit=4)[1:4] == ["hint", "all", "safe"]
    assert line.endswith("A layer adds a bias that the normalisation behind it takes away again")
    assert run(["rules", "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("| Rule | Severity |")


def test_rules_for_programs_are_the_same_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "--format", "json"]) == 0
    found = {rule["rule"]: rule for rule in json.loads(capsys.readouterr().out)}
    assert {rule.name for rule in RULES} <= found.keys()
    assert found["kind-mismatch"]["severity"] == "error"
    assert found["kind-mismatch"]["group"] == "Shapes and figures"
    assert found["kind-mismatch"]["fix"] is None
    assert found["bias-before-norm"]["fix"] == "safe"
    assert found["unused-ignore"]["fix"] == "safe"


@pytest.mark.parametrize("rule", list(load_pages()))
def test_every_rule_can_be_explained(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", rule]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"# {rule}\n\nA")
    assert "\n## Why\n\n" in shown
    assert "\n\n\n" not in shown


def test_a_misspelt_rule_is_told_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "kernel-exceed-input"]) == 2
    assert "did you mean 'kernel-exceeds-input'?" in capsys.readouterr().err
