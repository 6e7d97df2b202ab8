"""No output has the shape of the targets that it is compared with.

## What it checks
The task says the `shape` of its target, and no output that stays in a trained network fits it:
labels have the sizes of the output without its channels, all other targets its shape, and the shape
`[]` is that of one number. Also where the encoding is `binary`, one number, and the output gives
several. How many classes there are is held by `task-classes`.

## Why
A loss of measured values compares what frameworks stretch: 8 outputs of shape [1] with 8 targets of
shape [] become 8 x 8 differences, of which 56 are between samples that have nothing to do with each
other. It runs, and learns the mean. Source: the pages of PyTorch on broadcasting and on MSELoss.

## Bad
```yaml
cnnspec: 1
name: net
task: {kind: regression, loss: mean_squared_error, target: {encoding: values, shape: [4]}}
input: {features: 16}
layers:
  - linear: 5
```

## Good
```yaml
cnnspec: 1
name: net
task: {kind: regression, loss: mean_squared_error, target: {encoding: values, shape: [4]}}
input: {features: 16}
layers:
  - linear: 4
```

## When to ignore it
Never: it is an error. Leave the shape out where targets are brought to the output's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnnspec.analysis.heads import Head, find_judged
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Value
from cnnspec.graph.task import Size, find_target_shape
from cnnspec.graph.variations import list_dims
from cnnspec.lint.base import Finding, Fix, Rule, Subject
from cnnspec.lint.edits import SetField
from cnnspec.ops.linear import Linear
from cnnspec.ops.shapes import Kind
from cnnspec.spec.keys import LOSSES, TARGETS
from cnnspec.spec.model import Task


def find_misfit(subject: Subject) -> Iterator[Finding]:
    """A target that no output fits."""
    task = subject.spec.task
    if task is None or task.target is None:
        return
    heads = find_judged(subject.graph, subject.heads)
    values = [head.value for head in heads if not head.output.training]
    values = values or list(subject.graph.outputs.values())
    shape = find_target_shape(subject.graph)
    if shape is not None and task.target.shape is not None:
        encodings = list_encodings(task)
        if not any(_fits(subject, value, shape, encodings) for value in values):
            found = " and ".join(_show(list_dims(subject.graph, value)) for value in values)
            yield Finding(
                f"targets of shape {_show(shape)} do not fit the output {found}",
                span=task.target.shape.span,
                notes=_explain(encodings),
                fixes=_propose(heads, shape, encodings),
            )
    elif task.target.encoding == "binary" and all(value.known.channels > 1 for value in values):
        found = " and ".join(str(value.known) for value in values)
        yield Finding(
            f"a binary target is one number, but the output is {found}",
            span=task.target.span,
            help=("write multi_hot for a truth in each number, or let the head end in one unit",),
        )


def list_encodings(task: Task) -> tuple[str, ...]:
    """How targets may be written down, for all that is said."""
    if task.target is not None and task.target.encoding is not None:
        return (task.target.encoding,)
    return LOSSES[task.loss.name].targets if task.loss is not None else tuple(TARGETS)


def _fits(subject: Subject, value: Value, shape: Sequence[Size], encodings: Sequence[str]) -> bool:
    own = value.known
    # An open axis may be said either way.
    dims = list(zip(own.dims, list_dims(subject.graph, value), strict=True))
    spatial = dims[:-1] if own.kind is Kind.TOKENS else dims[1:]
    wanted = []
    if any(encoding != "labels" for encoding in encodings):
        wanted += [dims, *([[]] if own.elements == 1 else [])]
    # Labels of a map may keep an axis of one channel.
    if "labels" in encodings:
        wanted += [spatial, [(1, 1), *spatial]]
    return any(
        len(axes) == len(shape)
        and all(size in axis for size, axis in zip(shape, axes, strict=True))
        for axes in wanted
    )


def _propose(
    heads: Sequence[Head], shape: Sequence[Size], encodings: Sequence[str]
) -> tuple[Fix, ...]:
    """As many features of the last layer as the target has numbers."""
    if len(heads) != 1 or len(shape) != 1 or "labels" in encodings:
        return ()
    (head,) = heads
    if head.layer is None or not isinstance(head.layer.op, Linear) or head.value.known.rank:
        return ()
    edit = SetField(head.layer.origin.step, "out_features", str(shape[0]))
    return (Fix(f"write linear: {shape[0]}", (edit,)),)


def _explain(encodings: Sequence[str]) -> tuple[str, ...]:
    if encodings == ("labels",):
        return ("labels have the sizes of the output without its channels",)
    if "labels" not in encodings:
        return ("these targets have the shape of the output",)
    return ("labels have its sizes without the channels, other targets its shape",)


def _show(sizes: Sequence[Size]) -> str:
    return f"[{', '.join(map(str, sizes))}]"


RULE = Rule("head-target-mismatch", Severity.ERROR, find_misfit)
