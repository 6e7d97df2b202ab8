"""Faults of sizes: what a map becomes, and what kernels see of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import prod

from cnnspec.graph.ir import Node
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.linear import Linear
from cnnspec.ops.merge import Add, Concat
from cnnspec.ops.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from cnnspec.ops.reshape import Flatten
from cnnspec.ops.windows import Window
from tests.lint.faults.base import (
    Base,
    Plant,
    fault,
    find_reader,
    look_back,
    resize,
    write_input,
)
from tests.lint.faults.chains import change
from tests.lint.faults.sheet import Sheet, Tree

WINDOWS = (Conv, DepthwiseConv, MaxPool, AvgPool)
GLOBAL = (GlobalAvgPool, GlobalMaxPool)


def set_input(base: Base, sizes: tuple[int, ...], blamed: list[Node], sheet: Sheet) -> list[Tree]:
    """Give the input other sizes; the layers that cannot do with them are to blame."""
    words = [sheet.find_word(node) for node in blamed]
    sheet.put("input", write_input(base, sizes))
    return words


def list_smaller(base: Base) -> Iterator[tuple[int, ...]]:
    """Halves of the input, again and again."""
    sizes = base.sizes if not base.graph.open_sizes else ()
    while sizes and min(sizes) > 2:
        sizes = tuple(size // 2 for size in sizes)
        yield sizes


@fault("an input too small for its windows", "kernel-exceeds-input")
def shrink_input(base: Base) -> Iterator[Plant]:
    for sizes in list_smaller(base):
        failed, _ = resize(base.graph, sizes)
        if failed is not None:
            if isinstance(failed.op, WINDOWS) and is_here(base, failed):
                yield partial(set_input, base, sizes, [failed])
            return


def is_here(base: Base, node: Node) -> bool:
    """Whether the op, or the call that leads to it, is in the text."""
    spans = [node.origin.step.span, *(span for _, span in node.origin.calls)]
    return any(span.file == base.file for span in spans)


@fault("an input that is soon a single position", "early-1x1", "dead-kernel-taps")
def collapse_input(base: Base) -> Iterator[Plant]:
    for sizes in list_smaller(base):
        failed, shapes = resize(base.graph, sizes)
        if failed is not None:
            return
        single = [node for node in base.graph.nodes if is_single(shapes[node.output].sizes)]
        first = next((node for node in single if isinstance(node.op, WINDOWS)), None)
        wide = [
            node for node in single if is_wide(node) and is_single(shapes[node.inputs[0]].sizes)
        ]
        if first is not None and wide and all(is_here(base, node) for node in (first, *wide)):
            yield partial(set_input, base, sizes, [first, *wide])
            return


def is_single(sizes: tuple[int, ...]) -> bool:
    return len(sizes) > 0 and max(sizes) == 1


def is_wide(node: Node) -> bool:
    """Whether a convolution has a kernel of more than one position."""
    return isinstance(node.op, Conv | DepthwiseConv) and any(
        window.kernel > 1 for window in node.op.resolve(node.shapes[0])
    )


@fault("the stem of large images on small ones", "imagenet-stem-small-input")
def shrink_to_thumbnail(base: Base) -> Iterator[Plant]:
    if len(base.sizes) != 2 or min(base.sizes) < 128:
        return
    stem, convs, jump = [], 0, 1
    for node in base.graph.nodes:
        if len(node.inputs) != 1 or not isinstance(node.op, (*WINDOWS, *GLOBAL)):
            continue
        if isinstance(node.op, GLOBAL) or jump >= 4:
            break
        convs += isinstance(node.op, Conv | DepthwiseConv) and is_wide(node)
        jump *= find_windows(node)[0].stride
        stem.append(node)
    if jump >= 4 and convs <= 1 and is_here(base, stem[-1]):
        for size in (32, 64):
            if resize(base.graph, (size, size))[0] is None:
                steps = [node for node in stem if find_windows(node)[0].stride > 1]
                yield partial(set_input, base, (size, size), steps)
                return


def find_windows(node: Node) -> tuple[Window, ...]:
    """The window of a convolution or pool along each axis."""
    assert isinstance(node.op, WINDOWS)
    return node.op.resolve(node.shapes[0])


def has_windows(base: Base, node: Node, kernel: int, stride: int) -> bool:
    """Whether all uses of a step have such windows along all axes."""
    windows = [window for one in base.list_uses(node) for window in find_windows(one)]
    return all((w.kernel, w.stride, w.dilation) == (kernel, stride, 1) for w in windows)


@fault("a size whose halves do not meet", "shape-mismatch")
def make_odd(base: Base) -> Iterator[Plant]:
    if base.sizes and not base.graph.open_sizes:
        sizes = tuple(size + 1 for size in base.sizes)
        failed, _ = resize(base.graph, sizes)
        if failed is not None and isinstance(failed.op, Concat | Add) and is_here(base, failed):
            yield partial(set_input, base, sizes, [failed])


@fault("channels last", "kernel-exceeds-input", "layout-suspect", "shape-mismatch")
def put_channels_last(base: Base) -> Iterator[Plant]:
    if len(base.sizes) == 2 and base.graph.inputs[0].known.channels == 3 and min(base.sizes) > 31:
        height, width = base.sizes

        def plant(sheet: Sheet) -> list[Tree]:
            sheet.put("input", f"{{channels: {height}, height: {width}, width: 3}}")
            # Where the map runs out is where it must be said, with the layout as a note, or where
            # the channels are none that a part of the network takes.
            failed, _ = resize(base.graph, (width, 3))
            blamed = [sheet.get("input"), *sheet.list_values("spec")]
            words = [sheet.find_word(failed)] if failed is not None else []
            return [*words, *(node for node in blamed if node is not None)]

        yield plant


@fault("a layer on a map that takes a vector", "kind-mismatch")
def drop_flatten(base: Base) -> Iterator[Plant]:
    for node in base.list(Flatten, *GLOBAL):
        after = find_reader(node)
        if after is not None and isinstance(after.op, Linear) and node.shapes[0].rank:

            def plant(sheet: Sheet, node: Node = node, after: Node = after) -> list[Tree]:
                word = sheet.find_word(after)
                sheet.remove(node)
                return [word]

            yield plant


@fault("a layer on a vector that takes a map", "kind-mismatch")
def flatten_early(base: Base) -> Iterator[Plant]:
    for node in base.chain(*WINDOWS):
        if look_back(node) is not None:

            def plant(sheet: Sheet, node: Node = node) -> list[Tree]:
                word = sheet.find_word(node)
                sheet.insert(node, "flatten", before=True)
                return [word]

            yield plant


@fault("a convolution behind global pooling", "kind-mismatch")
def pool_early(base: Base) -> Iterator[Plant]:
    for node in base.chain(Conv):
        if look_back(node) is not None:

            def plant(sheet: Sheet, node: Node = node) -> list[Tree]:
                word = sheet.find_word(node)
                sheet.insert(node, "global_avg_pool", before=True)
                return [word]

            yield plant


@fault(
    "the kernel's size as the stride too",
    "stride-equals-kernel-typo",
    "kernel-exceeds-input",
    "shape-mismatch",
)
def stride_by_kernel(base: Base) -> Iterator[Plant]:
    for node in base.list(Conv):
        if has_windows(base, node, 3, 1):
            yield partial(change, node, {"stride": "3"})


@fault("a kernel smaller than its stride", "unread-feature-map")
def skip_positions(base: Base) -> Iterator[Plant]:
    for node in base.list(Conv):
        if has_windows(base, node, 3, 2):
            yield partial(change, node, {"kernel_size": "1", "padding": "0"})


@fault("taps further apart than the map is large", "dead-kernel-taps")
def dilate_too_far(base: Base) -> Iterator[Plant]:
    # Taps on a map of an open size may be alive on a larger one.
    if len(base.sizes) != 2 or base.graph.open_sizes:
        return
    for node in base.list(Conv):
        far = max(max(one.shapes[0].sizes) for one in base.list_uses(node))
        if far <= 64 and has_windows(base, node, 3, 1):
            yield partial(change, node, {"dilation": str(far), "padding": str(far)})


@fault("an even kernel with the same padding", "even-kernel-same")
def make_even(base: Base) -> Iterator[Plant]:
    for node in base.list(Conv):
        if has_windows(base, node, 3, 1) and node.shape.sizes == node.shapes[0].sizes:
            yield partial(change, node, {"kernel_size": "4", "padding": "same"})


@fault("a transposed kernel that its stride does not divide", "checkerboard")
def overlap_unevenly(base: Base) -> Iterator[Plant]:
    for node in base.list(ConvTranspose):
        if node.op.stride == 2:  # type: ignore[attr-defined]
            # The size of the output stays as it is.
            fields = {"kernel_size": "3", "padding": "1", "output_padding": "1"}
            yield partial(change, node, fields)


@fault("a whole map into a linear layer", "flatten-linear-explosion")
def flatten_for_pool(base: Base) -> Iterator[Plant]:
    for node in base.list(GlobalAvgPool):
        after = find_reader(node)
        if after is None or not isinstance(after.op, Linear) or len(node.shape.sizes):
            continue
        count = node.shapes[0].elements * after.shape.channels
        weights = [prod(weight.shape) for _, weight in base.graph.list_weights()]
        others = sum(weights) - after.macs
        if count > 2_000_000 and count > others:

            def plant(sheet: Sheet, node: Node = node, after: Node = after) -> list[Tree]:
                return [sheet.find_word(after), sheet.replace(node, "flatten")]

            yield plant
