"""What specs and comments say of findings: where it holds, and that each fault is said once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import cnnspec
from cnnspec.diagnostics import Diagnostic, Severity
from cnnspec.lint import engine, options
from cnnspec.lint.base import Finding, Rule, Subject, find_field_span
from cnnspec.lint.engine import find_problems
from cnnspec.lint.options import LintOptions
from cnnspec.ops.conv import Conv
from cnnspec.spec.read import read_spec

RULE = "bias-before-norm"
HEAD = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 32, width: 32}\n"
CONV = "conv: {out_channels: 16, kernel_size: 3, padding: 1}"
IGNORE = f"# cnnspec: ignore[{RULE}] as published"
UNUSED = f"warning[unused-ignore] {RULE} finds nothing on this line"


def check(text: str, chosen: LintOptions | None = None, **overrides: int) -> list[str]:
    """Each finding about biases and ignores, in words."""
    return show(find_problems(read_spec(text, "net.yaml"), overrides, chosen))


def show(found: tuple[Diagnostic, ...]) -> list[str]:
    return [
        f"{d.severity}[{d.rule}]" + (f" {d.message}" if d.rule != RULE else "")
        for d in found
        if d.rule in (RULE, "unused-ignore", "wide-kernel")
    ]


def find_notes(text: str) -> tuple[str, ...]:
    (found,) = [d for d in find_problems(read_spec(text, "net.yaml")) if d.rule == RULE]
    return found.notes


BLOCK = f"""{HEAD}blocks:
  unit:
    layers:
      - {CONV}
      - batch_norm
layers:
"""


def test_a_fault_in_a_block_is_said_once_with_its_uses() -> None:
    notes = find_notes(f"{BLOCK}  - repeat: 16\n    layers: [unit]\n")
    assert "16 uses, this is the first" in notes
    assert "in block 'unit', called at line 11" in notes


def test_a_fault_of_some_variants_names_them() -> None:
    text = f"{HEAD}params: {{bias: false}}\nvariants: {{a: {{}}, b: {{bias: true}}}}\n"
    text += f"layers:\n  - {CONV.replace('1}', '1, bias: $bias}')}\n  - batch_norm\n"
    assert "only in variant 'b'" in find_notes(text)


def test_a_comment_in_a_block_holds_for_all_its_uses() -> None:
    text = f"{BLOCK}  - repeat: 16\n    layers: [unit]\n"
    assert check(text) == [f"hint[{RULE}]"]
    assert check(text.replace(CONV, f"{CONV} {IGNORE}")) == []


def test_a_comment_where_a_block_is_called_is_not_for_what_is_inside() -> None:
    assert check(f"{BLOCK}  - unit {IGNORE}\n") == [f"hint[{RULE}]", UNUSED]


def test_a_setting_and_a_comment_may_both_silence() -> None:
    text = f"{HEAD}lint: {{{RULE}: off}}\nlayers:\n  - {CONV} {IGNORE}\n  - batch_norm\n"
    assert check(text) == []


@pytest.mark.parametrize("level", ["warning", "error", "hint"])
def test_a_setting_comes_after_what_the_caller_wants(level: str) -> None:
    text = f"{HEAD}lint: {{{RULE}: {level}}}\nlayers:\n  - {CONV}\n  - batch_norm\n"
    for severities in ({}, {RULE: None}, {RULE: Severity.WARNING}):
        assert check(text, LintOptions(severities=severities)) == [f"{level}[{RULE}]"]
    assert check(text, LintOptions(ignore=frozenset({RULE}))) == []


def test_a_long_reason_is_cut() -> None:
    setting = f"lint: {{{RULE}: {{severity: off, reason: {'a' * 999}}}}}\n"
    text = f"{HEAD}{setting}layers: [{CONV}, relu]\n"
    (found,) = [d for d in find_problems(read_spec(text, "net.yaml")) if d.rule == "unused-ignore"]
    assert found.notes == (f"the reason given is: {'a' * 197}...",)


@pytest.mark.parametrize(
    ("setting", "comment"),
    [
        (f"lint: {{{RULE}: {{severity: off, reason: as published}}}}\n", ""),
        ("", f" {IGNORE}"),
    ],
)
def test_an_ignore_that_does_nothing_is_reported_with_its_reason(
    setting: str, comment: str
) -> None:
    text = f"{HEAD}{setting}layers:\n  - {CONV}{comment}\n  - relu\n"
    (found,) = [d for d in find_problems(read_spec(text, "net.yaml")) if d.rule == "unused-ignore"]
    assert found.notes == ("the reason given is: as published",)


def test_what_is_not_asked_may_be_ignored() -> None:
    text = f"{HEAD}layers:\n  - relu {IGNORE}\n"
    assert check(text) == [UNUSED]
    for chosen in (
        LintOptions(ignore=frozenset({RULE})),
        LintOptions(select=frozenset({"unused-value", "unused-ignore"})),
        LintOptions(severities={RULE: None}),
    ):
        assert check(text, chosen) == []


def test_what_only_another_network_has_may_be_ignored() -> None:
    text = f"{HEAD}params: {{count: 0}}\nlayers:\n  - {CONV}\n  - repeat: $count\n"
    text += f"    layers:\n      - {CONV} {IGNORE}\n      - batch_norm\n"
    assert check(text) == [UNUSED]
    assert check(text, count=0) == []
    assert check(text.replace("{count: 0}", "{count: 0}\nvariants: {many: {count: 2}}")) == []


def test_nothing_is_said_of_ignores_in_a_spec_with_errors() -> None:
    text = f"{HEAD}layers:\n  - relu {IGNORE}\n  - linear: 10\n"
    assert check(text) == []


@pytest.fixture
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that shows a field of a step."""

    def find(subject: Subject) -> Iterator[Finding]:
        for node in subject.list(Conv):
            yield Finding("wide", node, find_field_span(node, "kernel_size"))

    rules = (*engine.RULES, Rule("wide-kernel", Severity.WARNING, find))
    for module in (engine, options):
        monkeypatch.setattr(module, "RULES", rules)


