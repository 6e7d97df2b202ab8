"""Checks a whole spec: every variant is built, and every figure that it expects compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Diagnostic, SpecError, sort_findings
from cnnspec.expressions import Value, bound_work
from cnnspec.graph import limits
from cnnspec.graph.builder import Builder
from cnnspec.graph.expect import check_figures
from cnnspec.graph.ir import Graph
from cnnspec.graph.params import choose_params
from cnnspec.graph.record import Key, Stopped
from cnnspec.graph.reuse import Known
from cnnspec.graph.settle import Sizes, build_settled
from cnnspec.graph.static import check_words
from cnnspec.graph.task import check_task
from cnnspec.records import dataclass
from cnnspec.spec.model import ModelSpec

if TYPE_CHECKING:
    from cnnspec.graph.trials import Budget


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a spec, and the networks of those variants that could be built.

    `work` is what that took, in steps.
    """

    spec: ModelSpec
    findings: tuple[Diagnostic, ...]
    graphs: Mapping[str, Graph]
    work: int = 0


def check_variants(
    spec: ModelSpec, overrides: Mapping[str, Value] | None = None, variant: str = ""
) -> Checked:
    """What is wrong with a spec and with each of its variants, and their networks.

    With a variant it is about that one alone.

    The figures under ``expect`` are for the spec as it is written: overrides that change a
    parameter leave them out.
    """
    checker = _Checker(spec, dict(overrides or {}), variant)
    checker.check()
    findings = tuple(sort_findings(checker.found.values()))
    return Checked(spec, findings, checker.graphs, checker.work + checker.tried)


@dataclass(slots=True)
class _Checker:
    spec: ModelSpec
    overrides: dict[str, Value]
    only: str
    found: dict[Key, Diagnostic] = field(default_factory=dict)
    places: dict[Key, list[str]] = field(default_factory=dict)
    graphs: dict[str, Graph] = field(default_factory=dict)
    built: list[str] = field(default_factory=list)
    budget: Budget | None = None
    work: int = 0
    tried: int = 0
    known: Known = field(default_factory=Known)

    def check(self) -> None:
        """Build everything, then compare the figures."""
        try:
            check_words(self.spec, self.add, self.known)
            for variant in (self.only,) if self.only else ("", *self.spec.variants):
                if not self.build(variant):
                    break
            if not self.found and len(self.graphs) < len(self.built):
                raise RuntimeError("a spec was refused without a reason")
            self.add_places()
            self.check_figures()
        except Stopped:
            return

    def check_figures(self) -> None:
        """Compare the graphs with what the spec expects."""
        with bound_work():
            self.compare_figures()

    def compare_figures(self) -> None:
        """Compare them as far as expressions may go."""
        for expectation in self.spec.expect:
            graph = self.graphs.get(expectation.variant)
            if graph is not None and self.is_as_written(graph):
                for diagnostic in check_figures(expectation, graph):
                    self.add(diagnostic)
        if self.spec.task is not None:
            for graph in filter(self.is_as_written, self.graphs.values()):
                for diagnostic in check_task(graph):
                    self.add(diagnostic)

    def build(self, variant: str) -> bool:
        """Build one variant; false where that is too much for one check."""
        message = ""
        if self.work > limits.MAX_WORK:
            message = f"the variants together have more than {limits.MAX_WORK:,} steps"
        elif self.tried > limits.MAX_TRIED_WORK:
            most = limits.MAX_TRIED_WORK
            message = f"the sizes of the variants together take more than {most:,} steps"
        if message:
            help = f"'{variant}' and those after it are not checked: check them one by one"
            spans = [*self.spec.variant_spans.get(variant, {}).values(), self.spec.span]
            self.add(Diagnostic("too-large", message, spans[0], help=(help,)))
            return False

        def make(sizes: Sizes) -> Builder:
            return Builder(
                self.spec, variant, dict(self.overrides),
                sizes=sizes, words=False, known=self.known,
            )  # fmt: skip

        builder, graph = build_settled(make)
        self.work += builder.steps + limits.weigh_start(self.spec)
        self.built.append(variant)
        if graph is not None:
            self.graphs[variant] = graph
            if graph.open_sizes:
                self.check_sizes(graph)
        for diagnostic in builder.diagnostics:
            self.add(diagnostic, variant)
        if builder.faults:
            self.explain(builder)
        return True

    def check_sizes(self, graph: Graph) -> None:
        """Hold what is declared of open sizes against those that the network takes."""
        from cnnspec.graph.declared import check_declared
        from cnnspec.graph.variations import find_variations

        try:
            self.tried += find_variations(graph).valid.work
            found = tuple(check_declared(graph))
        except SpecError as error:
            found = error.diagnostics
            del self.graphs[graph.variant]
        for diagnostic in found:
            self.add(diagnostic, graph.variant)

    def explain(self, builder: Builder) -> None:
        """Keep the findings about shapes that do not fit."""
        from cnnspec.graph.explain import explain_faults, group_faults
        from cnnspec.graph.trials import Budget

        self.budget = self.budget or Budget()
        for key in group_faults(builder.faults):
            if key in self.found:
                self.places.setdefault(key, []).append(builder.variant)
        for diagnostic in explain_faults(builder, self.found, self.budget):
            self.add(diagnostic, builder.variant)

    def add(self, diagnostic: Diagnostic, variant: str | None = None) -> None:
        """Keep a finding once for each rule and place, with the variants that it is in."""
        key = (diagnostic.rule, diagnostic.span)
        if key not in self.found and len(self.found) >= limits.MAX_DIAGNOSTICS:
            raise Stopped
        self.found.setdefault(key, diagnostic)
        if variant is not None:
            self.places.setdefault(key, []).append(variant)

    def add_places(self) -> None:
        """Say which variants have a finding, where not all of them do."""
        for key, variants in self.places.items():
            if len(set(variants)) == len(self.built):
                continue
            # What stands in a variant's own lines needs no note on where it is.
            if key[1] not in set(self.spec.variant_spans.get(variants[0], {}).values()):
                note = f"only {name_variants(list(dict.fromkeys(variants)))}"
                finding = self.found[key]
                self.found[key] = replace(finding, notes=(*finding.notes, note))

    def is_as_written(self, graph: Graph) -> bool:
        """Whether the caller's overrides leave all parameters as they are."""
        if not self.overrides:
            return True
        return choose_params(self.spec, graph.variant, {}, _say_nothing) == graph.params


def _say_nothing(_: Diagnostic) -> None:
    """What is wrong with parameters was found when the variant was built."""


def name_variants(variants: Sequence[str]) -> str:
    """The variants in words; the spec without a variant is its default."""
    names = [f"'{name}'" for name in variants if name]
    listed = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    word = "variant" if len(names) == 1 else "variants"
    if "" not in variants:
        return f"in {word} {listed}"
    return f"without a variant, and in {word} {listed}" if names else "without a variant"
