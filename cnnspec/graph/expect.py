"""Holds a spec's own figures against the graph that was built."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from cnnspec.diagnostics import Diagnostic
from cnnspec.expressions import Value
from cnnspec.expressions.syntax import show
from cnnspec.graph.evaluate import BadArgument, UnknownValue, evaluate
from cnnspec.graph.ir import Graph
from cnnspec.graph.variations import list_dims
from cnnspec.spec.model import Argument, Expectation


def check_figures(expectation: Expectation, graph: Graph) -> Iterator[Diagnostic]:
    """Report each figure that the graph does not come to."""
    found: dict[str, Value] = {
        "parameters": count_parameters(graph),
        "macs": sum(node.macs for node in graph.nodes),
        "output": [],
    }
    notes = (f"in variant '{expectation.variant}'",) if expectation.variant else ()
    for name, argument in expectation.figures.items():
        problem = _compare(name, argument, found[name], graph)
        if problem:
            rule = f"expect-{name}"
            yield Diagnostic(rule, problem, argument.span, path=expectation.variant, notes=notes)


def check_classes(graph: Graph) -> Iterator[Diagnostic]:
    """Report a task with another number of classes than any of the outputs has scores for."""
    task = graph.spec.task
    if task is None or task.classes is None:
        return
    problem = _compare_classes(task.kind, task.classes, graph)
    if problem:
        notes = (f"in variant '{graph.variant}'",) if graph.variant else ()
        yield Diagnostic("task-classes", problem, task.classes.span, notes=notes)


def _compare_classes(kind: str, argument: Argument, graph: Graph) -> str:
    try:
        classes = evaluate(argument, graph.params)
    except BadArgument as error:
        return error.message
    except UnknownValue:
        return "classes may use the model's parameters only"
    if isinstance(classes, bool) or not isinstance(classes, int):
        return f"classes must be a whole number, got {show(classes)}"
    shapes = [value.known for value in graph.outputs.values()]
    # One number is enough to tell two classes apart.
    if any(shape.dims[0] == classes or (shape.dims[0], classes) == (1, 2) for shape in shapes):
        return ""
    found = " and ".join(map(str, shapes))
    return f"{kind} of {classes:,} classes needs as many scores, but the output is {found}"


def count_parameters(graph: Graph) -> int:
    """The trainable parameters; what a layer owns counts once, however often it is called."""
    return sum(prod(weight.shape) for _, weight in graph.list_weights() if weight.trainable)


def _compare_output(expected: list[Value], graph: Graph) -> str:
    """Hold the axes of the output against numbers, or against formulas of open sizes."""
    value = graph.outputs["output"]
    dims = list_dims(graph, value)
    # An open axis may be said either way.
    pairs = zip(expected, value.known.dims, dims, strict=False)
    if len(expected) == len(dims) and all(own in (size, dim) for own, size, dim in pairs):
        return ""
    return f"expected the output {show(expected)}, got {show(list(dims))}"


def _compare(name: str, argument: Argument, found: Value, graph: Graph) -> str:
    try:
        expected = evaluate(argument, graph.params)
    except BadArgument as error:
        return error.message
    except UnknownValue:
        return f"{name} may use the model's parameters only"
    if name == "output":
        if not isinstance(expected, list):
            return f"output must be a list such as [1000], got {show(expected)}"
        return _compare_output(expected, graph)
    if isinstance(expected, bool) or not isinstance(expected, int):
        return f"{name} must be a whole number, got {show(expected)}"
    assert isinstance(found, int)
    if expected == found:
        return ""
    what = "MACs" if name == "macs" else name
    difference = f"{abs(found - expected):,} {'more' if found > expected else 'fewer'}"
    return f"expected {expected:,} {what}, got {found:,}: {difference}"
