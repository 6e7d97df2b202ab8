"""Ways out where an op gets a kind of value that it does not take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from types import MappingProxyType

from cnnspec.graph.frame import describe_line
from cnnspec.graph.ir import Node
from cnnspec.graph.record import Fault
from cnnspec.graph.trail import find_maker
from cnnspec.graph.trials import (
    Trials,
    find_list,
    is_own,
    put_instead,
    set_fields,
    swap,
    write_call,
)
from cnnspec.ops.base import MAPS
from cnnspec.ops.catalog import OPS
from cnnspec.ops.linear import Linear
from cnnspec.ops.shapes import Kind
from cnnspec.ops.tokens import TOKENS
from cnnspec.spec.model import Step

# Ops for maps, and what does the same for a vector.
_FOR_VECTORS = MappingProxyType(
    {
        "group_norm": "layer_norm",
        "instance_norm": "layer_norm",
        "spatial_dropout": "dropout",
    }
)


def fit_kind(fault: Fault, trials: Trials) -> Iterator[str]:
    """A step that makes the value what the op takes, or a better place for the op."""
    kind = fault.shapes[0].kind
    if not is_own(fault.step):
        return
    if kind is Kind.MAP:
        yield from _leave_map(fault, trials)
    elif kind is Kind.VECTOR:
        yield from _keep_map(fault, trials)


def _leave_map(fault: Fault, trials: Trials) -> Iterator[str]:
    """What stands between a map and an op for vectors."""
    step = fault.step
    shape = fault.shapes[0]
    if fault.op.kinds == TOKENS:
        if trials.solves(fault, put_instead(step, Step("to_tokens", step.span), step)):
            count = prod(shape.sizes)
            yield f"put to_tokens before it: {count} tokens of {shape.channels} channels"
        return
    for head, effect in (
        ("flatten", f"{shape} becomes a vector of {shape.elements}"),
        ("global_avg_pool", f"the mean of each channel, a vector of {shape.channels}"),
    ):
        if trials.solves(fault, put_instead(step, Step(head, step.span), step)):
            yield f"put {head} before it: {effect}"
    if isinstance(fault.op, Linear):
        features = fault.op.out_features
        conv = write_call("conv", step.span, out_channels=features, kernel_size=1)
        if trials.solves(fault, put_instead(step, conv)):
            yield (
                f"to score every position, write conv: {{out_channels: {features}, kernel_size: 1}}"
            )


def _keep_map(fault: Fault, trials: Trials) -> Iterator[str]:
    """What keeps a map for an op that comes after it was made a vector."""
    step = fault.step
    if (other := _FOR_VECTORS.get(step.head)) is not None:
        argument = step.argument if other == "dropout" else None
        replaced = replace(step, head=other, argument=argument)
        if trials.solves(fault, put_instead(step, replaced)):
            yield f"for a vector write {other}"
    if step.head.startswith(("global_", "adaptive_")) and trials.solves(fault, put_instead(step)):
        yield "leave it out: the map is a vector already"
    maker = find_maker(fault.inputs[0])
    if maker is None or not is_own(maker.origin.step) or maker.origin.step.head not in OPS:
        return
    source = maker.origin.step
    if source.head.startswith("global_"):
        kept = set_fields(source, keepdims=True)
        if trials.solves(fault, swap(kept)):
            yield (
                f"keepdims: true on {source.head} at {describe_line(source.span)} keeps a map of "
                f"size 1"
            )
    yield from _move(fault, maker, trials)


def _move(fault: Fault, maker: Node, trials: Trials) -> Iterator[str]:
    """The two steps the other way round: the op first, or the vector later."""
    step, source = fault.step, maker.origin.step
    line = describe_line(source.span)
    if trials.solves(fault, {**put_instead(source, step, source), **put_instead(step)}):
        yield f"move it before the {source.head} at {line}"
        return
    last = _find_last_map_step(fault, trials)
    if last is not None and trials.solves(
        fault, {**put_instead(source), **put_instead(last, last, source)}
    ):
        yield (
            f"move the {source.head} at {line} down behind the {last.head} at "
            f"{describe_line(last.span)}"
        )


def _find_last_map_step(fault: Fault, trials: Trials) -> Step | None:
    """The last step from the fault on, in the same list, that takes nothing but maps."""
    siblings = find_list(trials.base.spec, fault.step)
    places = [step.span for step in siblings]
    below = siblings[places.index(fault.step.span) :] if fault.step.span in places else ()
    maps = [step for step in below if step.head in OPS and OPS[step.head].kinds == MAPS]
    return maps[-1] if maps else None