@pytest.mark.usefixtures("_wide")
@pytest.mark.parametrize("marked", ["conv:", "kernel_size: 3"])
def test_a_comment_holds_on_the_line_of_the_step_and_of_the_field(marked: str) -> None:
    text = f"{HEAD}layers:\n  - conv:\n      out_channels: 16\n      kernel_size: 3\n"
    assert check(text) == ["warning[wide-kernel] wide"]
    comment = "# cnnspec: ignore[wide-kernel]"
    assert check(text.replace(marked, f"{marked} {comment}")) == []
    other = check(text.replace("out_channels: 16", f"out_channels: 16 {comment}"))
    assert {found.partition(" ")[0] for found in other} == {
        "warning[wide-kernel]",
        "warning[unused-ignore]",
    }


@pytest.mark.usefixtures("_wide")
def test_a_fault_in_the_library_is_said_and_ignored_where_it_is_called() -> None:
    text = f"{HEAD}layers:\n  - basic_block: 16\n  - basic_block: 16\n"
    found = [d for d in find_problems(read_spec(text, "net.yaml")) if d.rule == "wide-kernel"]
    assert [d.span.line for d in found if d.span] == [5, 6]
    assert found[1].notes[0].startswith("in block 'basic_block' of the library, at line ")
    assert found[1].notes[-1] == "the same in 2 uses"
    comment = "# cnnspec: ignore[wide-kernel] it is published"
    assert check(text.replace("16\n", f"16 {comment}\n", 1)) == ["warning[wide-kernel] wide"]


PART = f"{HEAD}layers:\n  features:\n    - {CONV}\n    - batch_norm\n"
WHOLE = f"{HEAD}layers:\n  - spec: part.yaml\n  - spec: part.yaml\n"


def check_files(folder: Path, whole: str, part: str) -> list[str]:
    (folder / "whole.yaml").write_text(whole)
    (folder / "part.yaml").write_text(part)
    return show(cnnspec.load(folder / "whole.yaml").check())


def test_a_part_says_itself_what_is_meant_in_it(tmp_path: Path) -> None:
    part = PART.replace("channels: 3,", "channels: 16,")
    whole = WHOLE.replace("channels: 3,", "channels: 16,")
    assert check_files(tmp_path, whole, part) == [f"hint[{RULE}]"]
    assert check_files(tmp_path, whole, part.replace(CONV, f"{CONV} {IGNORE}")) == []
    assert check_files(tmp_path, whole, f"lint: {{{RULE}: off}}\n{part}") == []
    own = check_files(tmp_path, f"lint: {{{RULE}: off}}\n{whole}", part)
    unused = f"warning[unused-ignore] {RULE} finds nothing in this spec"
    assert sorted(own) == sorted([unused, f"hint[{RULE}]"])


def test_what_a_part_ignores_for_nothing_is_for_its_own_check(tmp_path: Path) -> None:
    part = f"{HEAD}layers:\n  - relu {IGNORE}\n"
    assert check_files(tmp_path, WHOLE, part) == []
    assert show(cnnspec.load(tmp_path / "part.yaml").check()) == [UNUSED]


def test_a_spec_takes_over_the_settings_of_its_base(tmp_path: Path) -> None:
    base = f"lint: {{{RULE}: off}}\n{HEAD}layers:\n  - {CONV}\n  - batch_norm\n"
    assert check_files(tmp_path, "extends: part.yaml\n", base) == []
    kept = "extends: part.yaml\nlayers: [relu]\n"
    assert check_files(tmp_path, kept, base) == []
