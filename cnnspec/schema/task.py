"""The schema of what a spec says of its task."""

from __future__ import annotations

from collections.abc import Mapping

from cnnspec.schema.values import Schema, close, describe, or_expression, word_or
from cnnspec.spec.keys import (
    LOSS_PARTS,
    LOSSES,
    SCORED_TASKS,
    TARGET_PARTS,
    TARGETS,
    TASK_PARTS,
    TASKS,
)


def describe_task() -> Schema:
    """A word, or a mapping with more about the output and its training."""
    number = or_expression({"type": "integer", "minimum": 1}, "classes must be a whole number")
    parts = {
        "kind": {"enum": list(TASKS)},
        "classes": number,
        "loss": _describe_loss(),
        "target": _describe_target(),
    }
    fields = _close(TASK_PARTS, parts) | {
        "required": ["kind"],
        "if": {"required": ["classes"]},
        "then": {"properties": {"kind": {"enum": list(SCORED_TASKS)}}},
    }
    return word_or(TASKS, fields)


def _describe_loss() -> Schema:
    choosing = [name for name, kind in LOSSES.items() if kind.may_choose]
    parts: dict[str, Schema] = {
        "name": {"enum": list(LOSSES)},
        "from_logits": {"type": "boolean"},
    }
    fields = _close(LOSS_PARTS, parts) | {
        "required": ["name"],
        "if": {"required": ["from_logits"]},
        "then": {"properties": {"name": {"enum": choosing}}},
    }
    return word_or(LOSSES, fields)


def _describe_target() -> Schema:
    shape = or_expression({"type": "array"}, "shape must be a list such as [1, 64, 64]")
    # Texts are expressions, or formulas of open sizes.
    shape["items"] = {"type": ["integer", "string"], "minimum": 1}
    parts = {"encoding": {"enum": list(TARGETS)}, "shape": shape}
    return word_or(TARGETS, _close(TARGET_PARTS, parts) | {"minProperties": 1})


def _close(texts: Mapping[str, str], values: Mapping[str, Schema]) -> Schema:
    return close({name: describe(text, values[name]) for name, text in texts.items()})
