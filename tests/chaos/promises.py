"""What holds of findings and texts, whatever was read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from cnnspec.cli.check_formats import COUNTS, FORMATS, Report
from cnnspec.diagnostics import Diagnostic, Severity, Span, TextEdit
from cnnspec.report.sizes import SizeReport

# A reader has a screen, and an annotation of GitHub's some thousand characters.
LONGEST_MESSAGE = 600
LONGEST_FINDING = 20_000
_PAINT = re.compile(r"\x1b\[[0-9;]*m")


class BrokenPromise(AssertionError):
    """Something that should hold for any input does not."""


def promise(holds: object, what: str) -> None:
    """Raise BrokenPromise unless something holds; unlike an assertion also where they are off."""
    if not holds:
        raise BrokenPromise(what)


def hold_findings(found: Sequence[Diagnostic], texts: Mapping[str, str]) -> None:
    """Each finding says something of a place that there is."""
    for finding in found:
        promise(finding.message.strip(), f"no message: {finding}")
        promise(len(finding.message) < LONGEST_MESSAGE, f"a long message: {finding}")
        promise(finding.span is not None, f"no place: {finding}")
        assert finding.span is not None
        hold_span(finding.span, texts)
        if finding.offer is not None:
            for edit in finding.offer.edits:
                hold_edit(edit, texts)


def hold_span(span: Span, texts: Mapping[str, str]) -> None:
    """A span lies within the text of a file that was read."""
    promise(span.file in texts, f"no file {span.file!r}: {span}")
    lines = texts[span.file].removeprefix("\ufeff").splitlines() or [""]
    promise(1 <= span.line <= span.end_line <= len(lines), f"{span!r} in {len(lines)} lines")
    # The end of what is missing lies one behind the line.
    promise(1 <= span.column <= len(lines[span.line - 1]) + 1, f"the column of {span!r}")
    promise(1 <= span.end_column <= len(lines[span.end_line - 1]) + 2, f"the end of {span!r}")
    if span.line == span.end_line:
        promise(span.column <= span.end_column, f"{span!r} ends before it starts")


def hold_edit(edit: TextEdit, texts: Mapping[str, str]) -> None:
    """An edit is of the file that was checked."""
    promise(edit.span.file in texts, f"an edit of no file: {edit}")


def hold_formats(
    found: Sequence[Diagnostic], texts: Mapping[str, str], sizes: Sequence[SizeReport] = ()
) -> None:
    """Findings can be shown in every format, and a program can read what is for programs."""
    for colour in (False, True):
        report = Report(
            found, texts, list(texts), sizes, frozenset({Severity.ERROR}), colour=colour
        )
        shown = {name: show(report) for name, show in FORMATS.items()}
        counts = {name: show(report) for name, show in COUNTS.items()}
        for name, text in (*shown.items(), *counts.items()):
            text.encode()
            promise(text.isprintable() or not _list_controls(text), f"controls in {name}")
        promise(len(shown["github"].splitlines()) == len(found), "a line each for GitHub")
        promise(len(shown["concise"].splitlines()) >= len(found), "a line each where it is concise")
        promise(len(shown["text"]) < LONGEST_FINDING * (len(found) + len(sizes) + 1), "much text")
        promise(len(json.loads(shown["json"])) == len(found) + len(sizes), "an object each")
        promise(json.loads(counts["json"]) is not None, "counts")
        (run,) = json.loads(shown["sarif"])["runs"]
        promise(len(run["results"]) == len(found), "a result each")
        ElementTree.fromstring(shown["junit"])


def _list_controls(text: str) -> set[str]:
    """What could rewrite a terminal."""
    plain = _PAINT.sub("", text)
    return {c for c in plain if not c.isprintable() and c not in "\n\t"}
