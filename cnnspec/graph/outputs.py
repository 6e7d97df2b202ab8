"""Which values a network gives, and under which names."""

from __future__ import annotations

from cnnspec.diagnostics import Diagnostic
from cnnspec.expressions.syntax import show
from cnnspec.graph.evaluate import UnknownValue
from cnnspec.graph.frame import Frame, place_finding
from cnnspec.graph.ir import Output
from cnnspec.graph.reading import Reader
from cnnspec.graph.serving import find_serving
from cnnspec.graph.walk import list_steps
from cnnspec.records import dataclass
from cnnspec.spec.model import Argument, Literal, OutputSpec


def choose_outputs(reader: Reader, frame: Frame) -> tuple[Output, ...]:
    """The outputs of a network whose last value and named values a frame holds.

    Without any that the spec names, the last value is the output called ``output``.
    """
    assert frame.flow is not None
    if not reader.spec.outputs:
        return (Output("output", frame.flow, "_"),)
    chooser = _Chooser(reader, frame)
    found = [output for spec in reader.spec.outputs for output in chooser.choose(spec)]
    if all(output.training for output in found) and not chooser.is_unsure:
        message = "all outputs are left out" if not found else "all outputs are for training only"
        help = "a network needs an output that is always there, such as output: _"
        span = reader.spec.outputs[0].span
        reader.report(Diagnostic("invalid-output", message, span, help=(help,)))
    _check_sharing(reader, found)
    # What is there in training only comes last, as code adds it.
    return tuple(sorted(found, key=lambda output: output.training))


def _check_sharing(reader: Reader, outputs: list[Output]) -> None:
    """Report weights that a trained network needs of a step which it lacks."""
    always = find_serving(output.value for output in outputs if not output.training)
    for node in reader.nodes:
        if node in always and node.shares is not None and node.shares not in always:
            span, notes = place_finding(node.origin.step.span, node.origin.calls)
            message = f"{node.path} shares the weights of a step that is there in training only"
            help = "write the step that is always there before the other"
            diagnostic = Diagnostic(
                "shared-mismatch", message, span, path=node.path, notes=notes, help=(help,)
            )
            reader.report(diagnostic)


@dataclass(slots=True)
class _Chooser:
    """Chooses outputs one by one; `is_unsure` after one of which not all could be read.

    `names` are those of all steps, once that was asked for.
    """

    reader: Reader
    frame: Frame
    is_unsure: bool = False
    names: set[object] | None = None

    def choose(self, spec: OutputSpec) -> tuple[Output, ...]:
        """One output, or none where it is left out or wrong."""
        try:
            if not self.read_truth(spec, "when", spec.when, True):
                return ()
            training = self.read_truth(spec, "training", spec.training, False)
            source = self.reader.read(spec.value, self.frame)
        except UnknownValue:
            self.is_unsure = True
            return ()
        named = isinstance(source, str) and (source == "_" or source in self.frame.values)
        if not named and self.is_inside(source):
            self.reader.fail(
                self.frame, "unknown-value", f"'{source}' is the name of a value inside of a part",
                spec.value.span,
                "outputs take values of the network's own list: name the step around it",
            )  # fmt: skip
            self.is_unsure = True
            return ()
        value = self.reader.find_value(spec.value, self.frame)
        if value.name and value.producer is None:
            self.reader.fail(
                self.frame, "invalid-output",
                f"output '{spec.name}' is the network's input '{value.name}' as it is",
                spec.value.span, "give out the result of a step",
            )  # fmt: skip
        value.is_output = True
        return (Output(spec.name, value, str(source), training),)

    def is_inside(self, name: object) -> bool:
        """Whether some step of the spec has a name, wherever it stands."""
        if self.names is None:
            named = [step.name for step in list_steps(self.reader.spec)]
            self.names = {name.value for name in named if isinstance(name, Literal)}
        return isinstance(name, str) and name in self.names

    def read_truth(
        self, spec: OutputSpec, word: str, argument: Argument | None, otherwise: bool
    ) -> bool:
        """What an output says of itself as true or false."""
        if argument is None:
            return otherwise
        value = self.reader.read(argument, self.frame)
        if not isinstance(value, bool):
            message = f"{word} of output '{spec.name}' must be true or false, got {show(value)}"
            raise self.reader.reject(self.frame, argument, ("invalid-output", message))
        return value
