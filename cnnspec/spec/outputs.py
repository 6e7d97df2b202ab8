"""Reads the named outputs of a network."""

from __future__ import annotations

from cnnspec.document import Entry, Mapping
from cnnspec.naming import is_name, nearest
from cnnspec.spec.keys import OUTPUT_PARTS
from cnnspec.spec.model import ListArgument, Literal, MapArgument, OutputSpec
from cnnspec.spec.steps import StepReader


def read_outputs(steps: StepReader, document: Mapping) -> tuple[OutputSpec, ...]:
    """The outputs by name; none where the spec does not name them."""
    entry = document.get("outputs")
    if entry is None:
        return ()
    if not isinstance(entry.value, Mapping) or not entry.value.entries:
        steps.report(
            "invalid-output", "outputs must name each output", entry.value.span,
            "write for example outputs: {logits: _, features: NAME}",
        )  # fmt: skip
        return ()
    steps.limit(entry.value.entries, "outputs", entry.key.span)
    inputs = _list_inputs(document)
    found: list[OutputSpec] = []
    for output in entry.value.entries:
        name = output.key.value
        if not isinstance(name, str) or not is_name(name):
            steps.report(
                "invalid-name", f"'{str(name)[:80]}' cannot name an output", output.key.span
            )
        elif name in inputs:
            message = f"'{name}' is an input; an output needs another name"
            steps.report("invalid-output", message, output.key.span)
        else:
            found += _read_output(steps, name, output)
    return tuple(found)


def _list_inputs(document: Mapping) -> set[str]:
    """The names of the inputs, as far as they are sound."""
    several = document.get("inputs")
    if several is not None and isinstance(several.value, Mapping):
        return {str(entry.key.value) for entry in several.value.entries}
    return {"input"}


def _read_output(steps: StepReader, name: str, entry: Entry) -> tuple[OutputSpec, ...]:
    """One output: a value's name, or what it says of itself."""
    argument = steps.read_argument(entry.value)
    if not isinstance(argument, MapArgument):
        if isinstance(argument, ListArgument) or _is_no_name(argument):
            message = f"output '{name}' must say which value it gives"
            help = f"write {name}: NAME for a step's result, or {name}: _ for the last value"
            steps.report("invalid-output", message, entry.value.span, help)
            return ()
        return (OutputSpec(name, argument, entry.key.span),)
    for key, span, _ in argument.entries:
        if key not in OUTPUT_PARTS:
            hint = nearest(key, OUTPUT_PARTS)
            help = f"did you mean '{hint}'?" if hint else f"it has {', '.join(OUTPUT_PARTS)}"
            steps.report("unknown-field", f"an output has no field '{key[:80]}'", span, help)
    value = argument.get("value") or Literal(name, entry.key.span)
    training, when = argument.get("training"), argument.get("when")
    return (OutputSpec(name, value, entry.key.span, training, when),)


def _is_no_name(argument: object) -> bool:
    return isinstance(argument, Literal) and not isinstance(argument.value, str)
