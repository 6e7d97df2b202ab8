"""What a step says of itself, evaluated: its values, its name, and the values that it takes."""

from __future__ import annotations

from dataclasses import field
from math import prod

from cnnspec.expressions import Value as Scalar
from cnnspec.expressions.syntax import show
from cnnspec.graph.absent import explain_absent
from cnnspec.graph.chosen import check_choice, choose_step
from cnnspec.graph.evaluate import BadArgument, UnknownValue, evaluate
from cnnspec.graph.frame import Frame, list_open_blocks
from cnnspec.graph.inner import explain_inner, index_inner, list_inner
from cnnspec.graph.ir import Item, Value
from cnnspec.graph.modifiers import Problem, check_shortcut_condition
from cnnspec.graph.record import Record
from cnnspec.graph.scope import Home
from cnnspec.graph.sharing import find_clash, link_nodes
from cnnspec.graph.words import suggest
from cnnspec.naming import MAX_HINTS, explain_name, is_name, list_some
from cnnspec.records import dataclass
from cnnspec.spec.keys import MERGES
from cnnspec.spec.model import Argument, Block, Formula, ListArgument, Literal, Pattern, Step


@dataclass(slots=True)
class Reader(Record):
    """A record that reads steps; what is wrong with them goes into it.

    `inner` are the values inside of parts, for those that a dotted name has begun with.
    """

    inner: dict[Item, dict[str, Value]] = field(default_factory=dict, init=False)

    def read(self, argument: Argument, frame: Frame) -> Scalar:
        """An argument's value; raises UnknownValue after reporting what is wrong with it."""
        try:
            return evaluate(argument, frame.environment)
        except BadArgument as error:
            help = (error.help,) if error.help else ()
            self.fail(frame, "invalid-expression", error.message, error.span, *help)
            raise UnknownValue from None
        except UnknownValue:
            spec, calls = frame.home.spec, frame.calls
            for rule, message, span, advice in explain_absent(
                argument, frame.environment, spec, calls
            ):
                self.fail(frame, rule, message, span, advice)
            raise

    def reject(self, frame: Frame, argument: Argument, problem: Problem) -> UnknownValue:
        """Record a modifier that says what it cannot say."""
        self.fail(frame, *problem, argument.span)
        return UnknownValue()

    def check_shortcut(self, step: Step, frame: Frame) -> bool:
        """Whether branches are merged: a residual's `shortcut_when` may say that its are not."""
        if step.shortcut_when is None:
            return True
        holds = self.read(step.shortcut_when, frame)
        if problem := check_shortcut_condition(holds):
            raise self.reject(frame, step.shortcut_when, problem)
        return bool(holds)

    def settle_names(self, step: Step, frame: Frame) -> Step:
        """The step with the names of the values that it takes as they come out here."""
        changes: dict[str, Argument] = {}
        if isinstance(step.source, Formula | Pattern):
            changes["source"] = self.settle_name(step.source, frame)
        items = step.argument.items if isinstance(step.argument, ListArgument) else ()
        if step.head in MERGES and any(isinstance(item, Formula | Pattern) for item in items):
            assert step.argument is not None
            names = tuple(self.settle_name(item, frame) for item in items)
            changes["argument"] = ListArgument(names, step.argument.span)
        return step.strip(**changes) if changes else step

    def settle_name(self, argument: Argument, frame: Frame) -> Argument:
        """A name of a value as it comes out, which `find_value` then looks for."""
        try:
            name = self.read(argument, frame)
        except UnknownValue:
            return argument
        return Literal(name, argument.span) if isinstance(name, str) else argument

    def find_value(self, reference: Argument, frame: Frame) -> Value:
        """The value that a name stands for; `_` is the current one."""
        try:
            name = self.read(reference, frame)
        except UnknownValue:
            return Value(None)
        if name == "_" and frame.flow is not None:
            return frame.flow
        if isinstance(name, str) and name in frame.values:
            return frame.values[name]
        if isinstance(name, str) and "." in name:
            return self.find_inner_value(name, reference, frame)
        known = list(frame.values)[-MAX_HINTS:]
        listed = f"values that can be taken here: {', '.join([*known[-12:], '_'])}"
        return self.fail(
            frame, "unknown-value", f"no value is named {show(name)} here", reference.span,
            suggest(str(name), known, listed),
        )  # fmt: skip

    def require_current(self, step: Step, frame: Frame) -> None:
        """Report a step that takes the current value, where with several inputs there is none."""
        span, help = step.span, "take one of the inputs with 'from: NAME'"
        if step.head in MERGES:
            items = step.argument.items if isinstance(step.argument, ListArgument) else ()
            places = [item.span for item in items if getattr(item, "value", None) == "_"]
            if not places:
                return
            span, help = places[0], "name one of the inputs"
        message = "with several inputs there is no current value yet"
        self.fail(frame, "unknown-value", message, span, help)

    def choose(self, step: Step, frame: Frame) -> Step | None:
        """A step with the op or block that its expression gives; None after an error."""
        if step.choice is None:
            return step
        try:
            value = self.read(step.choice, frame)
        except UnknownValue:
            return None
        home, key = frame.home, (step, value) if isinstance(value, str) else None
        if key is None or key not in self.known.chosen:
            wrong = list(check_choice(home.spec, home.variant, step, value, frame.calls))
            for diagnostic in wrong:
                self.report(diagnostic)
            if wrong or key is None:
                return None
            self.known.chosen[key] = choose_step(step, value)
        return self.known.chosen[key]

    def report_circle(self, step: Step, block: Block, frame: Frame) -> None:
        """Record a block that comes back to itself by a word that it was given."""
        if any(diagnostic.rule == "circular-block" for diagnostic in self.diagnostics):
            return  # check_words reported it
        names = list_open_blocks(frame.calls)
        circle = " -> ".join([*names[names.index(block.name) :], block.name])
        message = f"blocks call each other in a circle: {circle}"
        self.fail(frame, "circular-block", message, step.span)

    def find_inner_value(self, name: str, reference: Argument, frame: Frame) -> Value:
        """The value that a dotted name stands for: that of a step inside of a named part."""
        first, _, rest = name.partition(".")
        holder = frame.values.holders.get(first)
        if holder is not None and holder not in self.inner:
            self.inner[holder] = index_inner(holder)
        found = self.inner[holder].get(f"{holder.path}.{rest}") if holder is not None else None
        if found is not None:
            return found
        if holder is not None and holder.output.shape is None:
            return Value(None)  # What is wrong inside is reported there.
        message = explain_inner(name, holder)
        known = list(frame.values.holders) if holder is None else list_inner(holder)
        where = "named steps here" if holder is None else f"in '{first}' are"
        help = suggest(rest if holder else first, known, f"{where}: {list_some(known)}")
        more = (help,) if known else ()
        return self.fail(frame, "unknown-value", message, reference.span, *more)

    def take_path(self, step: Step, frame: Frame) -> str:
        """The path of a step in its scope; with shared weights it is theirs."""
        if step.shared is not None:
            path = self.take_shared_path(step.shared, frame)
        else:
            path = self.take_name(step.name, frame) if step.name is not None else None
        return frame.scope.take_auto(step.label) if path is None else path

    def take_name(self, argument: Argument, frame: Frame) -> str | None:
        """The path of the name that a step was given; None after an error."""
        name = self.read_name("name", argument, frame)
        if name is None:
            return None
        path = frame.scope.take_name(name)
        if path is None:
            self.fail(
                frame, "duplicate-name", f"the name '{name}' is taken already in the same part",
                argument.span, "give it another name, or one with a loop variable: conv$(i)",
            )  # fmt: skip
        return path

    def take_shared_path(self, argument: Argument, frame: Frame) -> str | None:
        """The path of the weights that a step shares; None after an error."""
        name = self.read_name("shared", argument, frame)
        if name is None:
            return None
        path = frame.scope.take_shared(name)
        if path is None:
            self.fail(
                frame, "duplicate-name",
                f"the name '{name}' is taken in the same part by a step that shares no weights",
                argument.span, "write 'shared' beside both, or call the weights something else",
            )  # fmt: skip
        return path

    def read_name(self, word: str, argument: Argument, frame: Frame) -> str | None:
        """A name that a modifier gives; None after an error."""
        try:
            name = self.read(argument, frame)
        except UnknownValue:
            return None
        if isinstance(name, str) and is_name(name):
            return name
        message = f"{word} {show(name)} must be {explain_name(str(name))}"
        self.fail(frame, "invalid-name", message, argument.span)
        return None

    def share(self, item: Item, made: int, frame: Frame) -> Item:
        """Let a step have the weights of the first of its name; its ops are those `made` last."""
        step, homes = item.step, frame.scope.homes
        if step.name is not None:
            path = self.take_name(step.name, frame)
            item.alias = path.rpartition(".")[2] if path is not None else ""
        nodes = tuple(self.nodes[made:])
        sound = type(item) is not Item and all(node.output.shape is not None for node in nodes)
        if not sound or item.path not in homes:
            return item
        home = homes[item.path]
        assert step.shared is not None
        if not any(node.weights for node in nodes):
            self.fail(
                frame, "nothing-shared", f"{step.head} has no weights that steps could share",
                step.shared.span, "drop 'shared'",
            )  # fmt: skip
        elif home is None:
            homes[item.path] = Home(item, nodes)
        elif clash := find_clash(home, item, nodes):
            rule, message, help = clash
            self.fail(frame, rule, message, step.shared.span, help)
        else:
            link_nodes(home, nodes)
            self.parameters -= sum(prod(w.shape) for node in nodes for w in node.weights)
        return item
