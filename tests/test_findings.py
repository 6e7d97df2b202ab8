"""Findings on hand-made diagnostics: the exact text of every format."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import jsonschema
import pytest

from cnnspec.diagnostics import Diagnostic, Severity, Span
from cnnspec.report import findings
from cnnspec.report.sarif import format_sarif

SOURCE = "cnnspec: 1\nlayers:\n  - add: [shortcut, _]\n"
ADD = Diagnostic(
    rule="shape-mismatch",
    message="add needs equal shapes, got 256x56x56 and 64x56x56",
    span=Span("nets/demo.yaml", 3, 5, 3, 8),
    path="layer1.0.add1",
    notes=("in block 'bottleneck', called at line 31",),
    help=("project the shortcut with\nconv: {out_channels: 256, kernel_size: 1}",),
)
WARNING = Diagnostic(
    rule="odd-size",
    message="100%: a, b",
    span=Span("C:\\a,b.yaml", 1, 1, 2, 3),
    severity=Severity.WARNING,
)
PLACELESS = Diagnostic(rule="no-place", message="nowhere", severity=Severity.HINT)
ALL = (ADD, WARNING, PLACELESS)

# What the standard requires of the parts that we write (SARIF 2.1.0, section 3 and its schema).
SARIF_SCHEMA = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": {"$ref": "#/definitions/run"}},
    },
    "additionalProperties": False,
    "definitions": {
        "run": {
            "type": "object",
            "required": ["tool", "results"],
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "properties": {"driver": {"$ref": "#/definitions/driver"}},
                    "additionalProperties": False,
                },
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": {"$ref": "#/definitions/result"}},
            },
            "additionalProperties": False,
        },
        "driver": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "version": {"type": "string"},
                "rules": {
                    "type": "array",
                    "uniqueItems": True,
                    "items": {
                        "type": "object",
                        "required": ["id"],
                        "properties": {"id": {"type": "string"}},
                        "additionalProperties": False,
                    },
                },
            },
            "additionalProperties": False,
        },
        "result": {
            "type": "object",
            "required": ["message"],
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": -1},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": {
                    "type": "object",
                    "required": ["text"],
                    "properties": {"text": {"type": "string"}},
                    "additionalProperties": False,
                },
                "locations": {"type": "array", "items": {"$ref": "#/definitions/location"}},
            },
            "additionalProperties": False,
        },
        "location": {
            "type": "object",
            "properties": {
                "physicalLocation": {
                    "type": "object",
                    "required": ["artifactLocation"],
                    "properties": {
                        "artifactLocation": {
                            "type": "object",
                            "properties": {
                                "uri": {"type": "string", "pattern": '^[^ <>\\\\"{}|^`]*$'}
                            },
                            "additionalProperties": False,
                        },
                        "region": {
                            "type": "object",
                            "properties": {
                                key: {"type": "integer", "minimum": 1}
                                for key in ("startLine", "startColumn", "endLine", "endColumn")
                            },
                            "additionalProperties": False,
                        },
                    },
                    "additionalProperties": False,
                },
                "logicalLocations": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "fullyQualifiedName": {"type": "string"},
                            "kind": {"type": "string"},
                        },
                        "additionalProperties": False,
                    },
                },
            },
            "additionalProperties": False,
        },
    },
}


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
        "f.yaml:1:2: error[rule]: two lines\n"
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


@pytest.mark.parametrize("diagnostics", [ALL, ()], ids=["some", "none"])
def test_sarif_holds_to_the_standard(diagnostics: tuple[Diagnostic, ...]) -> None:
    log = json.loads(format_sarif(diagnostics, "1.2.3", PurePosixPath("/repo")))
    jsonschema.validate(log, SARIF_SCHEMA)
    (run,) = log["runs"]
    assert len(run["results"]) == len(diagnostics)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]


def test_sarif_places_findings_relative_to_the_folder() -> None:
    files = ("/repo/a b.yaml", "/other/c.yaml", "nets/d.yaml", "<stdin>")
    found = [Diagnostic("rule", "text", Span(file, 2, 3, 2, 5)) for file in files]
    log = json.loads(format_sarif(found, "1.2.3", PurePosixPath("/repo")))
    places = [r["locations"][0]["physicalLocation"] for r in log["runs"][0]["results"]]
    assert [place["artifactLocation"]["uri"] for place in places] == [
        "a%20b.yaml",
        "file:///other/c.yaml",
        "nets/d.yaml",
        "%3Cstdin%3E",
    ]
    region = {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 5}
    assert places[0]["region"] == region


def test_the_count_names_each_severity_once() -> None:
    assert findings.describe_count((), 1) == "no problems in 1 file"
    assert findings.describe_count((), 3) == "no problems in 3 files"
    found = (WARNING, ADD, ADD, PLACELESS)
    assert findings.describe_count(found, 2) == "2 errors, 1 warning, 1 hint in 2 files"
