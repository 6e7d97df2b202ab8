"""JUnit's XML: a suite for each file, a case for each finding, and nothing that no parser reads."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from cnnspec.cli.main import run
from cnnspec.diagnostics import Diagnostic, Severity, Span
from cnnspec.report.junit import format_junit

ERROR = Diagnostic(
    "kind-mismatch", 'linear takes <a> & "b"', Span("a.yaml", 3, 5, 3, 8), help=("x",)
)
HINT = Diagnostic("bias-before-norm", "cancelled", Span("a.yaml", 4, 5, 4, 8), Severity.HINT)


def write(*diagnostics: Diagnostic, files: tuple[str, ...] = ("a.yaml",)) -> ElementTree.Element:
    text = format_junit(diagnostics, files, lambda found: found.severity is Severity.ERROR)
    return ElementTree.fromstring(text)


def test_a_suite_counts_its_cases_and_failures() -> None:
    first, second = write(ERROR, HINT, files=("a.yaml", "b.yaml"))
    assert first.attrib == {
        "name": "a.yaml", "tests": "2", "failures": "1", "errors": "0", "skipped": "0"
    }  # fmt: skip
    assert [case.get("name") for case in first] == [
        "kind-mismatch at 3:5",
        "bias-before-norm at 4:5",
    ]
    assert (second.get("tests"), second.get("failures")) == ("1", "0")
    assert [(case.get("name"), len(case)) for case in second] == [("no problems", 0)]


def test_only_what_makes_a_check_fail_is_a_failure() -> None:
    ((wrong, doubtful),) = write(ERROR, HINT)
    (failure,) = wrong
    assert (failure.tag, failure.get("type")) == ("failure", "error")
    assert failure.get("message") == 'linear takes <a> & "b"'
    assert failure.text == 'a.yaml:3:5: linear takes <a> & "b"\nhelp: x'
    (said,) = doubtful
    assert said.tag == "system-out"
    assert said.text == "a.yaml:4:5: hint[bias-before-norm]: cancelled"


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\ud800", "\ufffe", "\x85", "]]>"])
def test_no_character_of_a_spec_breaks_the_document(character: str) -> None:
    span = Span(f"{character}.yaml", 1, 1, 1, 2)
    hostile = Diagnostic("unknown-op", f"there is no op '{character}'", span)
    text = format_junit([hostile], [span.file], lambda _: True)
    ((case,),) = ElementTree.fromstring(text.encode())
    shown = character if character == "]]>" else repr(character)[1:-1]
    assert case[0].get("message") == f"there is no op '{shown}'"


def test_strict_makes_warnings_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    head = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 32, width: 32}\n"
    Path("net.yaml").write_text(f"{head}defaults: {{group_norm: {{eps: 1e-3}}}}\nlayers: [relu]\n")
    for options, code in (([], 0), (["--strict"], 1)):
        arguments = ["check", "net.yaml", "--format", "junit", "--select", "unused-defaults"]
        assert run([*arguments, *options]) == code
        (suite,) = ElementTree.fromstring(capsys.readouterr().out)
        assert suite.get("failures") == str(code)
