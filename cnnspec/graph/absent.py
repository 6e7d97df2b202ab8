"""Names that an expression uses where they stand for nothing, though nothing went wrong before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cnnspec.diagnostics import Span
from cnnspec.expressions import Value
from cnnspec.graph.evaluate import find_name, needs
from cnnspec.graph.frame import Calls, Environment
from cnnspec.spec.model import Argument, ModelSpec, list_formulas

# A rule, what is wrong, where, and what to do.
Absence = tuple[str, str, Span, str]


def explain_absent(
    argument: Argument, variables: Mapping[str, Value], spec: ModelSpec, calls: Calls
) -> Iterator[Absence]:
    """What to say of the names in an argument that nothing has where it is evaluated.

    Nothing is said of parameters and values that an error left unknown.
    """
    poisoned = variables.named if isinstance(variables, Environment) else {}
    for formula in list_formulas(argument):
        for name in sorted(needs(formula)):
            if name in variables or name in poisoned or name in spec.params:
                continue
            span = find_name(formula, name)
            if name != "in_channels":
                message = f"no value is named '{name[:80]}' here"
                help = (
                    "the sizes of a value are known after its step, in the same list and in those "
                    "inside of it, unless the step is left out"
                )
                yield "unknown-name", message, span, help
            elif len(spec.inputs) > 1 and not calls:
                message = "a network with several inputs has no in_channels"
                help = f"name an input: {spec.inputs[0].name}.channels"
                yield "unknown-name", message, span, help
