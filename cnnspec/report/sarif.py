"""Findings in SARIF 2.1.0, the format that code hosts take static analysis in.

Sources: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; GitHub, "SARIF
support for code scanning", for what is needed there beyond the standard.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import PurePath
from types import MappingProxyType
from urllib.parse import quote

from cnnspec.diagnostics import Diagnostic, Offer, Severity, Span, TextEdit, split_lines
from cnnspec.lint.pages import Page, load_pages
from cnnspec.report.findings import join_lines
from cnnspec.report.json_text import write_json

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
# Where the files lie that have relative names: the folder that the tool is called in.
_ROOT = "%SRCROOT%"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "note"}
# What a finding is known again by: a hostile file may have one line of a million characters.
_MOST_OF_LINE = 1_000
# How seldom a rule is wrong, and how grave it is, in GitHub's words.
_PRECISIONS = {Severity.ERROR: "very-high", Severity.WARNING: "high", Severity.HINT: "medium"}
_PROBLEMS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.HINT: "recommendation",
}
_PLACE = re.compile(r"\{(?=[0-9]+\})")


def format_sarif(
    diagnostics: Sequence[Diagnostic],
    version: str,
    folder: PurePath,
    texts: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Write one run with all findings.

    Args:
        diagnostics: the findings.
        version: the version of this tool.
        folder: the folder that places are given relative to.
        texts: the texts of the files, by which findings are known again when lines move.
    """
    pages = load_pages()
    rules = sorted({diagnostic.rule for diagnostic in diagnostics})
    driver = {
        "name": "cnnspec",
        "semanticVersion": version,
        "rules": [_describe_rule(pages[rule]) for rule in rules],
    }
    seen: Counter[str] = Counter()
    run = {
        "tool": {"driver": driver},
        # Spans count characters, not UTF-16 units.
        "columnKind": "unicodeCodePoints",
        "results": [
            _describe(diagnostic, rules, folder) | _identify(diagnostic, texts, seen)
            for diagnostic in diagnostics
        ],
    }
    return write_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _describe_rule(page: Page) -> dict[str, object]:
    return {
        "id": page.rule,
        "shortDescription": {"text": page.headline},
        "fullDescription": {"text": " ".join(f"{page.headline} {page.why}".split())},
        "help": {"text": page.text, "markdown": page.text},
        "defaultConfiguration": {"level": _LEVELS[page.severity]},
        "properties": {
            "tags": [page.group.lower(), *sorted(page.profiles)],
            "precision": _PRECISIONS[page.severity],
            "problem.severity": _PROBLEMS[page.severity],
        },
    }


def _describe(diagnostic: Diagnostic, rules: list[str], folder: PurePath) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": diagnostic.rule,
        "ruleIndex": rules.index(diagnostic.rule),
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": _spell_plain(join_lines(diagnostic))},
    }
    location: dict[str, object] = {}
    if diagnostic.span is not None:
        location["physicalLocation"] = {
            "artifactLocation": _name_file(diagnostic.span.file, folder),
            "region": _describe_region(diagnostic.span),
        }
    if diagnostic.path:
        location["logicalLocations"] = [{"fullyQualifiedName": diagnostic.path, "kind": "module"}]
    if location:
        result["locations"] = [location]
    if diagnostic.offer:
        result["fixes"] = [_describe_fix(diagnostic.offer, folder)]
    return result


def _identify(
    diagnostic: Diagnostic, texts: Mapping[str, str], seen: Counter[str]
) -> dict[str, object]:
    """What a finding is known again by: its rule and the text of its line, not the line's number.

    The number behind the hash tells equal lines apart.
    """
    span = diagnostic.span
    lines = split_lines(texts[span.file]) if span and span.file in texts else ()
    if span is None or span.line > len(lines):
        return {}
    text = f"{diagnostic.rule}\n{diagnostic.path}\n{lines[span.line - 1][:_MOST_OF_LINE].strip()}"
    digest = sha256(text.encode("utf-8", errors="replace")).hexdigest()[:16]
    key = f"{span.file}:{digest}"
    seen[key] += 1
    return {"partialFingerprints": {"primaryLocationLineHash": f"{digest}:{seen[key]}"}}


def _describe_fix(offer: Offer, folder: PurePath) -> dict[str, object]:
    files: dict[str, list[TextEdit]] = {}
    for edit in offer.edits:
        files.setdefault(edit.span.file, []).append(edit)
    changes = [
        {
            "artifactLocation": _name_file(file, folder),
            "replacements": [
                {
                    "deletedRegion": _describe_region(edit.span),
                    "insertedContent": {"text": edit.text},
                }
                for edit in edits
            ],
        }
        for file, edits in files.items()
    ]
    return {"description": {"text": _spell_plain(offer.message)}, "artifactChanges": changes}


def _spell_plain(text: str) -> str:
    """A text without links and places for arguments, which messages can have (3.11.5, 3.11.6).

    A space does it whatever stands before; viewers differ in what they take a backslash for.
    """
    return _PLACE.sub("{ ", text).replace("](", "] (")


def _describe_region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _name_file(file: str, folder: PurePath) -> dict[str, str]:
    """A file as a URI relative to a folder, or absolute where it lies outside of it."""
    path = PurePath(file)
    if path.is_absolute():
        if not path.is_relative_to(folder):
            return {"uri": path.as_uri()}
        path = path.relative_to(folder)
    # Bytes of a name that are not UTF-8 are bytes here too.
    return {"uri": quote(os.fsencode(path.as_posix())), "uriBaseId": _ROOT}
