"""Reads a document into a spec: the header, the blocks and the steps."""

from __future__ import annotations

from cnnspec.diagnostics import Diagnostic, Span, SpecError
from cnnspec.document import Entry, Mapping, Scalar, read_document
from cnnspec.naming import explain_name, is_name, nearest
from cnnspec.records import dataclass
from cnnspec.spec.about import AboutReader
from cnnspec.spec.blocks import BlockReader
from cnnspec.spec.files import BoundedFiles, OpenFile
from cnnspec.spec.keys import FIGURES, INPUT_SIZES, JOINED, KEYS
from cnnspec.spec.lint import read_limits, read_lint
from cnnspec.spec.model import (
    Argument,
    Block,
    Expectation,
    InputSpec,
    MapArgument,
    ModelSpec,
)
from cnnspec.spec.outputs import read_outputs
from cnnspec.spec.parts import PartReader
from cnnspec.spec.steps import StepReader
from cnnspec.spec.task import TaskReader

# A chain of files longer than this is taken for a mistake.
MAX_EXTENDS = 8
# It becomes a part of the names of files and classes.
MAX_VARIANT = 32


def read_spec(data: bytes | str, file: str, open_file: OpenFile | None = None) -> ModelSpec:
    """Read a spec; raises SpecError with all that is wrong with its form.

    `open_file` takes what ``extends`` says and gives the file's name and its bytes.
    """
    if open_file is not None:
        open_file = BoundedFiles(open_file, len(data)).open
    sources: dict[str, str] = {}
    document = _read_layers(data, file, open_file, sources)
    parts = None
    if open_file is not None:
        parts = PartReader(open_file, _read_part, tuple(sources), sources)
    return _SpecReader(document, file, sources, StepReader(parts)).read()


def _read_part(data: bytes, file: str, around: PartReader) -> ModelSpec:
    """A spec that a step of another takes."""
    sources: dict[str, str] = {}
    document = _read_layers(data, file, around.open_file, sources)
    around.sources.update(sources)
    return _SpecReader(document, file, sources, StepReader(around.enter(sources))).read()


def _read_layers(
    data: bytes | str, file: str, open_file: OpenFile | None, sources: dict[str, str]
) -> Mapping:
    """The document with those that it extends beneath it."""
    sources[file] = data if isinstance(data, str) else data.decode("utf-8", errors="replace")
    document = read_document(data, file)
    if not isinstance(document, Mapping):
        raise SpecError(
            [
                Diagnostic(
                    "invalid-spec",
                    "a spec must be a mapping that begins with 'cnnspec: 1'",
                    document.span,
                )
            ]
        )
    entry = document.get("extends")
    if entry is None:
        return document
    target = entry.value.value if isinstance(entry.value, Scalar) else None
    span = entry.value.span
    if not isinstance(target, str) or open_file is None:
        raise SpecError([Diagnostic("invalid-path", "extends must name a file", span)])
    try:
        base_file, base_data = open_file(target)
    except SpecError as error:
        raise SpecError(
            Diagnostic(d.rule, d.message, span, help=d.help) for d in error.diagnostics
        ) from None
    if base_file in sources or len(sources) >= MAX_EXTENDS:
        message = (
            f"extends comes back to {base_file}"
            if base_file in sources
            else (f"extends goes through more than {MAX_EXTENDS} files")
        )
        raise SpecError([Diagnostic("circular-extends", message, span)])
    return _overlay(_read_layers(base_data, base_file, open_file, sources), document)


