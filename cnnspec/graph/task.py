"""Holds what a spec says of its task against the graph that was built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeGuard

from cnnspec.diagnostics import Diagnostic, Span
from cnnspec.expressions import Value as Scalar
from cnnspec.expressions.syntax import show
from cnnspec.graph.evaluate import BadArgument, UnknownValue, evaluate
from cnnspec.graph.ir import Graph
from cnnspec.spec.model import Argument, ListArgument

# The size of an axis, or the formula of an open one.
Size = int | str


def check_task(graph: Graph) -> Iterator[Diagnostic]:
    """Report a task with values that cannot be, or other classes than an output has scores for."""
    task = graph.spec.task
    if task is None:
        return
    notes = (f"in variant '{graph.variant}'",) if graph.variant else ()
    if task.classes is not None and (problem := _judge_classes(task.kind, task.classes, graph)):
        yield Diagnostic("task-classes", problem, task.classes.span, notes=notes)
    if task.target is not None and task.target.shape is not None:
        for problem, span in _judge_shape(task.target.shape, graph):
            yield Diagnostic("task-target", problem, span, notes=notes)


def find_classes(graph: Graph) -> int | None:
    """How many classes the task has; None where it does not say, or says what cannot be."""
    task = graph.spec.task
    if task is None or task.classes is None:
        return None
    classes, _ = _evaluate("classes", task.classes, graph)
    return classes if isinstance(classes, int) and not isinstance(classes, bool) else None


def find_target_shape(graph: Graph) -> tuple[Size, ...] | None:
    """The shape of one sample's target; None where the task does not say, or says what cannot be.

    Axes are numbers, or formulas as `list_dims` writes them.
    """
    task = graph.spec.task
    if task is None or task.target is None or task.target.shape is None:
        return None
    sizes, _ = _evaluate("shape", task.target.shape, graph)
    if not isinstance(sizes, list):
        return None
    found = tuple(size for size in sizes if _is_size(size, graph))
    return found if len(found) == len(sizes) else None


def _evaluate(what: str, argument: Argument, graph: Graph) -> tuple[Scalar, str]:
    """The value of an argument, and what is wrong with it."""
    try:
        return evaluate(argument, graph.params), ""
    except BadArgument as error:
        return None, error.message
    except UnknownValue:
        return None, f"{what} may use the model's parameters only"


def _judge_classes(kind: str, argument: Argument, graph: Graph) -> str:
    classes, problem = _evaluate("classes", argument, graph)
    if problem:
        return problem
    if isinstance(classes, bool) or not isinstance(classes, int):
        return f"classes must be a whole number, got {show(classes)}"
    shapes = [value.known for value in graph.outputs.values()]
    # One number is enough to tell two classes apart.
    if any(shape.dims[0] == classes or (shape.dims[0], classes) == (1, 2) for shape in shapes):
        return ""
    found = " and ".join(map(str, shapes))
    return f"{kind} of {classes:,} classes needs as many scores, but the output is {found}"


def _judge_shape(argument: Argument, graph: Graph) -> Iterator[tuple[str, Span]]:
    sizes, problem = _evaluate("shape", argument, graph)
    if problem:
        yield problem, argument.span
    elif not isinstance(sizes, list):
        yield f"shape must be a list such as [1, 64, 64], got {show(sizes)}", argument.span
    else:
        letters = ", ".join(size.letter for size in graph.open_sizes)
        formulas = f", or formulas of {letters}" if letters else ""
        message = f"shape must hold whole numbers from 1 on{formulas}"
        for place, size in enumerate(sizes):
            if not _is_size(size, graph):
                entry = argument.items[place] if isinstance(argument, ListArgument) else argument
                yield f"{message}, got {show(size)}", entry.span


def _is_size(size: Scalar, graph: Graph) -> TypeGuard[Size]:
    """Whether an axis can be of that size: a number, or a formula of the open sizes."""
    if isinstance(size, str):
        letters = re.findall("[A-Za-z_][A-Za-z0-9_]*", size)
        return bool(letters) and {*letters} <= {size.letter for size in graph.open_sizes}
    return isinstance(size, int) and not isinstance(size, bool) and size >= 1
