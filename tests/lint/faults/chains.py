"""Faults in chains of layers: what follows what."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from cnnspec.graph.ir import Node
from cnnspec.ops.activation import Relu, Sigmoid, Tanh
from cnnspec.ops.base import Op
from cnnspec.ops.catalog import ALL_OPS
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.linear import Linear
from cnnspec.ops.norm import BatchNorm
from cnnspec.ops.pool import GlobalAvgPool, MaxPool
from cnnspec.ops.regularize import Dropout
from cnnspec.ops.reshape import Crop, Flatten, ZeroPad
from tests.lint.faults.base import (
    Base,
    Plant,
    count_before,
    fault,
    find_reader,
    find_source,
    list_behind,
    look_ahead,
    look_back,
)
from tests.lint.faults.sheet import Sheet, Tree

ACTIVATIONS: tuple[type[Op], ...] = tuple(
    op for op in ALL_OPS if op.__module__.endswith(".activation") and op.op != "softmax"
)
CONVS = (Conv, DepthwiseConv, ConvTranspose)


def insert(node: Node, text: str, sheet: Sheet, *, before: bool = False) -> list[Tree]:
    """Put a step beside another, and blame it."""
    return [sheet.insert(node, text, before=before)]


def change(node: Node, fields: dict[str, str], sheet: Sheet) -> list[Tree]:
    """Give a step other values, and blame it."""
    return [[sheet.set_field(node, name, value) for name, value in fields.items()][-1]]


@fault("pool before the convolution", "pool-before-conv")
def swap_pool_and_conv(base: Base) -> Iterator[Plant]:
    for conv in base.list(Conv):
        pool = look_ahead(conv, BatchNorm, *ACTIVATIONS)
        if pool is None or pool not in base.own or count_before(conv, *CONVS, Linear):
            continue
        if isinstance(pool.op, MaxPool) and base.open().is_beside(conv, pool):

            def plant(sheet: Sheet, conv: Node = conv, pool: Node = pool) -> list[Tree]:
                word = sheet.find_word(pool)
                sheet.swap(conv, pool)
                return [word]

            yield plant


@fault("no activation between two layers", "no-nonlinearity")
def drop_activation(base: Base) -> Iterator[Plant]:
    through = (BatchNorm, Dropout, ZeroPad, Crop)
    for node in base.list(*ACTIVATIONS):
        first = look_back(node, *through)
        second = look_ahead(node, *through, Flatten)
        if first is None or second is None:
            continue
        if not all(isinstance(one.op, Conv | Linear) for one in (first, second)):
            continue
        # A product of matrices through fewer channels is of lower rank: that can be meant, as can
        # a kernel in two steps, one for each axis.
        inner = first.shape.channels
        if inner < min(first.shapes[0].channels, second.shape.channels) or _is_in_steps(first):
            continue
        if all(getattr(one.op, "groups", 1) == 1 for one in (first, second)):

            def plant(
                sheet: Sheet, node: Node = node, first: Node = first, second: Node = second
            ) -> list[Tree]:
                blamed = [sheet.find_word(first), sheet.find_word(second)]
                sheet.remove(node)
                return blamed

            yield plant


def _is_in_steps(node: Node) -> bool:
    sizes = getattr(node.op, "kernel_size", 1)
    return isinstance(sizes, list | tuple) and len(set(sizes)) > 1


@fault("an activation twice", "duplicate-activation", "softmax-before-logits-loss")
def repeat_activation(base: Base) -> Iterator[Plant]:
    for node in base.chain(*ACTIVATIONS):
        yield partial(insert, node, node.op.op)


@fault("a norm twice", "redundant-norm")
def repeat_norm(base: Base) -> Iterator[Plant]:
    for node in base.chain(BatchNorm):
        yield partial(insert, node, "batch_norm")


@fault("a bias before a norm", "bias-before-norm")
def add_bias(base: Base) -> Iterator[Plant]:
    for node in base.list(*CONVS, Linear):
        after = find_reader(node)
        has_bias = getattr(node.op, "bias", True)
        if after is not None and isinstance(after.op, BatchNorm) and not has_bias:
            yield partial(change, node, {"bias": "true"})


@fault("dropout before batch norm", "dropout-before-batch-norm")
def drop_before_norm(base: Base) -> Iterator[Plant]:
    for node in base.chain(BatchNorm):
        if find_source(node) is not None:
            yield partial(insert, node, "{dropout: 0.3}", before=True)


@fault("dropout before the activation", "dropout-before-activation")
def drop_before_activation(base: Base) -> Iterator[Plant]:
    # A dropped value stays zero through ReLU, but not through others.
    for node in base.chain(*ACTIVATIONS):
        source = find_source(node)
        if source is not None and isinstance(source.op, Linear):
            yield partial(insert, node, "{dropout: 0.3}", before=True)


@fault("dropout of nearly everything", "dropout-rate-extreme")
def drop_most(base: Base) -> Iterator[Plant]:
    for node in base.list(Dropout):
        yield partial(change, node, {"p": "0.95"})


@fault("dropout of more than half", "high-dropout")
def drop_much(base: Base) -> Iterator[Plant]:
    for node in base.list(Dropout):
        yield partial(change, node, {"p": "0.7"})


@fault("strong dropout behind the first convolution", "dropout-early-strong")
def drop_early(base: Base) -> Iterator[Plant]:
    for node in base.chain(*ACTIVATIONS):
        source = look_back(node, BatchNorm)
        if source is None or not isinstance(source.op, Conv) or len(node.shape.sizes) == 0:
            continue
        if count_before(source, *CONVS) == 0 and _has_window_behind(node):
            yield partial(insert, node, "{dropout: 0.5}")


def _has_window_behind(node: Node) -> bool:
    """Whether a convolution with a window comes later: FCN itself drops before transposed ones."""
    return any(map(_is_window, list_behind(node, Conv, DepthwiseConv)))


def _is_window(node: Node) -> bool:
    return getattr(node.op, "kernel_size", 1) not in (1, (1, 1), [1, 1])


@fault("elements dropped from a map", "dropout-on-conv-map")
def drop_elements(base: Base) -> Iterator[Plant]:
    for node in base.chain(*ACTIVATIONS):
        source = look_back(node, BatchNorm)
        if source is None or not isinstance(source.op, Conv) or max(node.shape.sizes) < 4:
            continue
        if count_before(source, Conv) > 1 and _has_window_behind(node):
            yield partial(insert, node, "{dropout: 0.3}")


@fault("a layer that does nothing", "noop-layer")
def add_idle(base: Base) -> Iterator[Plant]:
    for node in base.chain(*ACTIVATIONS):
        yield partial(insert, node, "{dropout: 0.0}")
        if len(node.shape.sizes) == 2:
            yield partial(insert, node, "{max_pool: {kernel_size: 1, stride: 1}}")


@fault("the other order of norm and activation", "batch-norm-order-inconsistent")
def swap_norm_and_activation(base: Base) -> Iterator[Plant]:
    ordered = [node for node in base.graph.nodes if _is_in_order(node)]
    for norm in base.list(BatchNorm):
        uses = base.list_uses(norm)
        others = [node for node in ordered if node not in uses]
        after = find_reader(norm)
        if norm not in ordered or not others or after not in base.own:
            continue
        if base.open().is_beside(norm, after):
            # The order of fewer is to blame.
            odd = [norm, after] if len(uses) <= len(others) else others

            def plant(
                sheet: Sheet, norm: Node = norm, after: Node = after, odd: list[Node] = odd
            ) -> list[Tree]:
                words = [sheet.find_word(node) for node in odd]
                sheet.swap(norm, after)
                return words

            yield plant


def _is_in_order(node: Node) -> bool:
    """Whether a norm stands between a convolution and its activation."""
    source, after = find_source(node), find_reader(node)
    if not isinstance(node.op, BatchNorm) or source is None or after is None:
        return False
    return isinstance(source.op, CONVS) and isinstance(after.op, ACTIVATIONS)


@fault("a result that nobody takes", "unused-value")
def add_dead_branch(base: Base) -> Iterator[Plant]:
    for node in base.chain(Relu, Tanh, Sigmoid, MaxPool):
        # Names in a loop are those of the list around it, and stand there once.
        if find_reader(node) is None or base.open().is_in_loop(node):
            continue
        word = "linear: 4" if not node.shape.sizes else "conv: {out_channels: 4, kernel_size: 1}"

        def plant(sheet: Sheet, node: Node = node, word: str = word) -> list[Tree]:
            sheet.insert(node, "{identity: , from: trunk}")
            spare = sheet.insert(node, f"{{{word}}}")
            sheet.insert(node, "{identity: }", name="trunk")
            return [spare]

        yield plant


@fault("pooled twice", "global-pool-noop", "noop-layer")
def pool_again(base: Base) -> Iterator[Plant]:
    for node in base.chain(GlobalAvgPool):
        if node.shape.sizes == ():

            def plant(sheet: Sheet, node: Node = node) -> list[Tree]:
                # The second of them has nothing left to do.
                word = sheet.find_word(node)
                sheet.insert(node, "{global_avg_pool: {keepdims: true}}", before=True)
                return [word]

            yield plant