def _overlay(base: Mapping, top: Mapping) -> Mapping:
    """A document over another: some mappings join key by key, everything else is replaced."""
    joined = {str(e.key.value): e for e in base.entries if e.key.value not in ("expect", "extends")}
    for entry in top.entries:
        key = str(entry.key.value)
        below = joined.get(key) if key in JOINED else None
        if below and isinstance(below.value, Mapping) and isinstance(entry.value, Mapping):
            merged = {str(e.key.value): e for e in below.value.entries}
            merged.update({str(e.key.value): e for e in entry.value.entries})
            joined[key] = Entry(entry.key, Mapping(tuple(merged.values()), entry.value.span))
        else:
            joined[key] = entry
    if "input" in joined and "inputs" in joined:
        joined.pop("input" if top.get("inputs") else "inputs")
    return Mapping(tuple(joined.values()), top.span)


@dataclass(frozen=True, slots=True)
class _SpecReader:
    """Reads the parts of one document."""

    document: Mapping
    file: str
    sources: dict[str, str]
    steps: StepReader

    def read(self) -> ModelSpec:
        """The whole spec, or all diagnostics at once."""
        document, report = self.document, self.steps.report
        for entry in document.entries:
            if entry.key.value not in KEYS:
                hint = nearest(str(entry.key.value), KEYS)
                report(
                    "unknown-key",
                    f"a spec has no key '{str(entry.key.value)[:80]}'",
                    entry.key.span,
                    f"did you mean '{hint}'?" if hint else f"its keys are {', '.join(KEYS)}",
                )
        about = AboutReader(document, self.steps)
        about.check_version()
        name, name_span = about.read_name()
        params = self.read_values("params")
        layers = document.get("layers")
        if layers is None:
            report("missing-key", "a spec needs layers", document.span)
        variants, variant_spans = self.read_variants()
        spec = ModelSpec(
            file=self.file,
            name=name,
            span=name_span,
            inputs=self.read_inputs(),
            steps=self.steps.read_list(layers.value, "layers") if layers else (),
            summary=about.read_text("summary"),
            paper=about.read_text("paper"),
            year=about.read_year(),
            task=TaskReader(self.steps).read(document),
            params={key: value for key, _, value in params},
            param_spans={key: span for key, span, _ in params},
            variants=variants,
            variant_spans=variant_spans,
            defaults=self.read_defaults(),
            blocks=self.read_blocks(),
            outputs=read_outputs(self.steps, document),
            expect=self.read_expectations(),
            limits=read_limits(self.steps, document),
            lint=read_lint(self.steps, document),
            sources=self.sources,
        )
        if self.steps.diagnostics:
            raise SpecError(self.steps.diagnostics)
        return spec

    def read_values(self, key: str) -> list[tuple[str, Span, Argument]]:
        """A mapping of names to arguments."""
        entry = self.document.get(key)
        return self.steps.read_entries(entry.value, key) if entry else []

    def read_blocks(self) -> dict[str, Block]:
        """The spec's own blocks."""
        entry = self.document.get("blocks")
        if entry is None:
            return {}
        return BlockReader(self.steps, self.file).read_blocks(entry.value, library=False)

    def read_defaults(self) -> dict[str, MapArgument]:
        """The fields that a spec sets for every use of an op."""
        found: dict[str, MapArgument] = {}
        for key, span, value in self.read_values("defaults"):
            if isinstance(value, MapArgument):
                found[key] = value
            else:
                self.steps.report("invalid-spec", f"defaults of {key} must be a mapping", span)
        return found

    def read_variants(self) -> tuple[dict[str, dict[str, Argument]], dict[str, dict[str, Span]]]:
        """The named overrides of the parameters, with the spans of their names."""
        entry = self.document.get("variants")
        if entry is None:
            return {}, {}
        if not isinstance(entry.value, Mapping):
            self.steps.report("invalid-spec", "variants must be a mapping", entry.value.span)
            return {}, {}
        self.steps.limit(entry.value.entries, "variants", entry.key.span)
        values: dict[str, dict[str, Argument]] = {}
        spans: dict[str, dict[str, Span]] = {}
        for variant in entry.value.entries:
            name = str(variant.key.value)
            if not name.replace("_", "").isalnum() or not name.isascii() or len(name) > MAX_VARIANT:
                form = "letters, digits and underscores"
                form = explain_name(name, MAX_VARIANT) if len(name) > MAX_VARIANT else form
                message = f"variant '{name[:80]}' must be {form}"
                self.steps.report("invalid-name", message, variant.key.span)
                continue
            entries = self.steps.read_entries(variant.value, f"variant {name}")
            values[name] = {key: value for key, _, value in entries}
            spans[name] = {key: span for key, span, _ in entries}
        return values, spans

    def read_inputs(self) -> tuple[InputSpec, ...]:
        """The inputs of the network, by name."""
        single, several = self.document.get("input"), self.document.get("inputs")
        if (single is None) == (several is None):
            self.steps.report(
                "missing-key" if single is None else "invalid-spec",
                "a spec needs an input"
                if single is None
                else "a spec has input or inputs, not both",
                self.document.span if single is None or several is None else several.key.span,
                "add for example 'input: {channels: 3, height: 224, width: 224}'",
            )
            return ()
        if single is not None:
            return self.read_input("input", single)
        assert several is not None
        if not isinstance(several.value, Mapping) or not several.value.entries:
            self.steps.report("invalid-spec", "inputs must name each input", several.value.span)
            return ()
        self.steps.limit(several.value.entries, "inputs", several.key.span)
        found: list[InputSpec] = []
        for entry in several.value.entries:
            if not isinstance(entry.key.value, str) or not is_name(entry.key.value):
                self.steps.report(
                    "invalid-name",
                    f"'{str(entry.key.value)[:80]}' cannot name an input",
                    entry.key.span,
                )
            found += self.read_input(str(entry.key.value), entry)
        return tuple(found)

    def read_input(self, name: str, entry: Entry) -> tuple[InputSpec, ...]:
        """One input: the sizes that it names."""
        if not isinstance(entry.value, Mapping) or not entry.value.entries:
            self.steps.report(
                "invalid-input",
                "an input says its sizes by name",
                entry.value.span,
                "write for example {channels: 3, height: 224, width: 224}",
            )
            return ()
        for part in entry.value.entries:
            if part.key.value not in INPUT_SIZES:
                hint = nearest(str(part.key.value), INPUT_SIZES)
                self.steps.report(
                    "unknown-field",
                    f"an input has no size '{str(part.key.value)[:80]}'",
                    part.key.span,
                    f"did you mean '{hint}'?" if hint else f"sizes are {', '.join(INPUT_SIZES)}",
                )
        sizes = {
            str(part.key.value): self.steps.read_argument(part.value)
            for part in entry.value.entries
        }
        return (InputSpec(name, sizes, entry.key.span),)

    def read_expectations(self) -> tuple[Expectation, ...]:
        """What the variants must come to; without variants, the figures stand alone."""
        entry = self.document.get("expect")
        if entry is None:
            return ()
        if not isinstance(entry.value, Mapping):
            self.steps.report("invalid-spec", "expect must be a mapping", entry.value.span)
            return ()
        self.steps.limit(entry.value.entries, "expect", entry.key.span)
        if any(e.key.value in FIGURES for e in entry.value.entries):
            return (self.read_expectation("", entry),)
        return tuple(self.read_expectation(str(e.key.value), e) for e in entry.value.entries)

    def read_expectation(self, variant: str, entry: Entry) -> Expectation:
        """The figures of one variant."""
        figures = self.steps.read_entries(entry.value, "expect")
        for key, span, _ in figures:
            if key not in FIGURES:
                hint = nearest(key, FIGURES)
                self.steps.report(
                    "unknown-field",
                    f"expect has no figure '{key[:80]}'",
                    span,
                    f"did you mean '{hint}'?" if hint else f"figures are {', '.join(FIGURES)}",
                )
        return Expectation(
            variant,
            {key: value for key, _, value in figures},
            {key: span for key, span, _ in figures},
            entry.key.span,
        )
