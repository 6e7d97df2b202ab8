"""One place in generated code, as the functions that write single ops see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import TypeVar

from cnnspec.backends.base import CannotSayError, Fact, UnshareableError
from cnnspec.backends.channels import ChannelFinder
from cnnspec.backends.pycode import Expr
from cnnspec.backends.rows import Row, Use
from cnnspec.backends.units import Unit, normalize
from cnnspec.diagnostics import Diagnostic
from cnnspec.graph.arguments import list_fields
from cnnspec.graph.evaluate import needs
from cnnspec.graph.ir import Graph, Item, Node
from cnnspec.ops.base import Op
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.linear import Linear
from cnnspec.ops.merge import Add, Concat
from cnnspec.ops.norm import BatchNorm
from cnnspec.records import dataclass
from cnnspec.spec.model import MapArgument

T = TypeVar("T")

# Ops whose backward pass does not read their output, so that it may be overwritten.
_OVERWRITABLE = (Conv, DepthwiseConv, ConvTranspose, Linear, BatchNorm, Add, Concat)


@dataclass(slots=True)
class Supports:
    """The definitions that generated code needs beside its own, in the order of need.

    `classes` are those written so far, `taken` the names that no further one can have, and
    `detached` those among them whose ``forward`` does not get the value above.
    """

    names: dict[str, None] = field(default_factory=dict)
    classes: list[object] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    detached: set[str] = field(default_factory=set)

    def save(self) -> tuple[dict[str, None], int, set[str]]:
        """What there is so far, to come back to when an attempt fails."""
        return dict(self.names), len(self.classes), set(self.taken)

    def restore(self, saved: tuple[dict[str, None], int, set[str]]) -> None:
        """Forget what came since `save`."""
        self.names = dict(saved[0])
        del self.classes[saved[1] :]
        self.taken.intersection_update(saved[2])
        self.detached &= self.taken


@dataclass(frozen=True, slots=True)
class OpSite:
    """A step of a unit, and the ops that it became in every row.

    `nodes` are these ops, and after them what they are for other sizes of an input that is open.
    """

    finder: ChannelFinder
    supports: Supports
    unit: Unit
    rows: Sequence[Row]
    nodes: tuple[Node, ...]
    own: tuple[Node, ...] = ()

    def __post_init__(self) -> None:
        """Put the variations of open sizes behind the nodes themselves."""
        own, vary = self.nodes, self.finder.vary
        object.__setattr__(self, "own", own)
        object.__setattr__(self, "nodes", (*own, *(other for n in own for other in vary(n))))

    @property
    def op(self) -> Op:
        """The op of the first node."""
        return self.nodes[0].op

    def same(self, fact: Callable[[Node], T]) -> T:
        """What holds alike for all nodes."""
        self.require_fixed(fact)
        first = fact(self.own[0])
        if any(fact(node) != first for node in self.own):
            raise UnshareableError(f"uses of {self.op.op} differ in structure")
        return first

    def field(self, name: str) -> Expr:
        """An op's field as code."""
        origin = self.nodes[0].origin
        argument = list_fields(origin.spec, origin.step).get(name)
        targets = [normalize(getattr(node.op, name)) for node in self.own]
        return self.unit.choose_argument(self.rows, targets, argument, name)

    def part(self, keys: tuple[str, ...], fact: Callable[[Node], Fact]) -> Expr:
        """What stands in a field's mapping under some keys, the field's name first, as code."""
        origin = self.nodes[0].origin
        argument = list_fields(origin.spec, origin.step).get(keys[0])
        for key in keys[1:]:
            argument = argument.get(key) if isinstance(argument, MapArgument) else None
        targets = [normalize(fact(node)) for node in self.nodes]
        return self.unit.choose_argument(self.rows, targets, argument, keys[-1])

    def follows(self, name: str) -> bool:
        """Whether an op's field is an expression of variables that the code has."""
        origin = self.nodes[0].origin
        argument = list_fields(origin.spec, origin.step).get(name)
        names = needs(argument) if argument is not None else frozenset()
        is_free = bool(names - self.unit.settled.keys())
        return is_free and all(names <= row.variables.keys() for row in self.rows)

    def derive(self, name: str, fact: Callable[[Node], Fact]) -> Expr:
        """A fact the author did not write, as code."""
        self.require_fixed(fact)
        return self.unit.choose(self.rows, [fact(node) for node in self.own], (), name)

    def varies(self, fact: Callable[[Node], T]) -> bool:
        """Whether a fact about some node depends on a size of the input that is open."""
        return any(
            fact(other) != fact(node) for node in self.own for other in self.finder.vary(node)
        )

    def is_open(self) -> bool:
        """Whether the sizes of the input, in some use, come from open ones."""
        return any(self.finder.is_open(node) for node in self.own)

    def require_fixed(self, fact: Callable[[Node], T]) -> None:
        """Raise CannotSayError for what has no one value, as a size of the input is open."""
        if self.varies(fact):
            is_open = bool(self.finder.graph.open_sizes)
            what = "the input that is open" if is_open else "what its shared weights are used on"
            raise CannotSayError(
                f"what it needs depends on a size of {what}, and would have to be computed when "
                "the model runs"
            )

    def in_channels(self) -> Expr:
        """The channels of the input, as code."""
        return self.finder.say(self.unit, self.rows, [node.inputs[0] for node in self.own])

    def require(self, support: str) -> str:
        """Ask for a definition from the backend's support folder."""
        self.supports.names[support] = None
        return support

    def may_overwrite(self) -> bool:
        """Whether the op may write its result over its input, in every use."""
        return all(
            len(node.inputs[0].readers) == 1
            and not node.inputs[0].is_output
            and node.inputs[0].producer is not None
            and isinstance(node.inputs[0].producer.op, _OVERWRITABLE)
            for node in self.nodes
        )


def find_refused(
    graph: Graph,
    finder: ChannelFinder,
    write: Callable[[OpSite], object],
    refuse: Callable[[Node, str], Diagnostic],
    otherwise: str,
) -> list[Diagnostic]:
    """The diagnostics for all ops that cannot be said one at a time.

    `otherwise` is the reason where each of them can.
    """
    found = []
    for node in graph.nodes:
        item = Item(node.origin.step, node.inputs[0], node.output, node.path)
        unit = Unit("probe", "", (), (Use(None, graph.body, {}),), {})
        try:
            write(OpSite(finder, Supports(), unit, [Row(0, {}, item)], (node,)))
        except CannotSayError as refusal:
            found.append(refuse(node, refusal.reason))
        except UnshareableError:
            # What is no module by itself can be said where it stands.
            continue
    return found or [Diagnostic("backend-unsupported", otherwise, graph.spec.span)]
