"""SARIF: the standard's schema, and what GitHub needs beyond it."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import jsonschema
import pytest

from cnnspec.cli.main import run
from cnnspec.diagnostics import Diagnostic, Offer, Severity, Span, TextEdit
from cnnspec.lint.pages import load_pages
from cnnspec.report.sarif import format_sarif

# Its source and license stand beside it.
SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-2.1.0.json").read_text())
VALIDATOR = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
FOLDER = PurePosixPath("/repo")
LINE = Span("nets/a b.yaml", 3, 5, 3, 8)
ERROR = Diagnostic("shape-mismatch", "add needs equal shapes", LINE, path="layer1.0.add1")
EDITS = (TextEdit(Span(LINE.file, 3, 5, 4, 1), "concat: x\n"), TextEdit(LINE, ""))
FIXED = Diagnostic(
    "bias-before-norm",
    "the bias is cancelled",
    LINE,
    Severity.HINT,
    offer=Offer("write bias: false", EDITS, True),
)
WARNING = Diagnostic(
    "unused-value", "no output", Span("/other/c.yaml", 1, 1, 2, 3), Severity.WARNING
)
TEXTS = {LINE.file: "cnnspec: 1\nlayers:\n  - add: [shortcut, _]\n"}


def write(*diagnostics: Diagnostic, texts: dict[str, str] | None = None) -> dict[str, Any]:
    """The one run, which holds to the standard."""
    log = json.loads(format_sarif(diagnostics, "1.2.3", FOLDER, TEXTS if texts is None else texts))
    VALIDATOR.validate(log)
    (found,) = log["runs"]
    return dict(found)


@pytest.mark.parametrize("diagnostics", [(ERROR, FIXED, WARNING), ()], ids=["some", "none"])
def test_findings_point_at_their_rules(diagnostics: tuple[Diagnostic, ...]) -> None:
    found = write(*diagnostics)
    assert len(found["results"]) == len(diagnostics)
    rules = [rule["id"] for rule in found["tool"]["driver"]["rules"]]
    assert rules == sorted({diagnostic.rule for diagnostic in diagnostics})
    for result in found["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]


def test_the_schema_finds_what_is_wrong() -> None:
    log = json.loads(format_sarif([ERROR], "1.2.3", FOLDER, TEXTS))
    log["runs"][0]["results"][0]["level"] = "bad"
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(log)


def test_every_rule_can_be_written() -> None:
    pages = load_pages()
    rules = write(*(Diagnostic(rule, "text", LINE) for rule in pages))["tool"]["driver"]["rules"]
    assert len(rules) == len(pages)
    for rule in rules:
        page = pages[rule["id"]]
        # What GitHub asks of each, and how long it may be.
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"] == rule["help"]["markdown"] == page.text
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        assert rule["properties"]["precision"] in ("very-high", "high", "medium")
        assert len(rule["properties"]["tags"]) <= 20


def test_places_are_relative_to_the_folder() -> None:
    files = ("/repo/a b.yaml", "/other/c.yaml", "nets/d.yaml", "<stdin>")
    found = [Diagnostic("kind-mismatch", "text", Span(file, 2, 3, 2, 5)) for file in files]
    places = [r["locations"][0]["physicalLocation"] for r in write(*found, texts={})["results"]]
    assert [place["artifactLocation"] for place in places] == [
        {"uri": "a%20b.yaml", "uriBaseId": "%SRCROOT%"},
        {"uri": "file:///other/c.yaml"},
        {"uri": "nets/d.yaml", "uriBaseId": "%SRCROOT%"},
        {"uri": "%3Cstdin%3E", "uriBaseId": "%SRCROOT%"},
    ]
    region = {"startLine": 2, "startColumn": 3, "endLine": 2, "endColumn": 5}
    assert places[0]["region"] == region


def find_marks(text: str, *diagnostics: Diagnostic) -> list[str]:
    results = write(*diagnostics, texts={LINE.file: text})["results"]
    return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]


def test_a_finding_is_known_again_when_its_line_moves() -> None:
    text = TEXTS[LINE.file]
    moved = Diagnostic(ERROR.rule, ERROR.message, Span(LINE.file, 4, 9, 4, 12), path=ERROR.path)
    assert find_marks(text, ERROR) == find_marks(f"# more\n{text.replace('  -', '      -')}", moved)
    assert find_marks(text, ERROR) != find_marks(text.replace("shortcut", "other"), ERROR)


def test_equal_lines_are_told_apart() -> None:
    below = Diagnostic(ERROR.rule, ERROR.message, Span(LINE.file, 4, 5, 4, 8), path=ERROR.path)
    first, second = find_marks(f"{TEXTS[LINE.file]}  - add: [shortcut, _]\n", ERROR, below)
    assert first.partition(":")[0] == second.partition(":")[0]
    assert (first[-2:], second[-2:]) == (":1", ":2")


def test_a_fix_is_a_change_of_the_file() -> None:
    (result,) = write(FIXED)["results"]
    (fix,) = result["fixes"]
    assert fix["description"]["text"] == "write bias: false"
    (change,) = fix["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "nets/a%20b.yaml"
    first, second = change["replacements"]
    assert first["insertedContent"] == {"text": "concat: x\n"}
    assert first["deletedRegion"] == {
        "startLine": 3, "startColumn": 5, "endLine": 4, "endColumn": 1
    }  # fmt: skip
    assert second["insertedContent"] == {"text": ""}


def test_a_message_has_no_links_and_no_places_for_arguments() -> None:
    found = Diagnostic("unknown-op", "no op '[press](https://a.b) \\\\](c) {0} {{1}}'")
    (result,) = write(found)["results"]
    said = "no op '[press] (https://a.b) \\\\] (c) { 0} {{ 1}}'"
    assert result["message"]["text"] == said


def test_a_name_that_is_no_text_is_a_uri_all_the_same() -> None:
    found = Diagnostic("empty-document", "empty", Span("a\udcff.yaml", 1, 1, 1, 2))
    (result,) = write(found)["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%FF.yaml"


def test_a_check_writes_what_the_standard_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text("cnnspec: 1\nname: net\ninput: {}\nlayers: [frob]\n")
    assert run(["check", "net.yaml", "vgg", "--format", "sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    jsonschema.validate(log, SCHEMA)
    results = log["runs"][0]["results"]
    assert results
    assert all("partialFingerprints" in result and "locations" in result for result in results)


def test_a_check_writes_the_fixes_that_it_offers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    head = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 32, width: 32}\nlayers:\n"
    conv = "conv: {out_channels: 16, kernel_size: 3, padding: 1}"
    Path("net.yaml").write_text(f"{head}  - {conv}\n  - batch_norm\n")
    run(["check", "net.yaml", "--format", "sarif", "--select", "bias-before-norm"])
    log = json.loads(capsys.readouterr().out)
    jsonschema.validate(log, SCHEMA)
    ((fix,),) = [result["fixes"] for result in log["runs"][0]["results"]]
    ((replacement,),) = [change["replacements"] for change in fix["artifactChanges"]]
    assert "bias: false" in replacement["insertedContent"]["text"]
