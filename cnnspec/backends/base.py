"""What backends share: what they give back, how they refuse, and how a Python one sees an op."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from cnnspec.backends.content import Piece, read_pieces
from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.graph.ir import Graph, Node
from cnnspec.graph.limits import MAX_DIAGNOSTICS, MAX_WRITTEN, STEP_LENGTH
from cnnspec.ops.base import Op
from cnnspec.ops.stored import Constant, flatten
from cnnspec.records import dataclass

if TYPE_CHECKING:
    from cnnspec.backends.pycode import Expr

T = TypeVar("T")
Fact = None | bool | int | float | str | tuple["Fact", ...]
Content = Sequence[Piece]


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a backend made: files by name, the first of which is the model itself."""

    contents: Mapping[str, Content]
    notes: tuple[str, ...] = field(default=())

    @property
    def files(self) -> dict[str, bytes]:
        """Each file as a whole, which copies all arrays."""
        return {name: b"".join(read_pieces(pieces)) for name, pieces in self.contents.items()}


class CannotSayError(Exception):
    """A backend has no exact way to say what an op means."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnshareableError(Exception):
    """The uses of a step differ in a way that one piece of code cannot say."""


class Site(Protocol):
    """One place in generated code, and all the ops of the network that it stands for.

    A step in a loop or in a block that is called several times is one site with many nodes.
    """

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every op that this place stands for, in every size where the input's is open."""

    @property
    def op(self) -> Op:
        """The op of the first node: for its class, and for what `same` has confirmed."""

    def same(self, fact: Callable[[Node], T]) -> T:
        """What holds alike for all nodes; raises UnshareableError where they differ."""

    def varies(self, fact: Callable[[Node], T]) -> bool:
        """Whether a fact about some node depends on a size of the input that is open."""

    def is_open(self) -> bool:
        """Whether the sizes of the input, in some use, come from open ones."""

    def field(self, name: str) -> Expr:
        """An op's field as code: the author's expression, a literal, or an argument."""

    def part(self, keys: tuple[str, ...], fact: Callable[[Node], Fact]) -> Expr:
        """What stands in a field's mapping under some keys, the field's name first, as code."""

    def follows(self, name: str) -> bool:
        """Whether an op's field is written as an expression, which its code should repeat."""

    def derive(self, name: str, fact: Callable[[Node], Fact]) -> Expr:
        """A fact the author did not write, as code: a literal, or an argument called `name`."""

    def in_channels(self) -> Expr:
        """The number of channels (or features) that the op receives, as code."""

    def require(self, support: str) -> str:
        """Ask for a definition from the backend's support folder; gives back its name."""


def refuse_long(graph: Graph) -> None:
    """Raise SpecError for a network of more ops, or numbers, than a model is written for."""
    count = len(graph.nodes)
    numbers = sum(
        len(flatten(node.op.values)) for node in graph.nodes if isinstance(node.op, Constant)
    )
    if count + numbers // STEP_LENGTH > MAX_WRITTEN:
        message = (
            f"the network has {count:,} ops and {numbers:,} numbers in constants; "
            if numbers
            else f"the network has {count:,} ops; "
        )
        message += f"at most {MAX_WRITTEN:,} ops are written as a model"
        message += f", of which {STEP_LENGTH} numbers count as one" if numbers else ""
        raise SpecError([Diagnostic("too-large", message, graph.spec.span)])


class RefusedError(SpecError):
    """A backend cannot say a network exactly: each place once, for all uses of it."""

    def __init__(self, refused: Iterable[Diagnostic]) -> None:
        alike: dict[object, list[Diagnostic]] = {}
        for found in refused:
            alike.setdefault((found.rule, found.message, found.span), []).append(found)
        groups = list(alike.values())
        listed = [_join(group) for group in groups[:MAX_DIAGNOSTICS]]
        if more := len(groups) - len(listed):
            note = f"{more:,} more places are not listed"
            listed[-1] = replace(listed[-1], notes=(*listed[-1].notes, note))
        super().__init__(listed)


def _join(alike: Sequence[Diagnostic]) -> Diagnostic:
    first = alike[0]
    notes = (f"the same in {len(alike):,} uses",) if len(alike) > 1 else ()
    return replace(first, notes=(*first.notes, *notes))


def explain_refusal(node: Node, reason: str, backend: str, others: tuple[str, ...]) -> Diagnostic:
    """The diagnostic for an op that a backend cannot say exactly."""
    able = f"; {' and '.join(others)} can" if others else ""
    return Diagnostic(
        rule="backend-unsupported",
        message=f"{backend} cannot say {node.op.op} exactly here: {reason}",
        span=node.origin.step.span,
        path=node.path,
        help=(f"compile for another target{able}",) if others else (),
    )
