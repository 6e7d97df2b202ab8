"""What a step says of itself, evaluated: its values, its name, and the values that it takes."""

from __future__ import annotations

from cnnspec.expressions import Value as Scalar
from cnnspec.expressions.syntax import show
from cnnspec.graph import limits
from cnnspec.graph.chosen import check_choice, choose_step
from cnnspec.graph.evaluate import BadArgument, UnknownValue, evaluate
from cnnspec.graph.frame import Frame
from cnnspec.graph.ir import Value
from cnnspec.graph.modifiers import Problem, check_shortcut_condition
from cnnspec.graph.record import Record
from cnnspec.graph.words import suggest
from cnnspec.naming import is_name
from cnnspec.records import dataclass
from cnnspec.spec.model import Argument, Block, Step


@dataclass(slots=True)
class Reader(Record):
    """A record that reads steps; what is wrong with them goes into it."""

    def read(self, argument: Argument, frame: Frame) -> Scalar:
        """An argument's value; raises UnknownValue after reporting what is wrong with it."""
        try:
            return evaluate(argument, frame.environment)
        except BadArgument as error:
            help = (error.help,) if error.help else ()
            self.fail(frame, "invalid-expression", error.message, error.span, *help)
            raise UnknownValue from None

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
        known = list(frame.values)[-limits.MAX_HINTS :]
        listed = f"values that can be taken here: {', '.join([*known[-12:], '_'])}"
        return self.fail(
            frame, "unknown-value", f"no value is named {show(name)} here", reference.span,
            suggest(str(name), known, listed),
        )  # fmt: skip

    def choose(self, step: Step, frame: Frame) -> Step | None:
        """A step with the op or block that its expression gives; None after an error."""
        if step.choice is None:
            return step
        try:
            value = self.read(step.choice, frame)
        except UnknownValue:
            return None
        key = (step, value) if isinstance(value, str) else None
        if key is None or key not in self.known.chosen:
            wrong = list(check_choice(self.spec, self.variant, step, value, frame.calls))
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
        names = [name for name, _ in frame.calls]
        circle = " -> ".join([*names[names.index(block.name) :], block.name])
        message = f"blocks call each other in a circle: {circle}"
        self.fail(frame, "circular-block", message, step.span)

    def take_path(self, step: Step, frame: Frame) -> str:
        """The path of a step in its scope."""
        if step.name is None:
            return frame.scope.take_auto(step.label)
        try:
            name = self.read(step.name, frame)
        except UnknownValue:
            return frame.scope.take_auto(step.label)
        if not isinstance(name, str) or not is_name(name):
            allowed = "letters, digits and underscores, beginning with a letter"
            message = f"name {show(name)} must be {allowed}"
            self.fail(frame, "invalid-name", message, step.name.span)
            return frame.scope.take_auto(step.label)
        path = frame.scope.take_name(name)
        if path is None:
            self.fail(
                frame, "duplicate-name", f"the name '{name}' is taken already in the same part",
                step.name.span, "give it another name, or one with a loop variable: conv$(i)",
            )  # fmt: skip
            return frame.scope.take_auto(step.label)
        return path
