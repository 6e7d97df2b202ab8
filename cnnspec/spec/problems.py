"""What is wrong with a spec's form, gathered while it is read, and how much of it there may be."""

from __future__ import annotations

from collections.abc import Sized
from typing import Final

from cnnspec.diagnostics import Diagnostic, Span, SpecError
from cnnspec.document import MAX_PROBLEMS

# Parameters of a model or a block, variants, blocks, inputs, outputs: the largest published
# families have some dozens, and every block sees every parameter.
MAX_NAMED: Final = 1_000


class Problems:
    """The errors that one reading found."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def report(self, rule: str, message: str, span: Span, *help: str) -> None:
        """Record one error; raises SpecError with all of them where nobody reads further."""
        self.diagnostics.append(Diagnostic(rule, message, span, help=help))
        if len(self.diagnostics) >= MAX_PROBLEMS:
            raise SpecError(self.diagnostics)

    def limit(self, entries: Sized, what: str, span: Span) -> None:
        """Raise SpecError for more names of one kind than a spec may have."""
        if len(entries) > MAX_NAMED:
            message = f"{what} has {len(entries):,} entries; the limit is {MAX_NAMED:,}"
            self.diagnostics.append(Diagnostic("too-large", message, span))
            raise SpecError(self.diagnostics)
