"""Findings as a reader or a tool wants them: text, one line each, JSON, GitHub annotations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from cnnspec.diagnostics import Diagnostic, Severity, draw_excerpt, spell_line, spell_lines

# SGR codes: bold red, bold yellow, bold cyan.
_COLOURS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.HINT: "1;36"}
_BOLD, _GUTTER = "1", "34"
# Red and green.
_CHANGES = {"-": "31", "+": "32"}

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "notice"}


def format_text(
    diagnostics: Sequence[Diagnostic], sources: Mapping[str, str], colour: bool = False
) -> str:
    """Draw each finding with its source line, a blank line between them."""
    return "\n".join(_draw(diagnostic, sources, colour) for diagnostic in diagnostics)


def format_concise(diagnostics: Sequence[Diagnostic]) -> str:
    """Write one line for each finding."""
    lines = []
    for diagnostic in diagnostics:
        place = f"{diagnostic.span}: " if diagnostic.span else ""
        where = f" [{diagnostic.path}]" if diagnostic.path else ""
        text = f"{diagnostic.severity}[{diagnostic.rule}]: {diagnostic.message}{where}"
        lines.append(f"{spell_line(place + ' '.join(text.split()))}\n")
    return "".join(lines)


def format_json(
    diagnostics: Sequence[Diagnostic], more: Sequence[Mapping[str, object]] = ()
) -> str:
    """Write a JSON list with an object for each finding, and for what else there is to say."""
    # Checks do without the json module.
    from cnnspec.report.json_text import write_json

    findings = [_describe(diagnostic) for diagnostic in diagnostics]
    return write_json([*findings, *more])


def format_github(diagnostics: Sequence[Diagnostic]) -> str:
    """Write the workflow commands that make GitHub show findings beside the code.

    Source: GitHub's "Workflow commands for GitHub Actions"; the escapes are those of its
    actions/toolkit.
    """
    return "".join(f"{_annotate(diagnostic)}\n" for diagnostic in diagnostics)


def describe_count(diagnostics: Sequence[Diagnostic], files: int) -> str:
    """Say in one line how many findings of each severity there are."""
    checked = "1 file" if files == 1 else f"{files} files"
    counts = Counter(diagnostic.severity for diagnostic in diagnostics)
    if not counts:
        return f"no problems in {checked}"
    shown = [
        f"{counts[severity]} {severity}{'' if counts[severity] == 1 else 's'}"
        for severity in Severity
        if counts[severity]
    ]
    said = f"{', '.join(shown)} in {checked}"
    if any(diagnostic.offer for diagnostic in diagnostics):
        from cnnspec.report.offers import describe_fixable

        return f"{said}; {describe_fixable(diagnostics)}"
    return said


def join_lines(diagnostic: Diagnostic) -> str:
    """The message with its notes and helps below, for tools that show the source themselves."""
    notes = (f"note: {note}" for note in diagnostic.notes)
    helps = (f"help: {entry}" for entry in diagnostic.help)
    return "\n".join([diagnostic.message, *notes, *helps])


def _describe(diagnostic: Diagnostic) -> dict[str, object]:
    from cnnspec.report.offers import describe_offer

    span = diagnostic.span
    return {
        "file": span.file if span else None,
        "rule": diagnostic.rule,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": span.end_line if span else None,
        "end_column": span.end_column if span else None,
        "path": diagnostic.path,
        "notes": list(diagnostic.notes),
        "help": list(diagnostic.help),
        "fix": describe_offer(diagnostic.offer),
    }


def _annotate(diagnostic: Diagnostic) -> str:
    span = diagnostic.span
    properties: dict[str, object] = {}
    if span is not None:
        properties |= {"file": spell_line(span.file), "line": span.line, "endLine": span.end_line}
        # GitHub refuses columns in an annotation of several lines.
        if span.line == span.end_line:
            properties |= {"col": span.column, "endColumn": span.end_column}
    properties["title"] = diagnostic.rule
    shown = ",".join(f"{key}={_escape_property(str(value))}" for key, value in properties.items())
    return f"::{_LEVELS[diagnostic.severity]} {shown}::{_escape_message(join_lines(diagnostic))}"


def _escape_message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_message(text).replace(":", "%3A").replace(",", "%2C")


def _draw(diagnostic: Diagnostic, sources: Mapping[str, str], colour: bool) -> str:
    source = sources.get(diagnostic.span.file) if diagnostic.span else None
    lines = spell_lines("\n".join(_list_lines(diagnostic, source))).split("\n")
    if colour:
        lines = [_paint_headline(lines[0], diagnostic), *map(_paint_line, lines[1:])]
    return "\n".join(lines) + "\n"


def _list_lines(diagnostic: Diagnostic, source: str | None) -> list[str]:
    offer = diagnostic.offer
    if offer is None or source is None or diagnostic.span is None:
        return [draw_excerpt(diagnostic, source)]
    from cnnspec.report.offers import draw_offer

    # What the fix does need not be said twice.
    others = tuple(entry for entry in diagnostic.help if entry != offer.message)
    excerpt = draw_excerpt(replace(diagnostic, help=others), source)
    return [excerpt, *draw_offer(offer, source, len(str(diagnostic.span.line)))]


def _paint_headline(line: str, diagnostic: Diagnostic) -> str:
    word = f"{diagnostic.severity}[{diagnostic.rule}]"
    place, found, message = line.partition(word)
    painted = _paint(word, _COLOURS[diagnostic.severity])
    return f"{place}{painted}{_paint(message, _BOLD)}" if found else line


def _paint_line(line: str) -> str:
    if carets := re.fullmatch(r"( *\| *)(\^+)", line):
        return f"{_paint(carets[1], _GUTTER)}{_paint(carets[2], _COLOURS[Severity.ERROR])}"
    if gutter := re.match(r" *\d* *\|", line):
        return f"{_paint(gutter[0], _GUTTER)}{line[gutter.end() :]}"
    if change := re.match(r" *\d+ ([-+]) ", line):
        return _paint(line, _CHANGES[change[1]])
    if label := re.match(r"( *= )(note|help):", line):
        return f"{_paint(label[1], _GUTTER)}{_paint(f'{label[2]}:', _BOLD)}{line[label.end() :]}"
    return line


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if text else ""
