"""The last rows of the input are read by nothing.

## What it checks
At least 5 % of the positions of an input map lie in rows at its end of which no output depends, and
an op with a sliding window leaves rows of its own input out.

## Why
There are `floor((in + padding - kernel_size) / stride) + 1` steps, and rows that are left over are
never looked at: a pool of 2 drops the last of 13, and with it all that it stood for. Networks that
are built by hand for small images lose a tenth of them so.
Source: Dumoulin and Visin, arXiv:1603.07285, section 2.4.

## Bad
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - max_pool: 2
  - conv: {out_channels: 64, kernel_size: 3}
  - relu
  - max_pool: 2
```

## Good
```yaml
cnnspec: 1
name: net
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 32, kernel_size: 3}
  - relu
  - max_pool: 2
  - conv: {out_channels: 64, kernel_size: 3}
  - relu
  - max_pool: {kernel_size: 2, ceil_mode: true}
```

## When to ignore it
When the border of every image is empty, as that of digits often is.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import prod

from cnnspec.analysis.coverage import find_first_cut
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Node, Value
from cnnspec.lint.base import Finding, Fix, Rule, Subject, describe_node
from cnnspec.lint.edits import SetField
from cnnspec.lint.sizes import are_chosen, join_sizes, tell_defaults
from cnnspec.ops.conv import Conv, DepthwiseConv
from cnnspec.ops.pool import AvgPool, LpPool, MaxPool, MinPool
from cnnspec.ops.rearrange import Slice
from cnnspec.ops.reshape import Crop, CropLike
from cnnspec.ops.shapes import Kind, Shape

LIMIT = Fraction(1, 20)

# How many rows at the end of each axis are unread, by the axis.
Ends = dict[int, int]
Culprit = tuple[Node, Ends]


def find_lost_borders(subject: Subject) -> Iterator[Finding]:
    """Every input with a border that is lost to a window that does not fit."""
    losing = find_losing(subject) if are_chosen(subject.graph) else {}
    if not losing:
        return
    for position, value in enumerate(subject.graph.inputs):
        shape, read = value.known, subject.coverage[value]
        if shape.kind is not Kind.MAP or read.is_whole:
            continue
        every = {axis: read.count_unread_end(axis) for axis in range(shape.rank)}
        ends = {axis: count for axis, count in every.items() if count}
        lost = 1 - prod(1 - Fraction(count, shape.sizes[axis]) for axis, count in ends.items())
        culprit = find_culprit(subject, value, ends) if lost >= LIMIT else None
        # What a crop leaves out is meant.
        if culprit is None or culprit[0] not in losing:
            continue
        node, own = culprit
        yield Finding(
            f"{float(lost):.1%} of the {join_sizes(shape.sizes)} input is never read: "
            f"{describe_node(node)} leaves out {describe_rows(node.shapes[0], own)}",
            node,
            notes=(
                f"of the input that is {describe_rows(shape, ends)}",
                *tell_defaults(subject.graph),
            ),
            help=(*suggest_change(node), *suggest_sizes(subject, position, shape, ends)),
            fixes=(propose_change(node),),
        )


def find_losing(subject: Subject) -> dict[Node, Ends]:
    """The ops that leave rows at the end of their input out; none where others read them all."""
    found: dict[Node, Ends] = {}
    for node in subject.list(Conv, DepthwiseConv, MaxPool, AvgPool, MinPool, LpPool):
        # Windows that move by one row get everywhere.
        if getattr(node.op, "stride", None) != 1:
            counts = enumerate(node.op.count_unread(node.shapes))
            own = {axis: count for axis, count in counts if count}
            if own:
                found[node] = own
    # What is read where is some work, and where other ops read the same rows there is no need.
    lost = any(
        not value.is_output
        and all(
            reader in found or isinstance(reader.op, Crop | CropLike | Slice)
            for reader in value.readers
        )
        for value in {node.inputs[0] for node in found}
    )
    return found if lost else {}


def find_culprit(subject: Subject, value: Value, ends: Ends) -> Culprit | None:
    """The first op that leaves the last rows of an input out along these axes, and how many."""
    found = ((axis, find_first_cut(subject.places, subject.coverage, value, axis)) for axis in ends)
    cuts = {axis: cut for axis, cut in found if cut is not None}
    if not cuts:
        return None
    node = min((cut.node for cut in cuts.values()), key=subject.places.__getitem__)
    return node, {axis: cut.rows for axis, cut in cuts.items() if cut.node is node}


def describe_rows(shape: Shape, ends: Ends) -> str:
    """Rows at the end of some axes: ``the last of 13 along height and width``."""
    along: dict[str, list[str]] = {}
    for axis, count in ends.items():
        rows = f"the last {f'{count} ' if count > 1 else ''}of {shape.sizes[axis]}"
        along.setdefault(rows, []).append(shape.axes[axis])
    return " and ".join(f"{rows} along {' and '.join(axes)}" for rows, axes in along.items())


def suggest_change(node: Node) -> tuple[str, ...]:
    """What would make an op read its last rows."""
    if isinstance(node.op, MaxPool | AvgPool | MinPool | LpPool):
        return ("write ceil_mode: true, for a last window that hangs over the end",)
    return ("give it padding: same",)


def propose_change(node: Node) -> Fix:
    """The same as an edit."""
    if isinstance(node.op, MaxPool | AvgPool | MinPool | LpPool):
        return Fix("write ceil_mode: true", (SetField(node.origin.step, "ceil_mode", "true"),))
    return Fix("write padding: same", (SetField(node.origin.step, "padding", "same"),))


def suggest_sizes(subject: Subject, position: int, shape: Shape, ends: Ends) -> tuple[str, ...]:
    """The nearest sizes of the input of which all is read."""
    # Only what is wrong with a network is worth the time.
    from cnnspec.graph.valid_sizes import find_lossless_near

    along: dict[str, list[str]] = {}
    for axis in ends:
        if subject.budget.steps <= 0:
            break
        near, work = find_lossless_near(subject.graph, position, axis)
        subject.budget.steps -= work
        if near:
            along.setdefault(" or ".join(map(str, near)), []).append(shape.axes[axis])
    shown = " and ".join(f"{sizes} ({' and '.join(axes)})" for sizes, axes in along.items())
    return (f"or take inputs of which all is read: {shown}",) if shown else ()


RULE = Rule("unread-input-border", Severity.HINT, find_lost_borders)
