"""Carries out a spec: calls blocks, evaluates expressions and infers shapes, in one pass.

An error poisons the value that the step would have given: what is downstream of it stays silent,
other branches go on, and all errors are reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from cnnspec.diagnostics import Diagnostic
from cnnspec.expressions import Value as Scalar
from cnnspec.expressions import bound_work
from cnnspec.graph import limits
from cnnspec.graph.arguments import OpFactory, list_fields
from cnnspec.graph.evaluate import UnknownValue
from cnnspec.graph.frame import Frame, Names, keep_name, list_open_blocks
from cnnspec.graph.home import make_home
from cnnspec.graph.inputs import infer_input
from cnnspec.graph.ir import (
    BranchItem,
    CallItem,
    Graph,
    GroupItem,
    Item,
    LoopItem,
    OpItem,
    Output,
    Region,
    SkipItem,
    Value,
)
from cnnspec.graph.library import find_block
from cnnspec.graph.modifiers import (
    check_condition,
    check_count,
    check_list,
    explain_turn_name,
)
from cnnspec.graph.opened import join_open_sizes
from cnnspec.graph.outputs import choose_outputs
from cnnspec.graph.params import choose_params
from cnnspec.graph.part import check_end, take_part
from cnnspec.graph.reading import Reader
from cnnspec.graph.record import Key, Stopped, explain_excess
from cnnspec.graph.reuse import Copier, Instance, InstanceKey, make_key
from cnnspec.graph.scope import Scope, is_positional
from cnnspec.graph.static import check_words
from cnnspec.graph.walk import has_gaps
from cnnspec.ops.catalog import OPS
from cnnspec.records import dataclass
from cnnspec.spec.model import Block, Branch, ListArgument, Literal, Step


@dataclass(slots=True)
class Builder(Reader):
    """The state of one build.

    `patches` replaces steps, by their word and place, and `sizes` the spatial sizes of inputs by
    name: that is how a way out is tried. `words` is unset where they are checked already.
    """

    overrides: dict[str, Scalar]
    patches: Mapping[Key, Step] = field(default_factory=dict, kw_only=True)
    sizes: Mapping[str, tuple[int, ...]] = field(default_factory=dict, kw_only=True)
    words: bool = field(default=True, kw_only=True)
    params: dict[str, Scalar] = field(default_factory=dict, init=False)
    inputs: tuple[Value, ...] = field(default=(), init=False)
    outputs: tuple[Output, ...] = field(default=(), init=False)

    def build(self) -> Graph | None:
        """The graph, or None after errors, which are then in `diagnostics` and `faults`."""
        with bound_work() as work:
            try:
                if self.words:
                    check_words(self.spec, self.report, self.known)
                body = self.run()
            except Stopped:
                return None
            finally:
                self.steps += work.done // limits.STEP_WORK
        values = (*self.inputs, *(node.output for node in self.nodes))
        unknown = any(value.shape is None for value in values)
        if self.diagnostics or self.faults or unknown or has_gaps(body):
            return None
        return Graph(
            self.spec, self.variant, self.params, self.overrides, self.inputs,
            self.outputs, tuple(self.nodes), body, self.open_sizes, self.steps,
        )  # fmt: skip

    def run(self) -> Region:
        """Carry out the whole network."""
        self.params = choose_params(self.spec, self.variant, self.overrides, self.report)
        factory = OpFactory(self.spec, self.params, self, self.known.ops, self.known.fixed)
        home = make_home(self.spec, self.variant, self.params, factory)
        self.inputs = self.read_inputs()
        scope = Scope("", self.spec.steps, is_positional(self.spec.steps))
        flow = self.inputs[0] if len(self.inputs) == 1 else None
        variables = dict(self.params)
        if flow is not None and flow.shape is not None:
            variables["in_channels"] = flow.shape.channels
        values = Names(around=Names({value.name: value for value in self.inputs}))
        frame = Frame(variables, values, flow, scope, home)
        body = self.run_steps(self.spec.steps, frame, values)
        if not self.nodes and not has_gaps(body):
            message = "a network needs at least one layer"
            self.report(Diagnostic("empty-network", message, self.spec.span))
        self.outputs = choose_outputs(self, Frame(self.params, values, body.output, scope, home))
        return body

    def read_inputs(self) -> tuple[Value, ...]:
        """The inputs as values."""
        values, opened = [], []
        for position, source in enumerate(self.spec.inputs):
            found = infer_input(source, self.params, self.report)
            shape = found.resize(self.sizes.get(source.name)) if found is not None else None
            opened += found.list_opened(position, source.name) if found is not None else []
            if shape is not None and (excess := explain_excess(shape)):
                self.fail_at((), "too-large", excess, source.span)
                shape = None
            values.append(Value(shape, name=source.name))
        self.open_sizes = join_open_sizes(opened)
        if len(self.open_sizes) > limits.MAX_OPEN_SIZES:
            message = f"more than {limits.MAX_OPEN_SIZES} sizes stay open"
            span = self.open_sizes[limits.MAX_OPEN_SIZES].span
            self.fail_at((), "too-large", message, span, "give sizes that are equal one letter")
            self.open_sizes = ()
        return tuple(values)

    # Lists and modifiers

    def run_steps(self, steps: tuple[Step, ...], frame: Frame, own: Names | None = None) -> Region:
        """Carry out a list of steps, each on the value above it; its names go into `own`."""
        start = frame.flow or Value(None)
        values = frame.values.enter() if own is None else own
        items: list[Item] = []
        flow = frame.flow
        for step in steps:
            item = self.run_modified(step, frame.move(flow, values))
            items.append(item)
            flow = item.output
            keep_name(step, item, values)
            if frame.scope.end_after(item.path):
                break
        return Region(
            tuple(items), start, flow or start, frame.scope.positional, frame.scope.prefix
        )

    def run_modified(self, step: Step, frame: Frame) -> Item:
        """Carry out a step under its `for`, `when`, `repeat` and `from`, in that order."""
        self.count_step(frame, step)
        if frame.depth > limits.MAX_NESTING:
            message = f"steps and blocks nest more than {limits.MAX_NESTING} deep"
            self.fail(frame, "too-deep", message, step.span)
            return Item(step, frame.flow or Value(None), Value(None))
        try:
            if step.loop:
                return self.run_loop(step, frame)
            if step.when is not None:
                taken = self.read(step.when, frame)
                if problem := check_condition(taken):
                    raise self.reject(frame, step.when, problem)
                if not taken:
                    return self.skip(step, frame)
            if step.repeat is not None:
                return self.run_repeat(step, frame)
        except UnknownValue:
            return Item(step, frame.flow or Value(None), Value(None))
        step = self.settle_names(step, frame)
        if step.source is not None:
            frame = frame.move(self.find_value(step.source, frame), frame.values)
        return self.run_step(step, frame)

    def skip(self, step: Step, frame: Frame) -> Item:
        """Leave a step out: its value passes unchanged."""
        flow = frame.flow or Value(None)
        frame.scope.skip((step,))
        return SkipItem(step, flow, flow)

    def run_loop(self, step: Step, frame: Frame) -> Item:
        """Carry out a step once for each row of its lists."""
        lists: dict[str, list[Scalar]] = {}
        for variable, argument in step.loop:
            values = self.read(argument, frame)
            if problem := check_list(values):
                raise self.reject(frame, argument, problem)
            assert isinstance(values, list)
            lists[variable] = values
        lengths = {len(values) for values in lists.values()}
        if len(lengths) != 1:
            sizes = ", ".join(f"{name} has {len(values)}" for name, values in lists.items())
            message = f"the lists of for must be equally long: {sizes}"
            raise self.reject(frame, step.loop[0][1], ("invalid-modifier", message))
        inner = step.strip(loop=())
        rows = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
        return self.run_turns(step, inner, rows, frame)

    def run_repeat(self, step: Step, frame: Frame) -> Item:
        """Carry out a step a number of times."""
        assert step.repeat is not None
        count = self.read(step.repeat, frame)
        if problem := check_count(count):
            raise self.reject(frame, step.repeat, problem)
        assert isinstance(count, int)
        return self.run_turns(step, step.strip(repeat=None, when=None), [{}] * count, frame)

    def run_turns(
        self, step: Step, inner: Step, rows: list[dict[str, Scalar]], frame: Frame
    ) -> Item:
        """Carry out a step for each row of variables, one turn on the result of the last."""
        flow = frame.flow
        if len(rows) > 1 and isinstance(step.name, Literal) and step.when is None:
            self.fail(
                frame, "duplicate-name", f"each turn would be called '{step.name.value}'",
                step.name.span, *explain_turn_name(step),
            )  # fmt: skip
            inner = inner.strip(name=None)
        turns: list[tuple[dict[str, Scalar], Item]] = []
        for row in rows:
            item = self.run_modified(inner, frame.turn(row, flow))
            turns.append((row, item))
            flow = item.output
            keep_name(step, item, frame.values)
            if frame.scope.end_after(item.path):
                break
        start = frame.flow or Value(None)
        return LoopItem(step, start, flow or start, turns=tuple(turns))

    # Steps

    def run_step(self, step: Step, frame: Frame) -> Item:
        """Carry out a step without modifiers."""
        chosen = self.choose(step, frame)
        if chosen is None:
            return Item(step, frame.flow or Value(None), Value(None))
        patch = None if frame.patched else self.patches.get((chosen.head, chosen.span))
        frame = frame.enter(patched=patch is not None)
        step = patch or chosen
        if frame.flow is None:
            self.require_current(step, frame)
            frame = frame.move(Value(None), frame.values)
        if step.head == "layers":
            return self.run_group(step, frame)
        if step.is_structure:
            return self.run_branches(step, frame)
        made = len(self.nodes)
        item = self.run_call(step, frame) if step.part is None else self.run_part(step, frame)
        return item if step.shared is None else self.share(item, made, frame)

    def run_group(self, step: Step, frame: Frame) -> Item:
        """Carry out `layers`: in the same scope, or in one of its own where it is a part."""
        assert frame.flow is not None
        steps = step.branches[0].steps
        if step.name is None and not step.is_part:
            body = self.run_steps(steps, frame, frame.values)
            return GroupItem(step, frame.flow, body.output, body=body, named=False)
        path = self.take_path(step, frame)
        scope = Scope(path, steps, is_positional(steps))
        body = self.run_steps(steps, replace(frame, scope=scope))
        return GroupItem(step, frame.flow, body.output, path, body=body, named=True)

    def run_branches(self, step: Step, frame: Frame) -> Item:
        """Carry out `residual` or `parallel`: all branches of one value, then the merge."""
        assert frame.flow is not None
        try:
            merges = self.check_shortcut(step, frame)
        except UnknownValue:
            return Item(step, frame.flow, Value(None))
        regions: list[tuple[str, Region]] = []
        for branch in step.branches:
            if regions and not merges:
                frame.scope.skip_branch(step, branch)
                body = Region((), frame.flow, frame.flow, False, frame.scope.prefix)
            else:
                body = self.run_branch(branch, frame)
            regions.append((branch.label, body))
        path = frame.scope.take_auto(step.merge)
        branches = tuple(regions)
        if not merges:
            output = regions[0][1].output
            return BranchItem(step, frame.flow, output, path, branches=branches, merge=None)
        inputs = tuple(region.output for _, region in regions)
        op = OPS[step.merge].model_validate({})
        node = self.add_node(step, op, inputs, path, frame)
        return BranchItem(step, frame.flow, node.output, path, branches=branches, merge=node)

    def run_branch(self, branch: Branch, frame: Frame) -> Region:
        """Carry out one branch: a plain chain is a part of the path."""
        scope = frame.scope
        if branch.steps and is_positional(branch.steps):
            path = scope.take_auto(branch.label, numbered=False)
            scope = Scope(path, branch.steps, positional=True)
        return self.run_steps(branch.steps, replace(frame, scope=scope))

    def run_call(self, step: Step, frame: Frame) -> Item:
        """Carry out a call of an op or a block."""
        assert frame.flow is not None
        # An op's name on a block is an error, which check_words reported.
        block = None if step.head in OPS else find_block(frame.home.spec, step.head)
        if block is None:
            return self.run_op(step, frame)
        path = self.take_path(step, frame)
        if block.name in list_open_blocks(frame.calls):
            self.report_circle(step, block, frame)
            return Item(step, frame.flow, Value(None), path)
        if len(frame.calls) >= limits.MAX_CALL_DEPTH:
            message = f"blocks call each other more than {limits.MAX_CALL_DEPTH} deep"
            poison = self.fail(frame, "too-deep", message, step.span)
            return Item(step, frame.flow, poison, path)
        shape = frame.flow.shape
        received = shape.channels if shape is not None else None
        factory = frame.home.factory
        arguments = factory.read_call(step, block, frame.environment, frame.calls, received)
        if arguments is None:
            return Item(step, frame.flow, Value(None), path)
        variables = dict(arguments) if block.library else {**frame.home.params, **arguments}
        calls = (*frame.calls, (block.name, step.span))
        scope = Scope(path, block.steps, is_positional(block.steps))
        inner = Frame(variables, Names(), frame.flow, scope, frame.home, calls, frame.depth)
        return self.enter_block(step, block, arguments, inner)

    def run_part(self, step: Step, frame: Frame) -> Item:
        """Carry out a spec that a step takes."""
        assert frame.flow is not None and step.part is not None
        path = self.take_path(step, frame)
        taken = take_part(self, step, step.part, frame)
        if taken is None:
            return Item(step, frame.flow, Value(None), path)
        inner = taken.enter(path, frame)
        item = self.enter_block(step, taken.block, taken.home.params, inner)
        if item.output.shape is not None:
            check_end(self, step.part, inner.scope, frame)
        return item

    def enter_block(
        self, step: Step, block: Block, arguments: dict[str, Scalar], inner: Frame
    ) -> CallItem:
        """Carry out the steps of a block, or copy what they became the last time."""
        assert inner.flow is not None
        received = inner.receive()
        key = make_key(block, arguments, inner)
        instance = self.known.instances.get(key) if key is not None else None
        if instance is not None and self.has_room(instance):
            body = self.copy_block(instance, inner)
            inner.scope.ended = True
        else:
            body = self.run_block(block, inner, key)
        return CallItem(
            step, inner.flow, body.output, inner.scope.prefix, block=block, arguments=arguments,
            in_channels=received, body=body,
        )  # fmt: skip

    def run_block(self, block: Block, inner: Frame, key: InstanceKey | None) -> Region:
        """Carry out the steps of a block, and keep them under the key where nothing was found."""
        nodes, steps, parameters = len(self.nodes), self.steps, self.parameters
        troubles = self.troubles
        body = self.run_steps(block.steps, inner)
        made = tuple(self.nodes[nodes:])
        sound = all(node.output.shape is not None for node in made) and not has_gaps(body)
        if key is not None and sound and self.troubles == troubles:
            self.known.instances[key] = Instance(
                body, made, inner.scope.prefix, inner.calls,
                self.steps - steps, self.parameters - parameters,
            )  # fmt: skip
        return body

    def copy_block(self, instance: Instance, inner: Frame) -> Region:
        """Put a block that was carried out before in another place."""
        assert inner.flow is not None
        copier = Copier(instance, inner.scope.prefix, inner.calls, inner.flow)
        body = copier.copy()
        self.nodes += copier.nodes.values()
        self.steps += instance.steps
        self.parameters += instance.parameters
        return body

    def run_op(self, step: Step, frame: Frame) -> Item:
        """Carry out a call of an op."""
        assert frame.flow is not None
        path = self.take_path(step, frame)
        if step.head not in OPS:
            return Item(step, frame.flow, Value(None), path)  # check_words reported it
        factory = frame.home.factory
        op = factory.fixed.get(step) or factory.make_op(step, frame.environment, frame.calls, path)
        inputs: tuple[Value, ...] = (frame.flow,)
        if OPS[step.head].merges:
            names = step.argument.items if isinstance(step.argument, ListArgument) else ()
            inputs = tuple(self.find_value(name, frame) for name in names)
            if len(inputs) < 2:
                op = None  # check_words reported it
        if op is not None and op.refers:
            like = list_fields(self.spec, step)["like"]
            inputs = (frame.flow, self.find_value(like, frame))
        if op is None:
            return Item(step, frame.flow, Value(None), path)
        node = self.add_node(step, op, inputs, path, frame)
        return OpItem(step, frame.flow, node.output, path, node=node)
