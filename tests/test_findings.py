"""Findings on hand-made diagnostics: the exact text of every format."""

from __future__ import annotations

import json

from cnnspec.diagnostics import Diagnostic, Prose, Severity, Span
from cnnspec.report import findings

SOURCE = "cnnspec: 1\nlayers:\n  - add: [shortcut, _]\n"
ADD = Diagnostic(
    rule="shape-mismatch",
    message="add needs equal shapes, got 256x56x56 and 64x56x56",
    span=Span("nets/demo.yaml", 3, 5, 3, 8),
    path="layer1.0.add1",
    notes=("in block 'bottleneck', called at line 31",),
    help=(Prose("project the shortcut with\nconv: {out_channels: 256, kernel_size: 1}"),),
)
WARNING = Diagnostic(
    rule="odd-size",
    message="100%: a, b",
    span=Span("C:\\a,b.yaml", 1, 1, 2, 3),
    severity=Severity.WARNING,
)
PLACELESS = Diagnostic(rule="no-place", message="nowhere", severity=Severity.HINT)
ALL = (ADD, WARNING, PLACELESS)


def test_text_shows_the_line_with_carets_and_every_note() -> None:
    assert findings.format_text(ALL, {"nets/demo.yaml": SOURCE}) == (
        "nets/demo.yaml:3:5: error[shape-mismatch]: "
        "add needs equal shapes, got 256x56x56 and 64x56x56\n"
        "  |\n"
        "3 |   - add: [shortcut, _]\n"
        "  |     ^^^\n"
        "  = note: in block 'bottleneck', called at line 31\n"
        "  = help: project the shortcut with\n"
        "          conv: {out_channels: 256, kernel_size: 1}\n"
        "\n"
        "C:\\a,b.yaml:1:1: warning[odd-size]: 100%: a, b\n"
        "\n"
        "hint[no-place]: nowhere\n"
    )


def test_colours_change_nothing_but_colours() -> None:
    import re

    plain = findings.format_text(ALL, {"nets/demo.yaml": SOURCE})
    coloured = findings.format_text(ALL, {"nets/demo.yaml": SOURCE}, colour=True)
    assert "\x1b[1;31merror[shape-mismatch]\x1b[0m" in coloured
    assert "\x1b[1;31m^^^\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_text_from_a_spec_cannot_steer_the_terminal() -> None:
    hostile = Diagnostic("unknown-op", "there is no op '\x1b[2J\u202e'", Span("a\x07", 1, 1, 1, 2))
    for text in (findings.format_text([hostile], {}), findings.format_concise([hostile])):
        assert text == "a\\x07:1:1: error[unknown-op]: there is no op '\\x1b[2J\\u202e'\n"


def test_concise_is_one_line_each() -> None:
    broken = Diagnostic("rule", "two\nlines", Span("f.yaml", 1, 2, 1, 3))
    assert findings.format_concise([*ALL, broken]) == (
        "nets/demo.yaml:3:5: error[shape-mismatch]: "
        "add needs equal shapes, got 256x56x56 and 64x56x56 [layer1.0.add1]\n"
        "C:\\a,b.yaml:1:1: warning[odd-size]: 100%: a, b\n"
        "hint[no-place]: nowhere\n"
        "f.yaml:1:2: error[rule]: two\\nlines\n"
    )


def test_json_is_a_list_of_flat_objects() -> None:
    first, _, last = json.loads(findings.format_json(ALL))
    assert first == {
        "file": "nets/demo.yaml",
        "rule": "shape-mismatch",
        "severity": "error",
        "message": "add needs equal shapes, got 256x56x56 and 64x56x56",
        "line": 3,
        "column": 5,
        "end_line": 3,
        "end_column": 8,
        "path": "layer1.0.add1",
        "notes": ["in block 'bottleneck', called at line 31"],
        "help": ["project the shortcut with\nconv: {out_channels: 256, kernel_size: 1}"],
        "fix": None,
    }
    assert (last["file"], last["line"], last["severity"]) == (None, None, "hint")
    assert findings.format_json([]) == "[]\n"


def test_github_annotations_escape_what_would_end_them() -> None:
    assert findings.format_github(ALL).splitlines() == [
        "::error file=nets/demo.yaml,line=3,endLine=3,col=5,endColumn=8,title=shape-mismatch::"
        "add needs equal shapes, got 256x56x56 and 64x56x56"
        "%0Anote: in block 'bottleneck', called at line 31"
        "%0Ahelp: project the shortcut with%0Aconv: {out_channels: 256, kernel_size: 1}",
        "::warning file=C%3A\\a%2Cb.yaml,line=1,endLine=2,title=odd-size::100%25: a, b",
        "::notice title=no-place::nowhere",
    ]


def test_github_annotations_spell_what_would_rewrite_a_log() -> None:
    finding = Diagnostic("unknown-key", "a spec has no key '\u202ea\x1b[2J'", Span("a", 1, 1, 1, 2))
    (line,) = findings.format_github([finding]).splitlines()
    assert line.endswith(r"::a spec has no key '\u202ea\x1b[2J'")


def test_a_quoted_line_break_starts_no_line_anywhere() -> None:
    hostile = Diagnostic(
        "unknown-op", "no op 'a\n::add-mask::b'", Span("f", 1, 1, 1, 2), path="a\nb",
        notes=("x\n::error::y",), help=("x\x85y",),
    )  # fmt: skip
    assert findings.format_text([hostile], {}) == (
        "f:1:1: error[unknown-op]: no op 'a\\n::add-mask::b'\n"
        "= note: x\\n::error::y\n"
        "= help: x\\x85y\n"
    )
    assert findings.format_concise([hostile]).count("\n") == 1
    assert "\\n" in json.loads(findings.format_json([hostile]))[0]["message"]
    assert findings.format_github([hostile]).count("%0A") == 2


def test_nothing_in_a_log_is_a_command_to_its_runner() -> None:
    source = "a: 1 # ##[add-mask]x ##vso[task.setvariable variable=y]z\n"
    found = Diagnostic("rule", "##[error]x", Span("::add-mask::f", 1, 1, 1, 2))
    for text in (
        findings.format_text([found], {"::add-mask::f": source}),
        findings.format_concise([found]),
    ):
        assert text.startswith(": :add-mask::f:1:1: error[rule]: # #[error]x\n")
        assert "##" not in text


def test_the_count_names_each_severity_once() -> None:
    assert findings.describe_count((), 1) == "no problems in 1 file"
    assert findings.describe_count((), 3) == "no problems in 3 files"
    found = (WARNING, ADD, ADD, PLACELESS)
    assert findings.describe_count(found, 2) == "2 errors, 1 warning, 1 hint in 2 files"
