"""Ways out where branches that a merge joins do not fit together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cnnspec.graph.fit_sizes import find_multiples
from cnnspec.graph.frame import describe_line
from cnnspec.graph.ir import Value
from cnnspec.graph.parting import Parting, find_partings, find_setter
from cnnspec.graph.record import Fault
from cnnspec.graph.trail import Change
from cnnspec.graph.trials import (
    Trials,
    as_argument,
    is_own,
    put_instead,
    set_fields,
    swap,
    write_call,
)
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.spec.model import (
    Argument,
    Branch,
    Formula,
    ListArgument,
    Literal,
    MapArgument,
    Step,
)

_CONVOLUTIONS = ("conv", "depthwise_conv")


def fit_merge(fault: Fault, trials: Trials) -> Iterator[str]:
    """A projection of the shortcut, padding in a branch, sizes that can be halved."""
    if any(value.is_stored for value in fault.inputs):
        return
    partings = find_partings(fault)
    parting = partings[0]
    left, right = parting.left.known, parting.right.known
    if parting.is_gate:
        yield from _set_branch(fault, parting, trials)
    if left.kind is not Kind.MAP or right.kind is not Kind.MAP or left.rank != right.rank:
        return
    if fault.op.op != "concat":
        projected = [*_project_shortcut(fault, trials), *_project_value(fault, parting, trials)]
        yield from projected or _set_branch(fault, parting, trials)
    if left.sizes != right.sizes:
        yield from _pad_branches(fault, partings, trials)
        yield from find_multiples(fault, parting, trials)


def _project_shortcut(fault: Fault, trials: Trials) -> Iterator[str]:
    """A 1x1 convolution for a residual whose shortcut is the value itself."""
    step = fault.step
    if step.head != "residual" or step.branches[1].steps or not is_own(step):
        return
    body, value = fault.inputs[0], fault.inputs[1].known
    for conv in _list_projections(body, value, step):
        shortcut = Branch("shortcut", (conv,), step.branches[1].span)
        if trials.solves(fault, swap(replace(step, branches=(step.branches[0], shortcut)))):
            yield f"project the shortcut: shortcut: [{_write_step(conv)}]"
            return


def _list_projections(goal: Value, value: Shape, step: Step) -> Iterator[Step]:
    """Convolutions that would make a value as a goal is, in the author's words where they fit."""
    shape = goal.known
    strides = tuple(map(_find_stride, value.sizes, shape.sizes))
    if None in strides:
        return
    stride = strides[0] if len(set(strides)) == 1 else tuple(s or 1 for s in strides)
    plain = _write_projection(step, shape.channels, stride or 1)
    for node in reversed(_list_body(step)):
        given = node.argument if isinstance(node.argument, MapArgument) else None
        channels = given.get("out_channels") if given else None
        if isinstance(channels, Formula):
            yield _write_projection(step, channels, _borrow_stride(step) or stride or 1)
            break
    yield plain


def _list_body(step: Step) -> list[Step]:
    """The steps that are written inside of a residual's body, in order."""
    written = list(step.branches[0].steps) if step.branches else []
    found = []
    while written:
        inner = written.pop(0)
        found.append(inner)
        written = [s for branch in inner.branches for s in branch.steps] + written
    return found


def _borrow_stride(step: Step) -> Argument | None:
    """The stride that the body's convolutions have as an expression, if one has."""
    for inner in _list_body(step):
        stride = inner.argument.get("stride") if isinstance(inner.argument, MapArgument) else None
        if isinstance(stride, Formula):
            return stride
    return None


