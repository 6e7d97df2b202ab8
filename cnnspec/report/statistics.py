"""How often each rule was broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cnnspec.diagnostics import Diagnostic, Severity
from cnnspec.report.json_text import write_json
from cnnspec.report.tables import Column, draw_text

_COLUMNS = (Column("Findings", numeric=True), Column("Severity"), Column("Rule"))


def format_counts(diagnostics: Iterable[Diagnostic]) -> str:
    """Write a table of the rules, those with the most findings first."""
    rows = [[str(count), str(severity), rule] for rule, severity, count in _count(diagnostics)]
    return draw_text(_COLUMNS, rows) + "\n" if rows else ""


def format_counts_json(diagnostics: Iterable[Diagnostic]) -> str:
    """Write the same as a JSON list."""
    shown = [
        {"rule": rule, "severity": str(severity), "findings": count}
        for rule, severity, count in _count(diagnostics)
    ]
    return write_json(shown)


def _count(diagnostics: Iterable[Diagnostic]) -> list[tuple[str, Severity, int]]:
    counts = Counter((diagnostic.rule, diagnostic.severity) for diagnostic in diagnostics)
    order = list(Severity)
    return sorted(
        ((rule, severity, count) for (rule, severity), count in counts.items()),
        key=lambda row: (-row[2], order.index(row[1]), row[0]),
    )
