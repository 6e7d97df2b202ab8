"""The shapes of a network's inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnnspec.diagnostics import Diagnostic
from cnnspec.expressions import Value as Scalar
from cnnspec.expressions.syntax import show
from cnnspec.graph.evaluate import BadArgument, UnknownValue, evaluate
from cnnspec.ops.fields import MAX_SIZE
from cnnspec.ops.shapes import AXIS_NAMES, Kind, Shape
from cnnspec.spec.model import InputSpec


def infer_input(
    source: InputSpec, variables: Mapping[str, Scalar], report: Callable[[Diagnostic], None]
) -> Shape | None:
    """The shape of one input from the sizes that it names; None after an error."""
    sizes: dict[str, int] = {}
    for name, argument in source.sizes.items():
        try:
            size = evaluate(argument, variables)
        except UnknownValue:
            continue
        except BadArgument as error:
            report(Diagnostic("invalid-expression", error.message, error.span))
            continue
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_SIZE:
            message = f"{name} must be a whole number from 1 to {MAX_SIZE}, got {show(size)}"
            report(Diagnostic("invalid-input", message, argument.span))
            continue
        sizes[name] = size
    if len(sizes) < len(source.sizes):
        return None
    named = set(sizes)
    if named == {"features"}:
        return Shape(Kind.VECTOR, sizes["features"])
    if named == {"tokens", "channels"}:
        return Shape(Kind.TOKENS, sizes["channels"], (sizes["tokens"],))
    for axes in AXIS_NAMES.values():
        if named == {"channels", *axes}:
            return Shape(Kind.MAP, sizes["channels"], tuple(sizes[axis] for axis in axes))
    report(
        Diagnostic(
            "invalid-input",
            f"an input cannot have the sizes {', '.join(sizes)}",
            source.span,
            help=(
                "a map has channels and length, or height and width, or depth, height and width;\n"
                "a vector has features; tokens have tokens and channels",
            ),
        )
    )
    return None