def _find_stride(size: int, goal: int) -> int | None:
    """The stride with which a 1x1 convolution makes one size of another."""
    stride = -(-size // goal)
    return stride if (size - 1) // stride + 1 == goal else None


def _write_projection(
    step: Step, channels: int | Argument, stride: int | tuple[int, ...] | Argument
) -> Step:
    more = {} if stride == 1 else {"stride": as_argument(stride, step.span)}
    return write_call("conv", step.span, out_channels=channels, kernel_size=1, **more)


def _project_value(fault: Fault, parting: Parting, trials: Trials) -> Iterator[str]:
    """The same for a merge that names its values: the one with fewer steps is projected."""
    if not isinstance(fault.step.argument, ListArgument) or not is_own(fault.step):
        return
    short = min(parting.sides, key=lambda side: len(side[1]))[0]
    goal = parting.right if short is parting.left else parting.left
    place = fault.inputs.index(short)
    items = fault.step.argument.items
    name = items[place]
    if not isinstance(name, Literal) or len(items) != 2:
        return
    for conv in _list_projections(goal, short.known, Step("add", fault.step.span)):
        kept, made = (Literal(word, fault.step.span) for word in ("kept__", "made__"))
        order = [made if i == place else items[i] for i in range(2)]
        order = [kept if getattr(item, "value", "") == "_" else item for item in order]
        merge = replace(fault.step, name=None, argument=ListArgument(tuple(order), fault.step.span))
        steps = (
            Step("identity", fault.step.span, name=kept),
            replace(conv, name=made, source=None if name.value == "_" else name),
            merge,
        )
        if trials.solves(fault, put_instead(fault.step, *steps)):
            yield f"project {_name(name.value)} first with {_write_step(conv)}"
            return


def _name(word: object) -> str:
    return "the current value" if word == "_" else f"'{word}'"


def _set_branch(fault: Fault, parting: Parting, trials: Trials) -> Iterator[str]:
    """The channels, or the stride, that make one branch's convolution agree with the other."""
    sides = sorted(parting.sides, key=lambda side: len(side[1]))
    for (value, steps), (goal, _) in ((sides[0], sides[1]), (sides[1], sides[0])):
        setter = find_setter(steps)
        if setter is None or not is_own(setter.node.origin.step):
            continue
        fields: dict[str, int] = {}
        if value.known.channels != goal.known.channels:
            field = "out_features" if setter.node.op.op == "linear" else "out_channels"
            fields[field] = goal.known.channels
        if value.known.sizes != goal.known.sizes and not parting.is_gate:
            stride = _match_stride(setter, value.known, goal.known)
            if stride is None:
                continue
            fields["stride"] = stride
        if trials.solves(fault, swap(set_fields(setter.node.origin.step, **fields))):
            shown = " and ".join(f"{name}: {number}" for name, number in fields.items())
            yield f"give {setter.title} {shown}, as the other branch has"
            return


def _match_stride(setter: Change, value: Shape, goal: Shape) -> int | None:
    """The stride that brings a branch to another's size, when its convolution is the last word."""
    if setter.after is None or setter.after.sizes != value.sizes:
        return None
    strides = {
        _find_stride(size, wanted)
        for size, wanted in zip(setter.before.sizes, goal.sizes, strict=True)
    }
    return strides.pop() if len(strides) == 1 else None


def _pad_branches(fault: Fault, partings: list[Parting], trials: Trials) -> Iterator[str]:
    """Padding on the steps of the branches that lose rows."""
    eating = [
        change
        for parting in partings
        for _, steps in parting.sides
        for change in steps
        if change.eats
        and change.node.op.op in (*_CONVOLUTIONS, "max_pool", "avg_pool")
        and is_own(change.node.origin.step)
        and all(w.stride == 1 for w in change.windows)
    ]
    for change in eating:
        if trials.solves(fault, swap(set_fields(change.node.origin.step, padding="same"))):
            yield f"padding: same on {change.title} keeps the size"
            return
    steps = {id(c.node.origin.step.argument): c for c in eating}
    patch = swap(*(set_fields(c.node.origin.step, padding="same") for c in steps.values()))
    if len(steps) > 1 and trials.solves(fault, patch):
        places = [describe_line(change.place).removeprefix("line ") for change in steps.values()]
        lines = list(dict.fromkeys(places))
        shown = f"{', '.join(lines[:-1])} and {lines[-1]}" if len(lines) > 1 else lines[0]
        yield f"padding: same at line{'s' if len(lines) > 1 else ''} {shown} keeps the size"


def _write_step(step: Step) -> str:
    """A step as it stands in a spec, on one line."""
    assert isinstance(step.argument, MapArgument)
    fields = (f"{name}: {write_argument(value)}" for name, _, value in step.argument.entries)
    return f"{step.head}: {{{', '.join(fields)}}}"


def write_argument(argument: Argument) -> str:
    """An argument as it stands in a spec."""
    if isinstance(argument, Formula):
        text = argument.expression.text
        plain = text.isidentifier()
        return f"${text}" if plain and argument.expression.offset == 1 else f"$({text})"
    if isinstance(argument, ListArgument):
        return f"[{', '.join(map(write_argument, argument.items))}]"
    value = argument.value if isinstance(argument, Literal) else ""
    return str(value).lower() if isinstance(value, bool) else str(value)
