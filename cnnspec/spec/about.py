"""Reads what a spec says of itself: its version, name, summary, paper and year."""

from __future__ import annotations

from cnnspec.diagnostics import Span
from cnnspec.document import Mapping, Scalar
from cnnspec.naming import explain_name, is_name
from cnnspec.records import dataclass
from cnnspec.spec.keys import FORMAT_VERSION, YEARS
from cnnspec.spec.steps import StepReader


@dataclass(frozen=True, slots=True)
class AboutReader:
    """Reads the head of one document; problems go to the reader of its steps."""

    document: Mapping
    steps: StepReader

    def check_version(self) -> None:
        """Report a missing or an unknown format version."""
        entry = self.document.get("cnnspec")
        if entry is None:
            first = (
                self.document.entries[0].key.span if self.document.entries else self.document.span
            )
            self.steps.report(
                "missing-key", "a spec must say its format version", first,
                f"add 'cnnspec: {FORMAT_VERSION}' as the first line",
            )  # fmt: skip
        elif not isinstance(entry.value, Scalar) or entry.value.value is not FORMAT_VERSION:
            self.steps.report(
                "unknown-version",
                f"this tool reads format version {FORMAT_VERSION}",
                entry.value.span,
                f"write 'cnnspec: {FORMAT_VERSION}'",
            )

    def read_name(self) -> tuple[str, Span]:
        """The model's name, which becomes the names of its class and file."""
        entry = self.document.get("name")
        if entry is None:
            self.steps.report("missing-key", "a spec needs a name", self.document.span)
            return "model", self.document.span
        value = entry.value.value if isinstance(entry.value, Scalar) else None
        if not isinstance(value, str) or not is_name(value):
            message = f"name '{str(value)[:80]}' must be {explain_name(str(value))}"
            self.steps.report("invalid-name", message, entry.value.span)
            return "model", entry.value.span
        return value, entry.value.span

    def read_text(self, key: str) -> str:
        """A line of prose."""
        entry = self.document.get(key)
        if entry is None:
            return ""
        if isinstance(entry.value, Scalar) and isinstance(entry.value.value, str):
            return " ".join(entry.value.value.split())
        self.steps.report("invalid-spec", f"{key} must be text", entry.value.span)
        return ""

    def read_year(self) -> int | None:
        """The year that it was published in."""
        entry = self.document.get("year")
        if entry is None:
            return None
        year = entry.value.value if isinstance(entry.value, Scalar) else None
        first, last = YEARS
        if isinstance(year, bool) or not isinstance(year, int) or not first <= year <= last:
            message = f"year must be a whole number from {first} to {last}"
            self.steps.report("invalid-spec", message, entry.value.span)
            return None
        return year
