"""Where the branches that a merge joins became different."""

from __future__ import annotations

from math import prod

from cnnspec.graph.frame import describe_line
from cnnspec.graph.ir import Value
from cnnspec.graph.record import Fault
from cnnspec.graph.trail import (
    Change,
    describe_briefly,
    describe_maker,
    find_maker,
    label_changes,
    trace,
    write_sizes,
)
from cnnspec.ops.merge import fits_gate
from cnnspec.ops.shapes import Kind
from cnnspec.records import dataclass

# A merge of many branches says enough with the first of them.
_MAX_NOTES = 4
_SETTERS = frozenset({"out_channels", "out_features"})


@dataclass(frozen=True, slots=True)
class Parting:
    """Two values that do not fit together, and the steps of each since they were one."""

    left: Value
    right: Value
    left_steps: tuple[Change, ...]
    right_steps: tuple[Change, ...]

    @property
    def sides(self) -> tuple[tuple[Value, tuple[Change, ...]], ...]:
        """Both values with their steps."""
        return ((self.left, self.left_steps), (self.right, self.right_steps))

    @property
    def is_gate(self) -> bool:
        """Whether one is a vector that should hold a number for each channel of the other."""
        return (
            self.left.known.kind is Kind.MAP
            and self.right.known.kind is Kind.VECTOR
            and any(reader.op.op == "multiply" for reader in self.right.readers)
        )


def find_partings(fault: Fault) -> list[Parting]:
    """The inputs of a merge that do not fit to its first, or to the map that gates stretch over."""
    goal = fault.inputs[0]
    if fault.op.op == "multiply" or any(value.is_stored for value in fault.inputs):
        goal = max(fault.inputs, key=lambda value: (value.known.rank, value.known.elements))
    return [_part(goal, other) for other in fault.inputs if not _fits(fault, other, goal)]


def _fits(fault: Fault, other: Value, goal: Value) -> bool:
    own, full = other.known, goal.known
    if fault.op.op == "multiply":
        return fits_gate(own, full)
    if fault.op.op == "add" and other.is_stored and own.kind is full.kind:
        return fits_gate(own, full)
    if fault.op.op == "concat":
        return (own.kind, own.sizes) == (full.kind, full.sizes)
    return own == full


def _part(left: Value, right: Value) -> Parting:
    left_nodes, right_nodes = trace(left), trace(right)
    places = {id(node): place for place, node in enumerate(right_nodes, 1)}
    shared = next((n for n in range(len(left_nodes), 0, -1) if id(left_nodes[n - 1]) in places), 0)
    start = places[id(left_nodes[shared - 1])] if shared else 0
    return Parting(
        left,
        right,
        tuple(label_changes(left_nodes)[shared:]),
        tuple(label_changes(right_nodes)[start:]),
    )


def describe_parting(fault: Fault) -> list[str]:
    """Notes on where the sizes, the channels or the kinds of the branches part."""
    if any(value.is_stored for value in fault.inputs):
        return []
    notes = [note for parting in find_partings(fault) for note in _describe(fault, parting)]
    return list(dict.fromkeys(notes))[:_MAX_NOTES]


def _describe(fault: Fault, parting: Parting) -> list[str]:
    left, right = parting.left.known, parting.right.known
    if parting.is_gate:
        return _describe_channels(parting)
    if left.kind is not right.kind:
        makers = (find_maker(value) for value in (parting.left, parting.right))
        return [describe_maker(maker) for maker in makers if maker is not None]
    if left.rank != right.rank:
        return []
    notes = []
    if left.sizes != right.sizes:
        notes += _describe_sizes(parting)
    if left.channels != right.channels and fault.op.op != "concat":
        notes += _describe_channels(parting)
    return notes


def _describe_sizes(parting: Parting) -> list[str]:
    left = [c for c in parting.left_steps if c.after and c.after.sizes != c.before.sizes]
    right = [c for c in parting.right_steps if c.after and c.after.sizes != c.before.sizes]
    while left and right and left[0].after == right[0].after:
        left, right = left[1:], right[1:]
    if left and right:
        pairs = (left[0], right[0])
        lines = " and ".join(describe_line(change.place) for change in pairs)
        return [f"the sizes part at {lines}: {' and '.join(map(describe_briefly, pairs))}"]
    longer = left or right
    if not longer:
        return []
    if (note := _describe_detour(longer)) is not None:
        return [note]
    first = longer[0]
    return [f"the sizes part at {describe_line(first.place)}: {describe_briefly(first)}"]


def _describe_detour(steps: list[Change]) -> str | None:
    """A map made smaller and larger again, where an odd row was dropped on the way."""
    lossy = next(
        (
            step
            for step in steps
            if any(
                window.stride > 1 and size % window.stride
                for window, size in zip(step.windows, step.before.sizes, strict=False)
            )
        ),
        None,
    )
    last = steps[-1]
    assert last.after is not None
    if (
        lossy is None
        or lossy.after is None
        or len(steps) < 2
        or max(last.after.sizes) <= max(lossy.after.sizes)
    ):
        return None
    divisor = max(window.stride for window in lossy.windows)
    before, after, end = map(write_sizes, (lossy.before, lossy.after, last.after))
    return (
        f"{lossy.title} makes {before} into {after} and drops a row, so that {last.title} gives "
        f"{end}: the size before {lossy.label} must be divisible by {divisor}"
    )


def _describe_channels(parting: Parting) -> list[str]:
    last = [_find_widening(steps) for _, steps in parting.sides]
    known = [change for change in last if change is not None]
    if not known:
        known = [c for _, steps in parting.sides if (c := find_setter(steps)) is not None]
    if len(known) == 2:
        gives = " and ".join(f"{c.title} gives {c.after.channels}" for c in known if c.after)
        return [f"the channels part: {gives}"]
    return [
        f"the channels part at {describe_line(change.place)}: {change.label} makes "
        f"{change.before.channels} channels into {change.after.channels}"
        for change in known
        if change.after is not None
    ]


def _find_widening(steps: tuple[Change, ...]) -> Change | None:
    """The last step that changed the number of channels."""
    changed = [c for c in steps if c.after is not None and c.after.channels != c.before.channels]
    return changed[-1] if changed else None


def find_setter(steps: tuple[Change, ...]) -> Change | None:
    """The last step that chose the number of channels, the same as before or another."""
    chosen = [c for c in steps if _SETTERS & c.node.op.__class__.model_fields.keys()]
    return chosen[-1] if chosen else None


def count_strides(steps: tuple[Change, ...]) -> tuple[int, ...]:
    """The product of all strides along each axis."""
    columns = zip(*(step.windows for step in steps if step.windows), strict=False)
    return tuple(prod(window.stride for window in column) for column in columns)
