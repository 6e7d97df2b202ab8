"""Steps that are there under a condition: whether one module stands for each, and its word."""

from __future__ import annotations

from cnnspec.backends.taken import Taken
from cnnspec.backends.torch.table import LEAVES
from cnnspec.graph.ir import BranchItem, CallItem, GroupItem, Item, OpItem, Region
from cnnspec.graph.walk import walk_items


def is_module(item: Item, taken: Taken) -> bool:
    """Whether a step is one module that takes the value above it and gives the next."""
    if item.step.shared is not None:
        return False
    match item:
        case OpItem():
            return type(item.node.op) in LEAVES and not item.node.op.is_parameter
        case GroupItem():
            return item.named and not taken.find_captured(item.body) and taken.is_plain(item.body)
    return isinstance(item, CallItem) and taken.is_plain(item.body)


def find_word(item: Item) -> str:
    """What a step that is there under a condition is called by: its first name."""
    if isinstance(item, BranchItem):
        return item.step.head
    region = Region((item,), item.input, item.output, False, "")
    names = (inner.path.rpartition(".")[2] for inner in walk_items(region))
    return next((name for name in names if name and not name.isdecimal()), item.step.head)
