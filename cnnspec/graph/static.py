"""Checks the words of a spec without evaluating it: ops, fields, names, circles of blocks.

Blocks that are never called, and steps that a condition leaves out, are checked all the same.
"""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from cnnspec.diagnostics import Diagnostic, Span
from cnnspec.graph.arguments import OpFactory, list_fields, list_missing, read_given
from cnnspec.graph.ends import explain_end, explain_variant, is_end
from cnnspec.graph.evaluate import find_name, needs
from cnnspec.graph.frame import Calls
from cnnspec.graph.library import find_block, load_library
from cnnspec.graph.limits import MAX_NESTING
from cnnspec.graph.modifiers import (
    check_condition,
    check_count,
    check_list,
    check_shortcut_condition,
)
from cnnspec.graph.opened import list_letters
from cnnspec.graph.reuse import Known
from cnnspec.graph.scope import list_shared
from cnnspec.graph.walk import list_steps
from cnnspec.graph.words import explain_field, explain_word, suggest
from cnnspec.naming import list_some
from cnnspec.ops.catalog import OPS
from cnnspec.spec.keys import STRUCTURES
from cnnspec.spec.model import (
    Argument,
    Block,
    ListArgument,
    Literal,
    ModelSpec,
    Part,
    Step,
    list_formulas,
)
from cnnspec.spec.parts import describe_use

Report = Callable[[Diagnostic], None]
# Names that formulas can use. Those that a step adds come before those that were there, of which
# there may be so many that no step could have its own copy.
Names = ChainMap[str, None]


def check_words(
    spec: ModelSpec, report: Report, known: Known, done: set[int] | None = None
) -> None:
    """Report what is wrong with a spec's steps, blocks and defaults whatever their values.

    The ops of steps without expressions go into `known`.

    What is wrong in the specs that its steps take is reported with the first step that takes each,
    wherever that is: `done` has those that were looked at, by identity.
    """
    done = set() if done is None else done
    done.add(id(spec))
    _Checker(spec, report, known).check()
    taken: dict[int, Step] = {}
    for step in list_steps(spec):
        if step.part is not None:
            taken.setdefault(id(step.part.spec), step)
    for step in taken.values():
        assert step.part is not None and step.argument is not None
        if id(step.part.spec) in done:
            continue
        use = describe_use(step.part.spec.name, step.span)

        def pass_on(found: Diagnostic, use: str = use) -> None:
            report(replace(found, notes=(*found.notes, use)))

        check_words(step.part.spec, pass_on, known, done)


def check_call(spec: ModelSpec, step: Step, report: Report) -> None:
    """Report what is wrong with the op or block that a step calls, and with its fields."""
    _Checker(spec, report, Known()).check_call(step)


