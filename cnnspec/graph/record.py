"""What a build finds out: the ops so far, what is wrong with the spec, and what did not fit."""

from __future__ import annotations

from dataclasses import field
from math import prod

from cnnspec.diagnostics import Diagnostic, Span
from cnnspec.graph import limits
from cnnspec.graph.arguments import list_own_fields
from cnnspec.graph.frame import Calls, Frame, place_finding
from cnnspec.graph.ir import Node, OpenSize, Origin, Value
from cnnspec.graph.reuse import Inferred, Instance, Known
from cnnspec.ops.base import Op, ShapeFault
from cnnspec.ops.initializers import INITIALIZED, check_initializers
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.records import dataclass
from cnnspec.spec.model import ModelSpec, Step

# The rule and the place of a finding; the same in several uses of a block is one finding.
Key = tuple[str, Span | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A shape that does not fit, with what is needed to look for a way out."""

    step: Step
    op: Op
    inputs: tuple[Value, ...]
    origin: Origin
    path: str
    cause: ShapeFault

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of the inputs, which are sound."""
        return tuple(value.known for value in self.inputs)

    @property
    def key(self) -> Key:
        """The step at fault, by the word and the place where it is written."""
        return (self.step.head, self.step.span)


class Stopped(Exception):
    """Nothing more can be learnt from this build; the reason is recorded."""


@dataclass(slots=True)
class Record:
    """The state of one build, apart from what it reads.

    A build with `tolerated` findings is a trial: it stops at the first that is not among them.
    `troubles` counts all that was found, the same in the same place too; `known` is what other
    builds of the spec have worked out.
    """

    spec: ModelSpec
    variant: str
    tolerated: frozenset[Key] | None = field(default=None, kw_only=True)
    known: Known = field(default_factory=Known, kw_only=True)
    diagnostics: list[Diagnostic] = field(default_factory=list, init=False)
    faults: list[Fault] = field(default_factory=list, init=False)
    nodes: list[Node] = field(default_factory=list, init=False)
    seen: set[Key] = field(default_factory=set, init=False)
    parameters: int = field(default=0, init=False)
    steps: int = field(default=0, init=False)
    troubles: int = field(default=0, init=False)
    open_sizes: tuple[OpenSize, ...] = field(default=(), init=False)

    def report(self, diagnostic: Diagnostic) -> None:
        """Record a diagnostic once for each place."""
        self.troubles += 1
        key = (diagnostic.rule, diagnostic.span)
        if self.tolerated is not None and key not in self.tolerated:
            self.diagnostics.append(diagnostic)
            raise Stopped
        if key not in self.seen:
            self.seen.add(key)
            self.diagnostics.append(diagnostic)
        if len(self.diagnostics) >= limits.MAX_DIAGNOSTICS:
            raise Stopped

    def fail(
        self, frame: Frame, rule: str, message: str, span: Span, *help: str, path: str = ""
    ) -> Value:
        """Record an error at a step, and give the poisoned value that it leaves."""
        self.fail_at(frame.calls, rule, message, span, *help, path=path)
        return Value(None)

    def fail_at(
        self, calls: Calls, rule: str, message: str, span: Span, *help: str, path: str = ""
    ) -> None:
        """Record an error under a chain of block calls."""
        shown, notes = place_finding(span, calls)
        self.report(Diagnostic(rule, message, shown, path=path, notes=notes, help=help))

    def count_step(self, frame: Frame, step: Step) -> None:
        """Count a step that is carried out, and stop where there are too many."""
        self.steps += self.known.weigh(step)
        if self.steps > limits.MAX_STEPS:
            message = f"loops and blocks come to more than {limits.MAX_STEPS:,} steps"
            self.fail(frame, "too-large", message, step.span)
            raise Stopped

    @property
    def most_nodes(self) -> int:
        """How many ops the network may have."""
        return limits.MAX_OPEN_NODES if self.open_sizes else limits.MAX_NODES

    def has_room(self, instance: Instance) -> bool:
        """Whether a copy keeps within the limits; what does not is carried out up to its limit."""
        return (
            self.steps + instance.steps <= limits.MAX_STEPS
            and len(self.nodes) + len(instance.nodes) <= self.most_nodes
            and self.parameters + instance.parameters <= limits.MAX_PARAMETERS
        )

    def add_node(
        self, step: Step, op: Op, inputs: tuple[Value, ...], path: str, frame: Frame
    ) -> Node:
        """Put an op into the graph; its output is poisoned where its inputs do not fit."""
        origin = Origin(step, frame.home.spec, frame.calls)
        node = Node(path, op, inputs, Value(None), (), origin)
        node.output.producer = node
        for value in inputs:
            value.readers.append(node)
        shapes = tuple([value.shape for value in inputs if value.shape is not None])
        self.nodes.append(node)
        if len(self.nodes) > self.most_nodes:
            where = " in a network whose sizes stay open" if self.open_sizes else ""
            self.fail(frame, "too-large", f"more than {self.most_nodes:,} ops{where}", step.span)
            raise Stopped
        if len(inputs) > limits.MAX_MERGED:
            message = f"{op.op} takes {len(inputs):,} values; the limit is {limits.MAX_MERGED:,}"
            self.fail(frame, "too-large", message, step.span, path=path)
            return node
        if len(shapes) < len(inputs) and not op.starts:
            return node
        try:
            shape, node.weights, parameters, excess = self.infer(op, shapes)
            if op.merges:
                op.check_sources(shapes, tuple(value.is_stored for value in inputs))
        except ShapeFault as cause:
            self.add_fault(Fault(step, op, inputs, origin, path, cause))
            return node
        if INITIALIZED["weight"] in type(op).model_fields:
            try:
                check_initializers(op, shapes, node.weights, list_own_fields(step))
            except ShapeFault as cause:
                # The shape is sound: what is downstream is checked all the same.
                self.add_fault(Fault(step, op, inputs, origin, path, cause))
        self.parameters += parameters
        if excess:
            self.fail(frame, "too-large", excess, step.span, path=path)
            return node
        if self.parameters > limits.MAX_PARAMETERS:
            message = f"more than {limits.MAX_PARAMETERS:,} parameters"
            self.fail(frame, "too-large", message, step.span, path=path)
            raise Stopped
        node.output.shape = shape
        return node

    def infer(self, op: Op, shapes: tuple[Shape, ...]) -> Inferred:
        """What an op makes of its inputs, which is worked out once for each op and shape."""
        key = (op, shapes)
        inferred = self.known.inferred.get(key)
        if inferred is None:
            check_kinds(op, shapes)
            shape, weights = op.infer_shape(shapes), op.list_weights(shapes)
            parameters = sum(prod(weight.shape) for weight in weights)
            padded = op.find_padded(shapes) or shape
            excess = explain_excess(shape) or explain_excess(padded, " with its padding")
            inferred = self.known.inferred[key] = shape, weights, parameters, excess
        return inferred

    def add_fault(self, fault: Fault) -> None:
        """Record a shape that does not fit."""
        self.troubles += 1
        self.faults.append(fault)
        if self.tolerated is not None and fault.key not in self.tolerated:
            raise Stopped


def check_kinds(op: Op, shapes: tuple[Shape, ...]) -> None:
    """Raise ShapeFault where an op gets a kind of value that it does not take."""
    for shape in shapes:
        if shape.kind not in op.kinds:
            kinds = [kind for kind in Kind if kind in op.kinds]
            wanted = " or ".join(str(k) if k is Kind.TOKENS else f"a {k}" for k in kinds)
            raise ShapeFault("kind-mismatch", f"{op.op} takes {wanted}, got {name_value(shape)}")


def explain_excess(shape: Shape, how: str = "") -> str:
    """What is wrong with a value that is too large to hold; empty where it is not."""
    if shape.elements <= limits.MAX_ELEMENTS:
        return ""
    return (
        f"a value of {shape}{how} holds {shape.elements:,} numbers; the limit is "
        f"{limits.MAX_ELEMENTS:,}"
    )


def name_value(shape: Shape) -> str:
    """The kind and the size of a value, as a sentence goes on with it."""
    text = shape.describe()
    return text if shape.kind is Kind.TOKENS else f"a {text}"
