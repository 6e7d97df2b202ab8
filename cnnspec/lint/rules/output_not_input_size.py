"""A network that is to give an image for an image gives one of another size.

## What it checks
The task is `segmentation` or `reconstruction`, and no output that is a map has the sizes of an
input; or it is `restoration`, and none has whole multiples of them, the same along each axis. Where
the task says the shape of its target, `head-target-mismatch` holds the output against that.

## Why
Strides that round down lose a row that enlarging does not bring back: 28 -> 14 -> 7 -> 3 and then 3
-> 6 -> 12 -> 24. The loss compares each pixel with its target, and fails on the first batch, or
compares pixels of different places.

## Bad
```yaml
cnnspec: 1
name: net
task: reconstruction
input: {channels: 1, height: 28, width: 28}
layers:
  - max_pool: 8
  - conv: {out_channels: 8, kernel_size: 3, padding: 1}
  - relu
  - conv_transpose: {out_channels: 1, kernel_size: 8, stride: 8}
```

## Good
```yaml
cnnspec: 1
name: net
task: reconstruction
input: {channels: 1, height: 32, width: 32}
layers:
  - max_pool: 8
  - conv: {out_channels: 8, kernel_size: 3, padding: 1}
  - relu
  - conv_transpose: {out_channels: 1, kernel_size: 8, stride: 8}
```

## When to ignore it
When masks are made smaller before they are compared; a `target` with their shape says so too.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Value
from cnnspec.graph.task import find_target_shape
from cnnspec.lint.base import Finding, Fix, Rule, Subject
from cnnspec.lint.edits import InsertAfter
from cnnspec.ops.shapes import Kind, Shape

SAME_SIZE = ("segmentation", "reconstruction")


def find_misfits(subject: Subject) -> Iterator[Finding]:
    """The first output that should be of an input's size, where none is."""
    task = subject.spec.task
    if task is None or task.kind not in (*SAME_SIZE, "restoration"):
        return
    if find_target_shape(subject.graph) is not None:
        return
    inputs = [value.known for value in subject.graph.inputs if value.known.kind is Kind.MAP]
    outputs = [value for value in subject.graph.outputs.values() if value.known.kind is Kind.MAP]
    grows = task.kind == "restoration"
    # Of many that are alike one is enough.
    firsts = {value.known: value for value in reversed(outputs)}
    pairs = [
        (own, firsts[shape])
        for shape in dict.fromkeys(value.known for value in outputs)
        for own in dict.fromkeys(inputs)
        if own.rank == shape.rank
    ]
    if not pairs or any(_fits(own, value.known, grows=grows) for own, value in pairs):
        return
    own, value = pairs[0]
    node = value.producer
    fixes: tuple[Fix, ...] = ()
    help = (
        "bring it to the size of the input: resize_like: input",
        "keep its rows by output_padding or padding: same",
    )
    if node is not None and not grows and len(subject.graph.inputs) == 1:
        edit = InsertAfter(node.origin.step, "resize_like: input")
        fixes = (Fix(help[0], (edit,)),)
    wanted = "a whole multiple of the input's" if grows else "the input's"
    yield Finding(
        f"the output of {task.kind} is {_join(value.known)}, not {wanted} {_join(own)}",
        node,
        notes=tuple(_draw_sizes(value)),
        help=help,
        fixes=fixes,
    )


def _draw_sizes(value: Value) -> Iterator[str]:
    """The sizes on the way to the output, where it comes from an input."""
    # Only what is wrong with a network is worth the time.
    from cnnspec.graph.trail import draw_ladder, label_changes, trace

    changes = label_changes(trace(value))
    if any(change.before.sizes != value.known.sizes for change in changes):
        yield f"sizes: {draw_ladder(changes)}"


def _fits(own: Shape, given: Shape, *, grows: bool) -> bool:
    if own.sizes == given.sizes or not grows:
        return own.sizes == given.sizes
    factor = given.sizes[0] // own.sizes[0]
    return factor > 0 and all(
        size * factor == found for size, found in zip(own.sizes, given.sizes, strict=True)
    )


def _join(shape: Shape) -> str:
    return "x".join(map(str, shape.sizes))


RULE = Rule("output-not-input-size", Severity.WARNING, find_misfits)
