"""Faults of writing: words, names and numbers that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import yaml

from cnnspec.graph.ir import Node
from cnnspec.ops.catalog import ALL_OPS
from cnnspec.ops.conv import Conv
from cnnspec.ops.merge import Add
from cnnspec.ops.norm import BatchNorm
from tests.lint.faults.base import Base, Plant, fault, find_reader, find_source
from tests.lint.faults.chains import CONVS, change, insert
from tests.lint.faults.sheet import Sheet, Tree


def misspell(word: str) -> str:
    """A word with two letters exchanged."""
    middle = len(word) // 2
    return word[: middle - 1] + word[middle] + word[middle - 1] + word[middle + 1 :]


@fault("a field misspelt", "unknown-field", "missing-field")
def misspell_field(base: Base) -> Iterator[Plant]:
    for node in base.list(*CONVS):
        yield partial(change, node, {misspell("stride"): "1"})
    for node in base.list(BatchNorm):
        yield partial(change, node, {"epsilon": "1e-3"})


@fault("an op misspelt", "unknown-op")
def misspell_op(base: Base) -> Iterator[Plant]:
    for node in base.own:

        def plant(sheet: Sheet, node: Node = node) -> list[Tree]:
            word = sheet.find_word(node)
            assert isinstance(word, yaml.ScalarNode)
            word.value = misspell(word.value)
            return [word]

        # Steps such as a residual's sum have another word than their op.
        if len(node.op.op) > 3 and base.open().find_word(node).value == node.op.op:
            yield plant


@fault("a name that no step has", "unknown-value")
def misname(base: Base) -> Iterator[Plant]:
    for node in base.own:
        if node.op.merges or node.op.refers or not node.inputs:
            continue
        step = base.open().find_step(node)
        if isinstance(step, yaml.MappingNode) and all(key.value != "from" for key, _ in step.value):

            def plant(sheet: Sheet, node: Node = node) -> list[Tree]:
                step = sheet.find_step(node)
                added = yaml.compose("nowhere")
                step.value.append((yaml.compose("from"), added))
                return [added]

            yield plant


@fault("groups that do not divide", "groups-not-dividing")
def miscount_groups(base: Base) -> Iterator[Plant]:
    for node in base.list(Conv):
        channels = node.shapes[0].channels
        groups = next(number for number in range(2, channels + 2) if channels % number)
        yield partial(change, node, {"groups": str(groups)})


@fault("a norm of single numbers", "norm-degenerate")
def normalise_single(base: Base) -> Iterator[Plant]:
    for node in base.chain(*ALL_OPS):
        if node.shape.sizes and max(node.shape.sizes) == 1 and find_reader(node) is not None:
            yield partial(insert, node, "instance_norm")


@fault("branches of different channels in a sum", "shape-mismatch")
def widen_branch(base: Base) -> Iterator[Plant]:
    for merge in base.list(Add):
        for value in merge.inputs:
            node = value.producer
            while node is not None and isinstance(node.op, BatchNorm):
                node = find_source(node)
            if node is None or not isinstance(node.op, Conv) or node not in base.own:
                continue

            def plant(sheet: Sheet, node: Node = node, merge: Node = merge) -> list[Tree]:
                sheet.set_field(node, "out_channels", str(node.shape.channels + 1))
                return [sheet.find_word(merge)]

            yield plant


@fault("a shortcut without its projection", "shape-mismatch")
def drop_projection(base: Base) -> Iterator[Plant]:
    for merge in base.list(Add):
        node = merge.inputs[-1].producer
        while node is not None and isinstance(node.op, BatchNorm):
            node = find_source(node)
        if node is None or not isinstance(node.op, Conv) or node not in base.own:
            continue
        if node.shape != node.shapes[0]:

            def plant(sheet: Sheet, node: Node = node, merge: Node = merge) -> list[Tree]:
                word = sheet.find_word(merge)
                sheet.replace(node, "identity")
                return [word]

            yield plant


@fault("defaults of an op that is not there", "unused-defaults")
def default_nothing(base: Base) -> Iterator[Plant]:
    used = {node.op.op for node in base.graph.nodes}
    if "group_norm" not in used and base.open().get("defaults") is None:

        def plant(sheet: Sheet) -> list[Tree]:
            sheet.put("defaults", "{group_norm: {eps: 1e-3}}")
            (found,) = [node for node in (sheet.get("defaults"),) if node is not None]
            return [found]

        yield plant


@fault("another output than is expected", "expect-output")
def expect_otherwise(base: Base) -> Iterator[Plant]:
    if base.last is not None and not base.graph.open_sizes:
        channels, *sizes = base.last.shape.dims

        def plant(sheet: Sheet) -> list[Tree]:
            sheet.put("expect", f"{{output: [{', '.join(map(str, [channels + 1, *sizes]))}]}}")
            (found,) = [node for node in (sheet.get("expect"),) if node is not None]
            return [found]

        yield plant
