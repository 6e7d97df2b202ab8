"""What a mapping in the place of a stage is, and how messages call what stands in a file."""

from __future__ import annotations

from cnnspec.document import Mapping, Node, Sequence
from cnnspec.spec.keys import BESIDE, MAPPING_FIELDS, MERGES, STRUCTURES


def is_step(node: Node) -> bool:
    """Whether a mapping in the place of a stage is one step rather than more stages."""
    if not isinstance(node, Mapping):
        return False
    heads = [e for e in node.entries if e.key.value not in BESIDE]
    if len(heads) != 1:
        return False
    word, value = heads[0].key.value, heads[0].value
    if word in (*STRUCTURES, *MERGES):
        return True
    # Few fields of ops hold a mapping: what else looks like one is a step under a stage's name.
    nested = isinstance(value, Mapping) and any(
        isinstance(e.value, Mapping) and e.key.value not in MAPPING_FIELDS for e in value.entries
    )
    return not nested and not isinstance(value, Sequence)


def show_node(node: Node) -> str:
    """A value as messages call it."""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    return f"'{str(node.value)[:60]}'"
