"""Reads the specs that steps of another take as parts: ``spec: resnet:50``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace

from cnnspec.diagnostics import Diagnostic, Span, SpecError
from cnnspec.records import dataclass
from cnnspec.spec.files import OpenFile
from cnnspec.spec.model import Argument, Literal, ModelSpec, Pattern

# A chain of specs in specs longer than this is taken for a mistake.
MAX_PARTS_DEPTH = 8
# Files that one spec and all its parts may come from.
MAX_FILES = 64

ReadFile = Callable[[bytes, str, "PartReader"], ModelSpec]
Report = Callable[[Diagnostic], None]


@dataclass(frozen=True, slots=True)
class PartReader:
    """Opens and reads what steps name; a file is read once, however often it is taken.

    `around` are the files that are being read, outermost first: none of them can be a part.
    `sources` are the texts of all files so far.
    """

    open_file: OpenFile
    read_file: ReadFile
    around: tuple[str, ...]
    sources: dict[str, str]
    known: dict[str, ModelSpec | None] = field(default_factory=dict)

    def enter(self, sources: dict[str, str]) -> PartReader:
        """The reader for the parts of a part that was read from some files."""
        return replace(self, around=(*self.around, *sources))

    def read(self, name: str, span: Span, report: Report) -> ModelSpec | None:
        """The spec of that name; None after an error."""
        try:
            file, data = self.open_file(name)
        except SpecError as error:
            for found in error.diagnostics:
                report(Diagnostic(found.rule, found.message, span, help=found.help))
            return None
        if file in self.around:
            chain = " -> ".join([*self.around[self.around.index(file) :], file])
            report(Diagnostic("circular-part", f"specs are parts of each other: {chain}", span))
            return None
        if file in self.known:
            return self.known[file]
        if len(self.around) >= MAX_PARTS_DEPTH or len(self.sources) >= MAX_FILES:
            message = (
                f"specs are parts of each other more than {MAX_PARTS_DEPTH} deep"
                if len(self.around) >= MAX_PARTS_DEPTH
                else f"a spec and its parts come from more than {MAX_FILES} files"
            )
            report(Diagnostic("circular-part", message, span))
            return None
        self.known[file] = None
        try:
            self.known[file] = self.read_file(data, file, self)
        except SpecError as error:
            for found in error.diagnostics:
                report(replace(found, notes=(*found.notes, describe_use(name, span))))
        return self.known[file]


def describe_use(name: str, span: Span) -> str:
    """Where a spec is taken as a part, for what is wrong in it."""
    return f"in spec '{name}', taken at line {span.line} of {span.file}"


def split_reference(argument: Argument) -> tuple[str, bool] | None:
    """The file or zoo name in ``resnet:50`` or ``resnet:$depth``, and whether a variant follows.

    None where an expression stands in what must be known before anything is evaluated.
    """
    if isinstance(argument, Literal) and isinstance(argument.value, str):
        name, colon, _ = argument.value.rpartition(":")
        return (name, True) if colon else (argument.value, False)
    if isinstance(argument, Pattern):
        first, *rest = argument.template.parts
        if isinstance(first, str) and ":" in first and rest:
            return first.rpartition(":")[0], True
    return None
