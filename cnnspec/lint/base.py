"""What rules share: how one is declared, what it looks at, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableSequence, Sequence
from dataclasses import field
from functools import cached_property

from cnnspec.analysis.collapse import Collapse, find_collapses
from cnnspec.analysis.coverage import Coverage, find_coverage
from cnnspec.analysis.depth import count_convolutions, find_spatial_readers
from cnnspec.analysis.heads import Head, find_heads
from cnnspec.analysis.masks import Effort
from cnnspec.analysis.receptive import Fields, find_fields
from cnnspec.analysis.stem import Early, find_stem
from cnnspec.analysis.taps import Taps, find_taps
from cnnspec.diagnostics import Diagnostic, Severity, Span
from cnnspec.graph.arguments import read_given
from cnnspec.graph.ir import Graph, Node, Value
from cnnspec.lint.edits import Edit
from cnnspec.ops.base import Op
from cnnspec.ops.catalog import OPS
from cnnspec.ops.conv import Conv, DepthwiseConv
from cnnspec.records import dataclass
from cnnspec.spec.model import MapArgument, ModelSpec


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that takes a finding away; a safe one keeps what the network is meant to do."""

    message: str
    edits: tuple[Edit, ...]
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of one network: of an op, or of a place in the spec.

    It is shown at `span`, which is the op's step unless given.
    """

    message: str
    node: Node | None = None
    span: Span | None = None
    notes: tuple[str, ...] = ()
    help: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem(Diagnostic):
    """What the linter says, with what may take it away; a proposal is only an offer once tried."""

    fixes: tuple[Fix, ...] = field(default=(), compare=False, repr=False)


# Steps of builds, or what takes as long, about a second: more advice is not read.
MAX_ADVICE = 20_000


@dataclass(slots=True)
class Budget:
    """What may still be spent on all networks of a spec together.

    `coverage` is for what is read of their values, `steps` for trying sizes that would be better.
    """

    coverage: Effort = field(default_factory=Effort)
    steps: int = MAX_ADVICE


class Subject:
    """One network, with what several rules ask of it found once."""

    def __init__(self, graph: Graph, budget: Budget | None = None) -> None:
        self.graph = graph
        self.budget = budget or Budget()
        self._kinds: dict[type[Op], list[Node]] = {}
        for node in graph.nodes:
            self._kinds.setdefault(type(node.op), []).append(node)

    @property
    def spec(self) -> ModelSpec:
        """The spec that the network comes from."""
        return self.graph.spec

    def list(self, *kinds: type[Op]) -> list[Node]:
        """The ops of some kinds, kind by kind in the order of the network."""
        return [node for kind in kinds for node in self._kinds.get(kind, ())]

    @cached_property
    def places(self) -> dict[Node, int]:
        """The place of each op in the order of the network."""
        return {node: place for place, node in enumerate(self.graph.nodes)}

    @cached_property
    def stem(self) -> tuple[Early, ...]:
        """The ops behind at most one spatial convolution."""
        return tuple(find_stem(self.graph.inputs))

    def list_uses(self, span: Span) -> Sequence[Node]:
        """The ops that the step at a place became."""
        return self._uses.get(span, ())

    @cached_property
    def _uses(self) -> dict[Span, MutableSequence[Node]]:
        found: dict[Span, MutableSequence[Node]] = {}
        for node in self.graph.nodes:
            found.setdefault(node.origin.step.span, []).append(node)
        return found

    @cached_property
    def fields(self) -> dict[Value, Fields]:
        """The receptive field of every value."""
        return find_fields(self.graph)

    @cached_property
    def coverage(self) -> dict[Value, Coverage]:
        """What the outputs read of every value."""
        return find_coverage(self.graph, self.budget.coverage)

    @cached_property
    def taps(self) -> dict[Node, Taps]:
        """The taps of every kernel that slides over a map."""
        return find_taps(self.graph, self.budget.coverage)

    @cached_property
    def collapses(self) -> tuple[Collapse, ...]:
        """The ops that use up an axis which a convolution still looks along."""
        return tuple(find_collapses(self.list(Conv, DepthwiseConv)))

    @cached_property
    def heads(self) -> tuple[Head, ...]:
        """How every output ends, those for training too."""
        return find_heads(self.graph)

    @cached_property
    def depths(self) -> dict[Value, int]:
        """The convolutions before every value, on the longest way."""
        return count_convolutions(self.graph)

    @cached_property
    def read_spatially(self) -> set[Value]:
        """The values that a convolution with a window reads, now or later."""
        return find_spatial_readers(self.graph)


@dataclass(frozen=True, slots=True)
class Mention:
    """A rule that a spec or a comment in it says something of, at `span`.

    Without a `level` its findings are ignored. A `comment` has the place of all of it, and stands
    `alone` where it names no other rule. The `reason` is the author's.
    """

    rule: str
    span: Span
    level: Severity | None
    comment: Span | None = None
    alone: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """What is said in a spec about findings, and what of it silences nothing in any variant.

    `find_severity` gives None for what is no rule.
    """

    mentions: tuple[Mention, ...]
    unused: tuple[Mention, ...]
    find_severity: Callable[[str], Severity | None]
    list_rules: Callable[[], tuple[str, ...]]


Check = Callable[[Subject], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; its module's docstring is its page.

    `check` looks at one network, `compare` at those of all variants of a spec, `review` at what
    the spec says about findings. A rule with `profiles` is for these alone.
    """

    name: str
    severity: Severity
    check: Check | None = None
    compare: Callable[[Sequence[Subject]], Iterable[Finding]] | None = None
    profiles: frozenset[str] = frozenset()
    review: Callable[[Review], Iterable[Finding]] | None = None


def describe_node(node: Node) -> str:
    """An op in messages: its word and its path, ``conv features.0``."""
    return f"{node.op.op} {node.path}"


def find_field_span(node: Node, field: str) -> Span:
    """Where a field of an op is written in its step, or else the step's word."""
    step = node.origin.step
    if step.is_structure or node.op.merges:
        return step.span
    for name, span, value in read_given(step, OPS[node.op.op].principal) or ():
        if name == field:
            # A mapping may stand on several lines, and then has no useful end.
            return span if isinstance(value, MapArgument) else value.span
    return step.span


def find_reader(node: Node) -> Node | None:
    """The one op that takes a result, if no other does and it is no output."""
    readers = node.output.readers
    return readers[0] if len(readers) == 1 and not node.output.is_output else None


def follow_chain(node: Node, through: tuple[type[Op], ...]) -> Iterator[Node]:
    """The ops behind a result for as long as each alone reads the one before.

    The last is the first that is none of those `through` which the chain leads.
    """
    while (after := find_reader(node)) is not None:
        yield after
        if not isinstance(after.op, through):
            return
        node = after
