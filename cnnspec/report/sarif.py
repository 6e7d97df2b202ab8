"""Findings in SARIF 2.1.0, the format that code hosts take static analysis in.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import PurePath
from urllib.parse import quote

from cnnspec.diagnostics import Diagnostic, Severity, Span
from cnnspec.report.findings import join_lines

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "note"}


def format_sarif(diagnostics: Sequence[Diagnostic], version: str, folder: PurePath) -> str:
    """Write one run with all findings.

    Args:
        diagnostics: the findings.
        version: the version of this tool.
        folder: the folder that places are given relative to.
    """
    rules = sorted({diagnostic.rule for diagnostic in diagnostics})
    driver = {"name": "cnnspec", "version": version, "rules": [{"id": rule} for rule in rules]}
    run = {
        "tool": {"driver": driver},
        # Spans count characters, not UTF-16 units.
        "columnKind": "unicodeCodePoints",
        "results": [_describe(diagnostic, rules, folder) for diagnostic in diagnostics],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _describe(diagnostic: Diagnostic, rules: list[str], folder: PurePath) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": diagnostic.rule,
        "ruleIndex": rules.index(diagnostic.rule),
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": join_lines(diagnostic)},
    }
    location: dict[str, object] = {}
    if diagnostic.span is not None:
        location["physicalLocation"] = _place(diagnostic.span, folder)
    if diagnostic.path:
        location["logicalLocations"] = [{"fullyQualifiedName": diagnostic.path, "kind": "module"}]
    return result | ({"locations": [location]} if location else {})


def _place(span: Span, folder: PurePath) -> dict[str, object]:
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"artifactLocation": {"uri": _name_uri(span.file, folder)}, "region": region}


def _name_uri(file: str, folder: PurePath) -> str:
    """A file as a URI relative to a folder, or absolute where it lies outside of it."""
    path = PurePath(file)
    if path.is_absolute():
        if not path.is_relative_to(folder):
            return path.as_uri()
        path = path.relative_to(folder)
    return quote(path.as_posix())
