"""What a caller, a spec and its comments make of findings, and which of these words did nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from cnnspec.diagnostics import Diagnostic, Severity, Span
from cnnspec.graph.frame import find_shown
from cnnspec.graph.ir import Graph
from cnnspec.lint.base import Finding, Mention, Review, Rule
from cnnspec.lint.ignores import find_ignores
from cnnspec.lint.options import LintOptions, find_rule
from cnnspec.spec.model import ModelSpec


class Control:
    """Grades the findings in a spec and in those that are parts of it.

    What a spec says of itself comes after what the caller wants. A word that silences a finding
    is marked as used, also where another has silenced it already.
    """

    def __init__(self, spec: ModelSpec, graphs: Iterable[Graph], options: LintOptions) -> None:
        self.spec = spec
        self.options = options
        self.problems: list[Diagnostic] = []
        self._specs = _list_specs(spec, graphs)
        self._comments: dict[tuple[str, int, str], list[Mention]] = {}
        self._mentions = list(self._read_settings())
        for mention, line in self._read_comments():
            self._mentions.append(mention)
            key = (mention.span.file, line, mention.rule)
            self._comments.setdefault(key, []).append(mention)
        self._used: set[Span] = set()

    def is_asked(self, rule: Rule) -> bool:
        """Whether a rule can have findings that are reported."""
        if self.options.leaves_out(rule):
            return False
        raised = any(
            rule.name in spec.lint and spec.lint[rule.name].severity for spec in self._specs
        )
        return raised or self.options.choose_severity(rule) is not None

    def judge(self, rule: Rule, finding: Finding, shown: Span | None) -> Severity | None:
        """How bad a finding is; None where it is not reported."""
        if rule.severity is Severity.ERROR:
            return rule.severity
        node = finding.node
        setting = (node.origin.spec if node else self.spec).lint.get(rule.name)
        level = setting.severity if setting else self.options.choose_severity(rule)
        if setting and level is None:
            self._used.add(setting.span)
        if not self._comments:
            return level
        places = {(shown.file, shown.line)} if shown else set()
        if node:
            head = find_shown(node.origin.step.span, node.origin.calls)
            places.add((head.file, head.line))
        for file, line in places:
            for mention in self._comments.get((file, line, rule.name), ()):
                self._used.add(mention.span)
                level = None
        return level

    def review(self, is_complete: bool) -> Review:
        """What was said about findings; `is_complete` tells that none can have been missed."""
        return Review(
            tuple(self._mentions),
            tuple(filter(self._is_unused, self._mentions)) if is_complete else (),
            self._find_severity,
            lambda: tuple(self._pages),
        )

    def _is_unused(self, mention: Mention) -> bool:
        rule = find_rule(mention.rule)
        return (
            mention.level is None
            and mention.span not in self._used
            # What a base or a part says is for the check of that file.
            and mention.span.file == self.spec.file
            and rule is not None
            and rule.severity is not Severity.ERROR
            and rule.review is None
            and self.is_asked(rule)
        )

    def _read_settings(self) -> Iterator[Mention]:
        for spec in self._specs:
            for rule, setting in spec.lint.items():
                yield Mention(rule, setting.span, setting.severity, reason=setting.reason)

    def _read_comments(self) -> Iterator[tuple[Mention, int]]:
        for file, text in self.spec.sources.items():
            ignores, problems = find_ignores(text, file)
            self.problems += problems
            for ignore in ignores:
                alone = len(ignore.rules) == 1
                for rule, span in ignore.rules:
                    mention = Mention(rule, span, None, ignore.span, alone, ignore.reason)
                    yield mention, ignore.line

    def _find_severity(self, name: str) -> Severity | None:
        rule = find_rule(name)
        if rule is not None:
            return rule.severity
        return Severity.ERROR if name in self._pages else None

    @cached_property
    def _pages(self) -> Iterable[str]:
        # Only what is no rule of the linter's is looked for among the pages.
        from cnnspec.lint.pages import load_pages

        return load_pages()


def _list_specs(spec: ModelSpec, graphs: Iterable[Graph]) -> list[ModelSpec]:
    """A spec and those that are parts of it."""
    if len(spec.sources) < 2:
        return [spec]
    parts = {id(node.origin.spec): node.origin.spec for graph in graphs for node in graph.nodes}
    return [spec, *(part for part in parts.values() if part is not spec)]
