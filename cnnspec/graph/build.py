"""Builds the graph: one pass that calls blocks, evaluates expressions and infers shapes.

An error poisons the value that the step would have given: what is downstream of it stays silent,
other branches go on, and all errors are reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cnnspec.diagnostics import Diagnostic, Span, SpecError
from cnnspec.expressions import Value as Scalar
from cnnspec.graph import limits
from cnnspec.graph.arguments import OpFactory
from cnnspec.graph.evaluate import BadArgument, UnknownValue, evaluate, view_shape
from cnnspec.graph.inputs import infer_input
from cnnspec.graph.ir import (
    BranchItem,
    CallItem,
    Graph,
    GroupItem,
    Item,
    LoopItem,
    Node,
    OpItem,
    Origin,
    Region,
    SkipItem,
    Value,
)
from cnnspec.graph.library import find_block
from cnnspec.graph.params import choose_params
from cnnspec.graph.scope import Scope, is_positional
from cnnspec.graph.static import check_words
from cnnspec.naming import is_name, nearest
from cnnspec.ops.base import Op, ShapeFault
from cnnspec.ops.catalog import OPS
from cnnspec.ops.shapes import Shape
from cnnspec.spec.model import MERGES, Argument, Block, ListArgument, ModelSpec, Step


def build_graph(
    spec: ModelSpec, variant: str = "", overrides: Mapping[str, Scalar] | None = None
) -> Graph:
    """The graph of one variant of a spec; raises SpecError with everything that is wrong."""
    builder = Builder(spec, variant, dict(overrides or {}))
    graph = builder.build()
    if builder.diagnostics or graph is None:
        raise SpecError(builder.diagnostics)
    return graph


@dataclass(frozen=True, slots=True)
class Frame:
    """What a step can see: variables, named values, the current value, and where it stands."""

    variables: dict[str, Scalar]
    values: dict[str, Value]
    flow: Value | None
    scope: Scope
    calls: tuple[tuple[str, Span], ...] = ()
    depth: int = 0

    @property
    def environment(self) -> dict[str, Scalar]:
        """The variables, and the sizes of the named values that they do not hide."""
        views: dict[str, Scalar] = {
            name: view_shape(value.shape)
            for name, value in self.values.items()
            if value.shape is not None
        }
        return {**views, **self.variables}


@dataclass(frozen=True, slots=True)
class Fault:
    """A shape that does not fit, with what is needed to look for a way out."""

    step: Step
    op: Op
    inputs: tuple[Value, ...]
    origin: Origin
    path: str
    cause: ShapeFault


@dataclass(slots=True)
class Builder:
    """The state of one build. `patches` replaces steps, `sizes` the input's, to try a way out."""

    spec: ModelSpec
    variant: str
    overrides: dict[str, Scalar]
    patches: Mapping[Step, Step] = field(default_factory=dict)
    sizes: tuple[int, ...] | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    parameters: int = 0
    seen: dict[tuple[str, Span | None], int] = field(default_factory=dict)
    factory: OpFactory = field(init=False)
    params: dict[str, Scalar] = field(default_factory=dict)

    def build(self) -> Graph | None:
        """The graph, or None after errors, which are then in `diagnostics` and `faults`."""
        check_words(self.spec, self.report)
        self.params = choose_params(self.spec, self.variant, self.overrides, self.report)
        self.factory = OpFactory(self.spec, self.params, self.report)
        inputs = self.read_inputs()
        scope = Scope("", self.spec.steps, is_positional(self.spec.steps))
        flow = inputs[0] if len(inputs) == 1 else None
        variables = dict(self.params)
        if flow is not None and flow.shape is not None:
            variables["in_channels"] = flow.shape.channels
        frame = Frame(variables, {value.name: value for value in inputs}, flow, scope)
        try:
            body = self.run_steps(self.spec.steps, frame)
        except _TooLarge:
            return None
        if not self.spec.steps and not self.diagnostics:
            self.report(Diagnostic("empty-network", "a network needs at least one layer", self.spec.span))
        if self.diagnostics or self.faults:
            return None
        return Graph(
            self.spec, self.variant, self.params, self.overrides, inputs,
            {"output": body.output}, tuple(self.nodes), body,
        )  # fmt: skip

    def read_inputs(self) -> tuple[Value, ...]:
        """The inputs as values."""
        values = []
        for source in self.spec.inputs:
            shape = infer_input(source, self.params, self.report)
            if shape is not None and self.sizes is not None and len(self.sizes) == shape.rank:
                shape = shape.resize(self.sizes)
            if shape is not None and shape.elements > limits.MAX_ELEMENTS:
                self.report_size(shape, source.span)
                shape = None
            values.append(Value(shape, name=source.name))
        return tuple(values)

    def report(self, diagnostic: Diagnostic) -> None:
        """Record a diagnostic once for each place."""
        key = (diagnostic.rule, diagnostic.span)
        self.seen[key] = self.seen.get(key, 0) + 1
        if self.seen[key] == 1 and len(self.diagnostics) < limits.MAX_DIAGNOSTICS:
            self.diagnostics.append(diagnostic)

    def fail(
        self, frame: Frame, rule: str, message: str, span: Span, *help: str, path: str = ""
    ) -> Value:
        """Record an error at a step, and give the poisoned value that it leaves."""
        self.report(
            Diagnostic(rule, message, span, path=path, notes=describe_calls(frame.calls), help=help)
        )
        return Value(None)

    def report_size(self, shape: Shape, span: Span) -> None:
        """Record a value too large to hold."""
        self.report(
            Diagnostic(
                "too-large",
                f"a value of {shape} holds {shape.elements:,} numbers; the limit is "
                f"{limits.MAX_ELEMENTS:,}",
                span,
            )
        )

    def read(self, argument: Argument, frame: Frame) -> Scalar:
        """An argument's value; raises UnknownValue after reporting what is wrong with it."""
        try:
            return evaluate(argument, frame.environment)
        except BadArgument as error:
            help = (error.help,) if error.help else ()
            self.fail(frame, "invalid-expression", error.message, error.span, *help)
            raise UnknownValue from None

    # Lists and modifiers

    def run_steps(self, steps: tuple[Step, ...], frame: Frame) -> Region:
        """Carry out a list of steps, each on the value above it."""
        start = frame.flow or Value(None)
        values = dict(frame.values)
        items: list[Item] = []
        flow = frame.flow
        for step in steps:
            step = self.patches.get(step, step)
            item = self.run_modified(step, replace(frame, values=values, flow=flow))
            items.append(item)
            flow = item.output
            name = item.path.rpartition(".")[2]
            if step.name is not None and not isinstance(item, SkipItem) and name:
                values[name] = item.output
        return Region(
            tuple(items), start, flow or start, frame.scope.positional, frame.scope.prefix
        )

    def run_modified(self, step: Step, frame: Frame) -> Item:
        """Carry out a step under its `for`, `when`, `repeat` and `from`, in that order."""
        if frame.depth > limits.MAX_NESTING:
            span = step.span
            self.fail(frame, "too-deep", f"steps nest more than {limits.MAX_NESTING} deep", span)
            return Item(step, frame.flow or Value(None), Value(None))
        try:
            if step.loop:
                return self.run_loop(step, frame)
            if step.when is not None:
                taken = self.read(step.when, frame)
                if not isinstance(taken, bool):
                    raise self.reject(frame, step.when, f"when must be true or false, got {taken!r}")
                if not taken:
                    return self.skip(step, frame)
            if step.repeat is not None:
                return self.run_repeat(step, frame)
        except UnknownValue:
            return Item(step, frame.flow or Value(None), Value(None))
        if step.source is not None:
            frame = replace(frame, flow=self.find_value(step.source, frame))
        return self.run_step(step, frame)

    def reject(self, frame: Frame, argument: Argument, message: str) -> UnknownValue:
        """Record an argument of the wrong type."""
        self.fail(frame, "invalid-modifier", message[:200], argument.span)
        return UnknownValue()

    def skip(self, step: Step, frame: Frame) -> Item:
        """Leave a step out: its value passes unchanged."""
        flow = frame.flow or Value(None)
        if step.name is None and not step.is_structure:
            frame.scope.skip_auto(step.head)
        return SkipItem(step, flow, flow)

    def run_loop(self, step: Step, frame: Frame) -> Item:
        """Carry out a step once for each row of its lists."""
        lists: dict[str, list[Scalar]] = {}
        for variable, argument in step.loop:
            values = self.read(argument, frame)
            if not isinstance(values, list):
                raise self.reject(frame, argument, f"for needs a list, got {values!r}")
            lists[variable] = values
        lengths = {len(values) for values in lists.values()}
        if len(lengths) != 1:
            sizes = ", ".join(f"{name} has {len(values)}" for name, values in lists.items())
            message = f"the lists of for must be equally long: {sizes}"
            raise self.reject(frame, step.loop[0][1], message)
        inner = step.strip(loop=())
        rows = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
        return self.run_turns(step, inner, rows, frame)

    def run_repeat(self, step: Step, frame: Frame) -> Item:
        """Carry out a step a number of times."""
        assert step.repeat is not None
        count = self.read(step.repeat, frame)
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise self.reject(
                frame, step.repeat, f"repeat must be a whole number from 0, got {count!r}"
            )
        if count > limits.MAX_NODES:
            self.fail(
                frame, "too-large", f"repeat {count:,} is above the limit of {limits.MAX_NODES:,} ops",
                step.repeat.span,
            )  # fmt: skip
            raise UnknownValue
        return self.run_turns(step, step.strip(repeat=None, when=None), [{}] * count, frame)

    def run_turns(
        self, step: Step, inner: Step, rows: list[dict[str, Scalar]], frame: Frame
    ) -> Item:
        """Carry out a step for each row of variables, one turn on the result of the last."""
        flow = frame.flow
        turns: list[tuple[dict[str, Scalar], Item]] = []
        for row in rows:
            turn = replace(frame, variables={**frame.variables, **row}, flow=flow)
            item = self.run_modified(inner, replace(turn, depth=frame.depth + 1))
            turns.append((row, item))
            flow = item.output
            if step.name is not None and item.path:
                frame.values[item.path.rpartition(".")[2]] = item.output
        start = frame.flow or Value(None)
        return LoopItem(step, start, flow or start, turns=tuple(turns))

    def find_value(self, reference: Argument, frame: Frame) -> Value:
        """The value that a name stands for; `_` is the current one."""
        try:
            name = self.read(reference, frame)
        except UnknownValue:
            return Value(None)
        if name == "_" and frame.flow is not None:
            return frame.flow
        if isinstance(name, str) and name in frame.values:
            return frame.values[name]
        hint = nearest(str(name), frame.values)
        known = ", ".join([*frame.values, "_"][-12:])
        return self.fail(
            frame, "unknown-value", f"no value is named '{str(name)[:80]}' here", reference.span,
            f"did you mean '{hint}'?" if hint else f"values that can be taken here: {known}",
        )  # fmt: skip

    # Steps

    def run_step(self, step: Step, frame: Frame) -> Item:
        """Carry out a step without modifiers."""
        frame = replace(frame, depth=frame.depth + 1)
        if frame.flow is None:
            if step.head not in MERGES:
                self.fail(
                    frame, "unknown-value", "with several inputs there is no current value yet",
                    step.span, "take one of the inputs with 'from: NAME'",
                )  # fmt: skip
            frame = replace(frame, flow=Value(None))
        if step.head == "layers":
            return self.run_group(step, frame)
        if step.is_structure:
            return self.run_branches(step, frame)
        block = find_block(self.spec, step.head)
        if block is not None:
            return self.run_call(step, block, frame)
        return self.run_op(step, frame)

    def take_path(self, step: Step, frame: Frame) -> str:
        """The path of a step in its scope."""
        if step.name is None:
            return frame.scope.take_auto(step.head)
        try:
            name = self.read(step.name, frame)
        except UnknownValue:
            return frame.scope.take_auto(step.head)
        if not isinstance(name, str) or not is_name(name):
            self.fail(
                frame, "invalid-name", f"name '{str(name)[:80]}' must be letters, digits and underscores",
                step.name.span,
            )  # fmt: skip
            return frame.scope.take_auto(step.head)
        path = frame.scope.take_name(name)
        if path is None:
            self.fail(
                frame, "duplicate-name", f"the name '{name}' is taken already in the same part",
                step.name.span, "give it another name, or one with a loop variable: conv$(i)",
            )  # fmt: skip
            return frame.scope.take_auto(step.head)
        return path

    def run_group(self, step: Step, frame: Frame) -> Item:
        """Carry out `layers`: in the same scope, or in one of its own where it has a name."""
        assert frame.flow is not None
        steps = step.branches[0].steps
        if step.name is None:
            body = self.run_steps(steps, frame)
            return GroupItem(step, frame.flow, body.output, body=body, named=False)
        path = self.take_path(step, frame)
        scope = Scope(path, steps, is_positional(steps))
        body = self.run_steps(steps, replace(frame, scope=scope))
        return GroupItem(step, frame.flow, body.output, path, body=body, named=True)

    def run_branches(self, step: Step, frame: Frame) -> Item:
        """Carry out `residual` or `parallel`: all branches of one value, then the merge."""
        assert frame.flow is not None
        regions: list[tuple[str, Region]] = []
        for branch in step.branches:
            scope = frame.scope
            if branch.steps and is_positional(branch.steps):
                path = frame.scope.take_auto(branch.label, numbered=False)
                scope = Scope(path, branch.steps, positional=True)
            body = self.run_steps(branch.steps, replace(frame, scope=scope))
            regions.append((branch.label, body))
        path = frame.scope.take_auto(step.merge)
        inputs = tuple(region.output for _, region in regions)
        op = OPS[step.merge].model_validate({})
        node = self.add_node(step, op, inputs, path, frame)
        return BranchItem(
            step, frame.flow, node.output, path, branches=tuple(regions), merge=node
        )

    def run_call(self, step: Step, block: Block, frame: Frame) -> Item:
        """Carry out a call of a block."""
        assert frame.flow is not None
        path = self.take_path(step, frame)
        if len(frame.calls) >= limits.MAX_CALL_DEPTH or any(name == block.name for name, _ in frame.calls):
            return Item(step, frame.flow, Value(None), path)  # check_words reported the circle
        arguments = self.factory.read_call(step, block, frame.environment, frame.calls)
        if arguments is None:
            return Item(step, frame.flow, Value(None), path)
        variables = {} if block.library else dict(self.params)
        variables.update(arguments)
        shape = frame.flow.shape
        variables.pop("in_channels", None)
        if shape is not None:
            variables["in_channels"] = shape.channels
        inner = Frame(
            variables, {}, frame.flow, Scope(path, block.steps, is_positional(block.steps)),
            (*frame.calls, (block.name, step.span)), frame.depth,
        )  # fmt: skip
        body = self.run_steps(block.steps, inner)
        return CallItem(
            step, frame.flow, body.output, path, block=block, arguments=arguments,
            in_channels=shape.channels if shape is not None else 0, body=body,
        )  # fmt: skip

    def run_op(self, step: Step, frame: Frame) -> Item:
        """Carry out a call of an op."""
        assert frame.flow is not None
        path = self.take_path(step, frame)
        if step.head not in OPS:
            return Item(step, frame.flow, Value(None), path)  # check_words reported it
        op = self.factory.make_op(step, frame.environment, frame.calls)
        inputs: tuple[Value, ...] = (frame.flow,)
        if OPS[step.head].merges:
            names = step.argument.items if isinstance(step.argument, ListArgument) else ()
            inputs = tuple(self.find_value(name, frame) for name in names)
            if len(inputs) < 2:
                self.fail(
                    frame, "missing-field", f"{step.head} needs two values or more", step.span,
                    f"write for example {step.head}: [shortcut, _]",
                )  # fmt: skip
                op = None
        if op is None:
            return Item(step, frame.flow, Value(None), path)
        node = self.add_node(step, op, inputs, path, frame)
        return OpItem(step, frame.flow, node.output, path, node=node)

    def add_node(
        self, step: Step, op: Op, inputs: tuple[Value, ...], path: str, frame: Frame
    ) -> Node:
        """Put an op into the graph; its output is poisoned where its inputs do not fit."""
        origin = Origin(step, frame.calls)
        node = Node(path, op, inputs, Value(None), (), origin)
        node.output.producer = node
        for value in inputs:
            value.readers.append(node)
        shapes = tuple(value.shape for value in inputs if value.shape is not None)
        self.nodes.append(node)
        if len(self.nodes) > limits.MAX_NODES:
            self.fail(frame, "too-large", f"more than {limits.MAX_NODES:,} ops", step.span)
            raise _TooLarge
        if len(shapes) < len(inputs):
            return node
        try:
            self.check_kinds(op, shapes)
            shape = op.infer_shape(shapes)
            node.weights = op.list_weights(shapes)
        except ShapeFault as cause:
            self.faults.append(Fault(step, op, inputs, origin, path, cause))
            return node
        self.parameters += sum(_count(weight.shape) for weight in node.weights)
        if shape.elements > limits.MAX_ELEMENTS:
            self.report_size(shape, step.span)
            return node
        if self.parameters > limits.MAX_PARAMETERS:
            message = f"more than {limits.MAX_PARAMETERS:,} parameters"
            self.fail(frame, "too-large", message, step.span, path=path)
            raise _TooLarge
        node.output.shape = shape
        return node

    def check_kinds(self, op: Op, shapes: tuple[Shape, ...]) -> None:
        """Raise ShapeFault where an op gets a kind of value that it does not take."""
        for shape in shapes:
            if shape.kind not in op.kinds:
                wanted = " or ".join(f"a {kind}" for kind in sorted(op.kinds)).replace("a tokens", "tokens")
                raise ShapeFault(
                    "kind-mismatch", f"{op.op} takes {wanted}, got {_article(shape)}"
                )


class _TooLarge(Exception):
    """The network passed a limit, which is reported: nothing more can be learnt from it."""


def _count(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def _article(shape: Shape) -> str:
    text = shape.describe()
    return text if text.startswith("tokens") else f"a {text}"


def describe_calls(calls: tuple[tuple[str, Span], ...]) -> tuple[str, ...]:
    """The chain of block calls that led to a step, innermost first, as notes."""
    return tuple(
        f"in block '{name}', called at line {span.line}" for name, span in reversed(calls)
    )
