"""Findings as JUnit's XML, in which CI systems take the results of tests.

Source: the schema of Jenkins's xUnit plugin, junit-10.xsd. Each file is a suite, and each finding a
case: what makes a check fail is a failure, all else a case that passes and says something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from xml.etree import ElementTree

from cnnspec.diagnostics import Diagnostic, spell_line
from cnnspec.report.findings import join_lines


def format_junit(
    diagnostics: Sequence[Diagnostic], files: Sequence[str], fails: Callable[[Diagnostic], bool]
) -> str:
    """Write a suite for each file that was checked, or that a finding is in."""
    found: dict[str, list[Diagnostic]] = {file: [] for file in files}
    for diagnostic in diagnostics:
        found.setdefault(diagnostic.span.file if diagnostic.span else "", []).append(diagnostic)
    root = ElementTree.Element("testsuites", name="cnnspec check")
    for file, each in found.items():
        root.append(_write_suite(file, each, fails))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _write_suite(
    file: str, found: Sequence[Diagnostic], fails: Callable[[Diagnostic], bool]
) -> ElementTree.Element:
    name = spell_line(file)
    suite = ElementTree.Element(
        "testsuite",
        name=name,
        tests=str(len(found) or 1),
        failures=str(sum(map(fails, found))),
        errors="0",
        skipped="0",
    )
    if not found:
        # A suite without a case looks as if nothing had been checked.
        ElementTree.SubElement(suite, "testcase", classname=name, name="no problems")
    for diagnostic in found:
        span = diagnostic.span
        place = f" at {span.line}:{span.column}" if span else ""
        title = f"{diagnostic.rule}{place}"
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=title)
        text = join_lines(diagnostic)
        where = f"{span}: " if span else ""
        if fails(diagnostic):
            message = " ".join(diagnostic.message.split())
            kind = str(diagnostic.severity)
            failure = ElementTree.SubElement(case, "failure", type=kind, message=message)
            failure.text = f"{where}{text}"
        else:
            ElementTree.SubElement(
                case, "system-out"
            ).text = f"{where}{diagnostic.severity}[{diagnostic.rule}]: {text}"
    return suite
