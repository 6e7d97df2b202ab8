"""The shapes of a network's inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from cnnspec.diagnostics import Diagnostic
from cnnspec.expressions import Value as Scalar
from cnnspec.expressions.syntax import show
from cnnspec.graph.evaluate import BadArgument, UnknownValue, evaluate
from cnnspec.graph.ir import OpenSize
from cnnspec.graph.opened import MAX_LETTER, guess_size, read_open_size
from cnnspec.naming import is_variable
from cnnspec.ops.fields import MAX_SIZE
from cnnspec.ops.shapes import SIZE_FORMS, Shape, arrange
from cnnspec.records import dataclass
from cnnspec.spec.model import InputSpec

Report = Callable[[Diagnostic], None]


@dataclass(frozen=True, slots=True)
class Input:
    """The shape of one input, for some value of the axes that are open."""

    shape: Shape
    opened: Mapping[int, OpenSize] = field(default_factory=dict)

    def resize(self, sizes: tuple[int, ...] | None) -> Shape:
        """The shape with other sizes, if there are as many."""
        fits = sizes is not None and len(sizes) == self.shape.rank
        return self.shape.resize(sizes) if fits and sizes is not None else self.shape

    def list_opened(self, position: int, name: str) -> list[tuple[int, str, int, str, OpenSize]]:
        """The open axes with their place among all inputs, as they are joined by letter."""
        axes = self.shape.axes
        return [(position, name, place, axes[place], size) for place, size in self.opened.items()]


def infer_input(source: InputSpec, variables: Mapping[str, Scalar], report: Report) -> Input | None:
    """The shape of one input from the sizes that it names; None after an error."""
    sizes: dict[str, int] = {}
    opened: dict[str, OpenSize] = {}
    for name, argument in source.sizes.items():
        try:
            found = read_open_size(name, argument, variables, report)
            size = found or evaluate(argument, variables)
        except UnknownValue:
            continue
        except BadArgument as error:
            report(Diagnostic("invalid-expression", error.message, error.span))
            continue
        if isinstance(size, OpenSize):
            opened[name] = size
            sizes[name] = guess_size(size)
            continue
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MAX_SIZE:
            message = f"{name} must be a whole number from 1 to {MAX_SIZE}, got {show(size)}"
            if isinstance(size, str) and is_variable(size):
                message = f"{name} stays open by a letter of {MAX_LETTER} at most, got {show(size)}"
            report(Diagnostic("invalid-input", message, argument.span))
            continue
        sizes[name] = size
    if len(sizes) < len(source.sizes):
        return None
    return _arrange(source, sizes, opened, report)


def _arrange(
    source: InputSpec, sizes: dict[str, int], opened: dict[str, OpenSize], report: Report
) -> Input | None:
    """The sizes as the shape of the kind of value that they name."""
    shape = arrange(sizes)
    if shape is not None:
        return Input(shape, {shape.axes.index(name): size for name, size in opened.items()})
    report(
        Diagnostic(
            "invalid-input",
            f"an input cannot have the sizes {', '.join(sizes)}",
            source.span,
            help=(SIZE_FORMS,),
        )
    )
    return None