class _Checker:
    def __init__(self, spec: ModelSpec, report: Report, known: Known) -> None:
        self.spec = spec
        self.report = report
        self.letters = list_letters(spec)
        self.factory = OpFactory(spec, {}, self, known.ops, known.fixed)

    def fail(self, rule: str, message: str, span: Span, *help: str) -> None:
        """Record one error."""
        self.report(Diagnostic(rule, message, span, help=help))

    def fail_at(
        self, calls: Calls, rule: str, message: str, span: Span, *help: str, path: str = ""
    ) -> None:
        """Record one error that the factory found."""
        self.fail(rule, message, span, *help)

    def check(self) -> None:
        """Check the whole spec."""
        params = _add(Names(), self.spec.params)
        if "in_channels" in params:
            message = "in_channels is what the network received; it cannot be a parameter"
            span = self.spec.param_spans.get("in_channels", self.spec.span)
            self.fail("invalid-name", message, span, "choose another name, such as 'channels'")
        for word, fields in self.spec.defaults.items():
            kind = OPS.get(word)
            if kind is None:
                help = explain_word(word, OPS)
                message = f"defaults are for ops, and there is no op '{word[:80]}'"
                self.fail("unknown-op", message, fields.span, help)
                continue
            self.check_fields(word, kind.model_fields, fields.entries)
            self.check_names(fields, _add(params, ["in_channels"]))
            plain = {name: value for name, _, value in fields.entries if not needs(value)}
            self.factory.check_values(kind, plain)
        for source in self.spec.inputs:
            for argument in source.sizes.values():
                self.check_names(argument, params)
        for output in self.spec.outputs:
            for argument in output.arguments:
                self.check_names(argument, params)
        self.check_steps(self.spec.steps, self.list_known(params), 0)
        self.check_lonely(self.spec.steps)
        for block in self.spec.blocks.values():
            self.check_block(block, params)
        self.check_circles()
        for expectation in self.spec.expect:
            name = expectation.variant
            if name and name not in self.spec.variants:
                message = f"there is no variant '{name[:80]}' to expect figures of"
                listed = list_some(self.spec.variants) or "none"
                help = suggest(name, self.spec.variants, f"the variants are: {listed}")
                self.fail("unknown-variant", message, expectation.span, help)

    def list_known(self, params: Names) -> Names:
        """What the steps of the network and of its blocks can use, beside their own."""
        return _add(params, ["in_channels", *(source.name for source in self.spec.inputs)])

    def check_block(self, block: Block, params: Names) -> None:
        """Check one block of the spec."""
        if block.name in OPS or block.name in STRUCTURES:
            message = f"'{block.name}' is an op; a block needs another name"
            self.fail("invalid-block", message, block.span)
        if "in_channels" in block.parameters:
            message = "in_channels is known in every block; it cannot be a parameter"
            self.fail("invalid-block", message, block.span)
        seen = _add(params, ["in_channels"])
        for name, default in block.parameters.items():
            if default is not None:
                self.check_names(default, seen)
            seen[name] = None
        self.check_steps(block.steps, _add(self.list_known(params), block.parameters), 0)
        self.check_lonely(block.steps)

    def check_steps(self, steps: tuple[Step, ...], names: Names, depth: int) -> None:
        """Check a list of steps; `names` are the variables that they can use."""
        if depth > MAX_NESTING:
            return
        # A value's sizes can be used after its step only, which the build checks.
        found = (str(s.name.value) for s in _flatten(steps) if isinstance(s.name, Literal))
        names = _add(names, found)
        for step in steps:
            inner = names
            if step.loop:
                inner = _add(names, (variable for variable, _ in step.loop))
            for _, argument in step.loop:
                self.check_names(argument, names)
            modifiers = step.modifiers
            for modifier in modifiers:
                self.check_names(modifier, inner)
            if step.loop or modifiers:
                self.check_modifiers(step)
            for branch in step.branches:
                self.check_steps(branch.steps, inner, depth + 1)
            if not step.is_structure:
                # What an expression gives is checked when it is known.
                if step.choice is None:
                    self.check_call(step)
                if step.argument is not None:
                    self.check_names(step.argument, inner)

    def check_modifiers(self, step: Step) -> None:
        """Check modifiers that are written as plain values."""
        checks = (
            (step.when, check_condition),
            (step.shortcut_when, check_shortcut_condition),
            (step.repeat, check_count),
        )
        for argument, check in checks:
            if isinstance(argument, Literal) and (problem := check(argument.value)):
                self.fail(*problem, argument.span)
        for _, argument in step.loop:
            if isinstance(argument, Literal) and (problem := check_list(argument.value)):
                self.fail(*problem, argument.span)

    def check_call(self, step: Step) -> None:
        """Check a step's op or block, and the fields that it is given."""
        kind = OPS.get(step.head)
        block = find_block(self.spec, step.head) if kind is None else None
        if step.part is not None:
            self.check_part(step, step.part)
        elif kind is None and block is None:
            given = step.argument.value if isinstance(step.argument, Literal) else None
            known = [*OPS, *STRUCTURES, *load_library(), *self.spec.blocks]
            help = explain_word(step.head, known, str(given))
            message = f"there is no op or block '{step.head[:80]}'"
            self.fail("unknown-op", message, step.span, help)
        elif kind is None and block is not None:
            self.check_block_call(step, block)
        elif kind is not None and kind.merges:
            items = step.argument.items if isinstance(step.argument, ListArgument) else ()
            if len(items) < 2:
                self.fail(
                    "missing-field", f"{step.head} needs a list of two values or more", step.span,
                    f"write for example {step.head}: [shortcut, _]",
                )  # fmt: skip
        elif kind is not None:
            self.check_op_call(step)

    def check_part(self, step: Step, part: Part) -> None:
        """Check what a step says of a spec that it takes, as far as it is written plainly."""
        for name, span, _ in part.settings:
            if name not in part.spec.params:
                help = explain_field(name, part.spec.name, part.spec.params)
                message = f"{part.spec.name} has no parameter '{name[:80]}'"
                self.fail("unknown-parameter", message, span, help)
        if isinstance(part.until, Literal) and not is_end(part.until.value, part.spec):
            rule, message, help = explain_end(part.until.value, part.spec)
            self.fail(rule, message, part.until.span, help)
        if isinstance(step.argument, Literal):
            variant = str(step.argument.value).rpartition(":")[2]
            if ":" in str(step.argument.value) and variant not in part.spec.variants:
                rule, message, help = explain_variant(part.spec, variant)
                self.fail(rule, message, step.argument.span, help)

    def check_op_call(self, step: Step) -> None:
        """Check the fields of a call of an op, and their values where they are plain."""
        kind = OPS[step.head]
        given = read_given(step, kind.principal)
        if given is None:
            assert step.argument is not None
            fields = ", ".join(kind.model_fields)
            message = (
                f"{step.head} takes its fields by name"
                if fields
                else (f"{step.head} has no fields")
            )
            help = (f"its fields are {fields}",) if fields else ()
            self.fail("invalid-field", message, step.argument.span, *help)
            return
        self.check_fields(step.head, kind.model_fields, given)
        entries = list_fields(self.spec, step)
        missing = list_missing(kind, entries)
        # A misspelt field is missing too, and said once.
        if missing and all(name in kind.model_fields for name, _, _ in given):
            example = ", ".join(f"{name}: ..." for name in missing)
            message = f"{step.head} needs {' and '.join(missing)}"
            self.fail("missing-field", message, step.span, f"write {step.head}: {{{example}}}")
        plain = {name: value for name, value in entries.items() if not needs(value)}
        if missing or len(plain) < len(entries) or plain.keys() - kind.model_fields.keys():
            self.factory.check_values(kind, plain)
        else:
            self.factory.make_op(step, {}, ())

    def check_block_call(self, step: Step, block: Block) -> None:
        """Check the names of a call's arguments, and that none is missing."""
        given = read_given(step, next(iter(block.parameters), None))
        if given is None:
            assert step.argument is not None
            message = f"block '{block.name}' has no parameters"
            self.fail("invalid-field", message, step.argument.span)
            return
        for name, span, _ in given:
            if name not in block.parameters:
                help = explain_field(name, f"block '{block.name}'", block.parameters)
                message = f"block '{block.name}' has no parameter '{name[:80]}'"
                self.fail("unknown-field", message, span, help)
        names = {name for name, _, _ in given}
        missing = [n for n, default in block.parameters.items() if default is None]
        missing = [name for name in missing if name not in names]
        if missing and names <= block.parameters.keys():
            example = ", ".join(f"{name}: ..." for name in missing)
            message = f"block '{block.name}' needs {' and '.join(missing)}"
            self.fail("missing-field", message, step.span, f"write {step.head}: {{{example}}}")

    def check_fields(
        self, word: str, known: Mapping[str, object], given: tuple[tuple[str, Span, Argument], ...]
    ) -> None:
        """Check the names of an op's fields."""
        for name, span, _ in given:
            if name not in known:
                help = explain_field(name, word, known)
                self.fail("unknown-field", f"{word} has no field '{name[:80]}'", span, help)

    def check_names(self, argument: Argument, names: Names) -> None:
        """Check the names that an argument's expressions use."""
        for formula in list_formulas(argument):
            for name in sorted(needs(formula) - names.keys()):
                known = list_some(sorted(names))
                help = suggest(name, sorted(names), f"names known here: {known}")
                if name in self.letters:
                    help = f"{name} is a size of the input that stays open, so it is no number"
                place = find_name(formula, name)
                self.fail("unknown-name", f"unknown name '{name[:80]}'", place, help)

    def check_lonely(self, steps: tuple[Step, ...]) -> None:
        """Check that weights which a step shares are those of another step, or of another turn."""
        for part in list_shared(steps):
            names = [step.shared for step, _ in part if step.shared is not None]
            # A computed name may be any.
            if not all(isinstance(name, Literal) for name in names):
                continue
            words = [str(name.value) for name in names if isinstance(name, Literal)]
            counts = Counter(words)
            for (_, turns), name, word in zip(part, names, words, strict=True):
                if counts[word] == 1 and not turns:
                    others = [other for other in words if other != word]
                    hint = "steps share weights with steps of the same part: the same list or stage"
                    help = suggest(word, others, hint)
                    message = f"no other step of this part shares '{word[:80]}'"
                    self.fail("nothing-shared", message, name.span, help)

    def check_circles(self) -> None:
        """Report blocks that come back to themselves."""
        done: set[str] = set()
        for start in self.spec.blocks.values():
            if start.name in done:
                continue
            trail: dict[str, Iterator[Step]] = {start.name: _calls(start.steps)}
            while trail:
                name, calls = next(reversed(trail.items()))
                step = next(calls, None)
                if step is None:
                    done.add(name)
                    del trail[name]
                    continue
                block = find_block(self.spec, step.head)
                if block is None or block.name in done:
                    continue
                if block.name in trail:
                    chain = list(trail)
                    circle = [*chain[chain.index(block.name) :], block.name]
                    message = f"blocks call each other in a circle: {_join_circle(circle)}"
                    self.fail("circular-block", message, step.span)
                else:
                    trail[block.name] = _calls(block.steps)


def _add(names: Names, more: Iterable[str]) -> Names:
    added = dict.fromkeys(more)
    return names.new_child(added) if added else names


def _join_circle(names: list[str]) -> str:
    if len(names) > 8:
        names = [*names[:4], "...", *names[-3:]]
    return " -> ".join(names)


def _flatten(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        yield step
        if step.is_structure and step.name is None:
            for branch in step.branches:
                yield from _flatten(branch.steps)


def _calls(steps: tuple[Step, ...]) -> Iterator[Step]:
    for step in steps:
        if step.is_structure:
            for branch in step.branches:
                yield from _calls(branch.steps)
        elif step.head not in OPS:
            yield step
