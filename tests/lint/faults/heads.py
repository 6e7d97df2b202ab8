"""Faults of heads: what the last layers give, and what training takes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from cnnspec.graph.ir import Node
from cnnspec.ops.activation import Sigmoid
from cnnspec.ops.conv import Conv
from cnnspec.ops.linear import Linear
from tests.lint.faults.base import Base, Plant, append, fault
from tests.lint.faults.sheet import Sheet, Tree

SCORED = ("classification", "segmentation")


def find_logits(base: Base) -> Node | None:
    """The last layer, where its numbers are the network's scores of several classes."""
    last = base.last
    if last is None or base.kind not in SCORED or not isinstance(last.op, Conv | Linear):
        return None
    return last if last.shape.channels > 1 else None


def set_task(sheet: Sheet, base: Base, **parts: str) -> list[Tree]:
    """Say of the task what it is trained with; the nodes of what was said."""
    said = {"kind": base.kind, **parts}
    sheet.put("task", f"{{{', '.join(f'{key}: {value}' for key, value in said.items())}}}")
    return [node for part in parts if (node := sheet.get("task", part)) is not None]


def end_with(base: Base, steps: tuple[str, ...], loss: str, sheet: Sheet) -> list[Tree]:
    """Append activations, and train with a loss; all of them are to blame."""
    blamed = set_task(sheet, base, loss=loss) if loss else []
    return [*(append(sheet, step) for step in steps), *blamed]


def end_logits(base: Base, steps: tuple[str, ...], loss: str = "") -> Iterator[Plant]:
    if find_logits(base) is not None:
        yield partial(end_with, base, steps, loss)


def blame_head(base: Base, head: Node, loss: str, sheet: Sheet) -> list[Tree]:
    """Train with another loss: it and the last layer are to blame."""
    return [*set_task(sheet, base, loss=loss), sheet.find_word(head)]


@fault("softmax twice", "softmax-before-logits-loss")
def double_softmax(base: Base) -> Iterator[Plant]:
    yield from end_logits(base, ("softmax", "softmax"))


@fault("softmax before a loss of logits", "softmax-before-logits-loss")
def add_softmax(base: Base) -> Iterator[Plant]:
    yield from end_logits(base, ("softmax",), "cross_entropy")
    yield from end_logits(
        base, ("softmax",), "{name: sparse_categorical_cross_entropy, from_logits: true}"
    )


@fault("sigmoid before a loss of logits", "softmax-before-logits-loss", "head-activation-loss")
def add_sigmoid(base: Base) -> Iterator[Plant]:
    yield from end_logits(base, ("sigmoid",), "cross_entropy")
    yield from end_logits(base, ("sigmoid",), "binary_cross_entropy_with_logits")


@fault("a loss of probabilities after logits", "head-activation-loss")
def take_logits_for_probabilities(base: Base) -> Iterator[Plant]:
    head = find_logits(base)
    if head is not None:
        for loss in ("categorical_cross_entropy", "binary_cross_entropy"):
            yield partial(blame_head, base, head, loss)


@fault("a loss of two classes after softmax", "head-activation-loss")
def take_softmax_for_sigmoid(base: Base) -> Iterator[Plant]:
    yield from end_logits(base, ("softmax",), "binary_cross_entropy")


@fault("a loss of one class of many after sigmoid", "head-activation-loss")
def take_sigmoid_for_softmax(base: Base) -> Iterator[Plant]:
    yield from end_logits(base, ("sigmoid",), "sparse_categorical_cross_entropy")


@fault("tanh before a loss of probabilities", "head-activation-loss")
def end_with_tanh(base: Base) -> Iterator[Plant]:
    yield from end_logits(base, ("tanh",), "binary_cross_entropy")


@fault("one score for a loss of many classes", "head-activation-loss")
def leave_one_score(base: Base) -> Iterator[Plant]:
    head = find_logits(base)
    if head is not None and head in base.own:

        def plant(sheet: Sheet) -> list[Tree]:
            return [set_width(sheet, head, 1), *set_task(sheet, base, loss="cross_entropy")]

        yield plant


@fault("softmax of one number", "softmax-one-unit")
def normalise_one(base: Base) -> Iterator[Plant]:
    head = find_logits(base)
    if head is not None and head in base.own:

        def plant(sheet: Sheet) -> list[Tree]:
            set_width(sheet, head, 1)
            set_task(sheet, base)
            return [append(sheet, "softmax")]

        yield plant


def set_width(sheet: Sheet, head: Node, width: int) -> Tree:
    """Give the last layer another number of scores."""
    field = "out_features" if isinstance(head.op, Linear) else "out_channels"
    return sheet.set_field(head, field, str(width))


@fault("relu on the scores", "relu-on-logits")
def add_relu(base: Base) -> Iterator[Plant]:
    yield from end_logits(base, ("relu",))
    last = base.last
    if last is not None and isinstance(last.op, Sigmoid) and last in base.own:
        yield lambda sheet: [sheet.insert(last, "relu", before=True)]


@fault("batch norm as the last layer", "norm-on-output")
def end_with_norm(base: Base) -> Iterator[Plant]:
    yield from end_logits(base, ("batch_norm",))


@fault("dropout of the scores", "dropout-on-output")
def end_with_dropout(base: Base) -> Iterator[Plant]:
    yield from end_logits(base, ("{dropout: 0.3}",))


@fault("dropout of the scores before softmax", "dropout-on-output")
def drop_scores(base: Base) -> Iterator[Plant]:
    if find_logits(base) is not None:

        def plant(sheet: Sheet) -> list[Tree]:
            dropped = append(sheet, "{dropout: 0.3}")
            append(sheet, "softmax")
            return [dropped]

        yield plant


@fault("another number of classes", "task-classes", "head-target-mismatch")
def miscount_classes(base: Base) -> Iterator[Plant]:
    head = find_logits(base)
    if head is not None and head in base.own:
        classes = head.shape.channels

        def plant(sheet: Sheet) -> list[Tree]:
            return [
                set_width(sheet, head, classes + 1),
                *set_task(sheet, base, classes=str(classes)),
            ]

        yield plant


@fault("labels for a loss of vectors", "target-encoding")
def misencode_targets(base: Base) -> Iterator[Plant]:
    if find_logits(base) is not None:
        for loss, target in (
            ("{name: categorical_cross_entropy, from_logits: true}", "labels"),
            ("{name: sparse_categorical_cross_entropy, from_logits: true}", "one_hot"),
        ):

            def plant(sheet: Sheet, loss: str = loss, target: str = target) -> list[Tree]:
                return set_task(sheet, base, loss=loss, target=target)

            yield plant


@fault("an output of another size than the image", "output-not-input-size", "head-target-mismatch")
def shrink_output(base: Base) -> Iterator[Plant]:
    if base.last is None or base.kind not in ("segmentation", "reconstruction"):
        return
    if len(base.sizes) == 2 and base.last.shape.sizes == base.sizes:
        yield lambda sheet: [append(sheet, "{max_pool: 2}"), *sheet.list_values("target")]
