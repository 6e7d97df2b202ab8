"""Holds a spec's own figures against the graph that was built."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from cnnspec.diagnostics import Diagnostic, Span
from cnnspec.expressions import Value as Scalar
from cnnspec.expressions.syntax import show
from cnnspec.graph.evaluate import BadArgument, UnknownValue, evaluate
from cnnspec.graph.ir import Graph, Value
from cnnspec.graph.serving import count_macs
from cnnspec.graph.variations import list_dims
from cnnspec.graph.words import suggest
from cnnspec.spec.model import Argument, Expectation, MapArgument

# What is wrong, where, and what to do about it.
Problem = tuple[str, Span, tuple[str, ...]]


def check_figures(expectation: Expectation, graph: Graph) -> Iterator[Diagnostic]:
    """Report each figure that the graph does not come to."""
    notes = (f"in variant '{expectation.variant}'",) if expectation.variant else ()
    for name, argument in expectation.figures.items():
        for message, span, help in _compare(name, argument, graph):
            rule = f"expect-{name.replace('_', '-')}"
            yield Diagnostic(rule, message, span, path=expectation.variant, notes=notes, help=help)


def count_parameters(graph: Graph) -> int:
    """The trainable parameters; what a layer owns counts once, however often it is called."""
    return sum(prod(weight.shape) for _, weight in graph.list_weights() if weight.trainable)


def _compare(name: str, argument: Argument, graph: Graph) -> Iterator[Problem]:
    try:
        expected = evaluate(argument, graph.params)
    except BadArgument as error:
        yield error.message, argument.span, ()
    except UnknownValue:
        yield f"{name} may use the model's parameters only", argument.span, ()
    else:
        if name == "output":
            yield from _compare_outputs(expected, argument, graph)
        elif message := _compare_count(name, expected, graph):
            yield message, argument.span, ()


def _compare_count(name: str, expected: Scalar, graph: Graph) -> str:
    if isinstance(expected, bool) or not isinstance(expected, int):
        return f"{name} must be a whole number, got {show(expected)}"
    found, what = _count(name, graph)
    if expected == found:
        return ""
    difference = f"{abs(found - expected):,} {'more' if found > expected else 'fewer'}"
    return f"expected {expected:,} {what}, got {found:,}: {difference}"


def _count(name: str, graph: Graph) -> tuple[int, str]:
    """A figure of a network, and what it is called."""
    match name:
        case "parameters":
            return count_parameters(graph), name
        case "attention_macs":
            return sum(node.attention_macs for node in graph.nodes), "MACs between tokens"
        case "training_macs":
            return count_macs(graph, training=True), "MACs in training"
        case _:
            return count_macs(graph), "MACs"


def _compare_outputs(expected: Scalar, argument: Argument, graph: Graph) -> Iterator[Problem]:
    """Hold the shape of the output, or of each output by its name, against what is expected."""
    outputs = {output.name: output.value for output in graph.every_output}
    if isinstance(expected, dict) and isinstance(argument, MapArgument):
        for name, span, value in argument.entries:
            if name in outputs:
                message = _compare_shape(name, expected[name], outputs[name], graph)
                yield from [(message, value.span, ())] if message else []
            else:
                help = suggest(name, list(outputs), f"its outputs are {', '.join(outputs)}")
                yield f"there is no output '{name[:80]}'", span, (help,)
        return
    message = ""
    if len(graph.outputs) == 1:
        ((name, lone),) = graph.outputs.items()
        message = _compare_shape(name, expected, lone, graph)
    elif isinstance(expected, list):
        message = f"there are {len(graph.outputs)} outputs: {', '.join(graph.outputs)}"
    else:
        message = f"output must be a list such as [1000], got {show(expected)}"
    if message:
        help = "write output: {NAME: [1000], ...}"
        yield message, argument.span, (help,) if len(graph.outputs) > 1 else ()


def _compare_shape(name: str, expected: Scalar, value: Value, graph: Graph) -> str:
    """Hold the axes of an output against numbers, or against formulas of open sizes."""
    if not isinstance(expected, list):
        return f"output must be a list such as [1000], got {show(expected)}"
    dims = list_dims(graph, value)
    # An open axis may be said either way.
    pairs = zip(expected, value.known.dims, dims, strict=False)
    if len(expected) == len(dims) and all(own in (size, dim) for own, size, dim in pairs):
        return ""
    what = "the output" if name == "output" else f"output '{name}'"
    return f"expected {what} {show(expected)}, got {show(list(dims))}"
