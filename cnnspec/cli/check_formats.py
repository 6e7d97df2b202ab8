"""What a check prints: its findings, and what else it knows, in the format asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Diagnostic, Severity
from cnnspec.records import dataclass
from cnnspec.report import findings

if TYPE_CHECKING:
    from cnnspec.report.sizes import SizeReport


@dataclass(frozen=True, slots=True)
class Report:
    """The findings in some files, with the files' texts, and the sizes that networks take.

    A check `fails` for findings of these severities; `fixed` are the findings that are gone, or
    would be if what was only shown were written.
    """

    found: Sequence[Diagnostic]
    texts: Mapping[str, str]
    files: Sequence[str]
    sizes: Sequence[SizeReport]
    fails: frozenset[Severity]
    fixed: int = 0
    only_shown: bool = False
    colour: bool = False

    def is_failure(self, diagnostic: Diagnostic) -> bool:
        """Whether a check fails for a finding."""
        return diagnostic.severity in self.fails

    def format_sizes(self) -> str:
        """The sizes as text, if there are any."""
        if not self.sizes:
            return ""
        from cnnspec.report.sizes import format_sizes

        return format_sizes(self.sizes)


def _show_text(report: Report) -> str:
    shown = findings.format_text(report.found, report.texts, report.colour)
    gap, lines = "\n" if report.found else "", report.format_sizes()
    shown += f"{gap}{lines}" if lines else ""
    count = findings.describe_count(report.found, len(report.files))
    return f"{shown}{gap}{_describe_fixed(report)}{count}\n" if report.files else shown


def _describe_fixed(report: Report) -> str:
    if not report.fixed:
        return ""
    findings = "1 finding" if report.fixed == 1 else f"{report.fixed} findings"
    return f"would fix {findings}; " if report.only_shown else f"fixed {findings}; "


def _show_concise(report: Report) -> str:
    return findings.format_concise(report.found) + report.format_sizes()


def _show_json(report: Report) -> str:
    if not report.sizes:
        return findings.format_json(report.found)
    from cnnspec.report.sizes import describe_report

    return findings.format_json(report.found, list(map(describe_report, report.sizes)))


def _show_github(report: Report) -> str:
    return findings.format_github(report.found)


def _show_sarif(report: Report) -> str:
    from cnnspec import __version__
    from cnnspec.report.sarif import format_sarif

    return format_sarif(report.found, __version__, Path.cwd(), report.texts)


def _show_junit(report: Report) -> str:
    from cnnspec.report.junit import format_junit

    return format_junit(report.found, report.files, report.is_failure)


FORMATS: MappingProxyType[str, Callable[[Report], str]] = MappingProxyType(
    {
        "text": _show_text,
        "concise": _show_concise,
        "json": _show_json,
        "github": _show_github,
        "sarif": _show_sarif,
        "junit": _show_junit,
    }
)
# Annotations are for what is to be mended.
WITH_SIZES = ("text", "concise", "json")
# To try what is not shown would be a waste.
WITH_OFFERS = ("text", "json", "sarif")


def _count_as_text(report: Report) -> str:
    from cnnspec.report.statistics import format_counts

    return format_counts(report.found)


def _count_as_json(report: Report) -> str:
    from cnnspec.report.statistics import format_counts_json

    return format_counts_json(report.found)


COUNTS: MappingProxyType[str, Callable[[Report], str]] = MappingProxyType(
    {"text": _count_as_text, "json": _count_as_json}
)
