"""The whole schema: the head of a file, and the readings of its steps.

It ships as a file beside this one, which `make docs` writes again; a test compares.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from cnnspec.graph.library import load_library
from cnnspec.graph.opened import MAX_LETTER, MAX_OPEN
from cnnspec.graph.words import list_translations
from cnnspec.ops.base import Op
from cnnspec.ops.catalog import OPS
from cnnspec.ops.fields import MAX_SIZE
from cnnspec.ops.shapes import AXIS_NAMES
from cnnspec.schema.calls import describe_block, describe_fields, describe_op, list_needed
from cnnspec.schema.readings import READINGS, Reading
from cnnspec.schema.steps import describe_shared, describe_steps
from cnnspec.schema.task import describe_task
from cnnspec.schema.values import (
    EXPRESSION,
    NAME,
    TAKEN_NAME,
    Schema,
    close,
    describe,
    one_of,
    or_expression,
    word_or,
)
from cnnspec.signing import sign_text
from cnnspec.spec.keys import (
    FIGURES,
    FORMAT_VERSION,
    INPUT_SIZES,
    KEYS,
    LIMITS,
    LINT_PARTS,
    OPEN_SIZE,
    OUTPUT_PARTS,
    SEVERITIES,
    YEARS,
)

_VARIANT = {"pattern": "^[A-Za-z0-9_]{1,32}$"}
_AMOUNT = {"type": "integer", "minimum": 1}


def write_schema() -> str:
    """The schema as JSON, signed as all that this tool writes."""
    schema = build_schema()
    # A line for each definition, so that a difference shows what it is about.
    definitions = _write_lines(schema.pop("definitions"), "  ")
    head = json.dumps({**schema, "definitions": {}}, indent=2, ensure_ascii=False)
    return sign_text(head.replace('"definitions": {}', f'"definitions": {definitions}') + "\n")


def _write_lines(definitions: dict[str, Schema], indent: str) -> str:
    lines = (
        f"{indent}  {json.dumps(name)}: {json.dumps(schema, ensure_ascii=False)}"
        for name, schema in definitions.items()
    )
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def build_schema() -> Schema:
    """The schema of a spec's file."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": "# cnnspec: digest",
        "title": "cnnspec",
        "description": "What a convolutional network computes, for PyTorch, Keras and ONNX",
        "type": "object",
        "properties": {key: describe(KEYS[key], value) for key, value in _describe_keys().items()},
        "additionalProperties": False,
        "if": {"required": ["extends"]},
        "then": _describe_body(Reading(True, True)),
        "else": _describe_start(),
        "definitions": _list_definitions(),
    }


def _list_definitions() -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for name, op in OPS.items():
        if not op.merges:
            found[f"{name}.fields"] = _close_fields(op)
        found[name] = describe_op(op, whole=True)
        if list_needed(name):
            found[f"{name}.defaults"] = describe_op(op, whole=False)
    for name, block in load_library().items():
        found[name] = describe_block(block, certain=True)
        found[f"{name}.blocks"] = describe_block(block, certain=False)
    found |= describe_shared()
    for reading in READINGS:
        found |= describe_steps(reading)
    return found


def _close_fields(op: type[Op]) -> Schema:
    fields = describe_fields(op)
    return close(fields, list_translations(op.op, fields) if fields else None)


def _describe_start() -> Schema:
    """A file that starts from nothing: what it must hold, and which reading it asks for."""
    readings = {(r.own_blocks, r.own_defaults): _describe_body(r) for r in READINGS}
    return {
        "allOf": [
            {
                # A misspelt key is missing too, and said once.
                "if": {"propertyNames": one_of(KEYS)},
                "then": {
                    "required": ["cnnspec", "name", "layers"],
                    "if": {"required": ["inputs"]},
                    "then": {"properties": {"input": False}},
                    "else": {"required": ["input"]},
                },
            }
        ],
        "if": {"required": ["blocks"]},
        "then": _choose("defaults", readings[True, True], readings[True, False]),
        "else": _choose("defaults", readings[False, True], readings[False, False]),
    }


def _choose(key: str, then: Schema, otherwise: Schema) -> Schema:
    return {"if": {"required": [key]}, "then": then, "else": otherwise}


def _describe_body(reading: Reading) -> Schema:
    return {
        "properties": {
            "layers": {"doNotSuggest": True, "allOf": [reading.refer("steps")]},
            "blocks": {"doNotSuggest": True, "additionalProperties": reading.refer("block")},
        }
    }


def _describe_keys() -> dict[str, Schema]:
    """What stands behind the keys of a file, but for its steps."""
    sizes = _describe_sizes()
    values = {"type": ["object", "null"], "propertyNames": NAME}
    return {
        "cnnspec": {"const": FORMAT_VERSION},
        "name": {"type": "string", **NAME},
        "summary": {"type": "string"},
        "paper": {"type": "string"},
        "year": {"type": "integer", "minimum": YEARS[0], "maximum": YEARS[1]},
        "task": describe_task(),
        "extends": {"type": "string"},
        "input": sizes,
        "inputs": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": NAME,
            "additionalProperties": sizes,
        },
        "params": values,
        "variants": {
            "type": "object",
            "propertyNames": _VARIANT,
            "additionalProperties": values,
        },
        "defaults": {
            "type": ["object", "null"],
            "properties": {
                name: {"type": "object", "allOf": [Reading(True, True).refer_head(name)]}
                for name, op in OPS.items()
                if not op.merges
            },
            "additionalProperties": False,
        },
        "blocks": {"type": "object", "propertyNames": NAME},
        "layers": {"properties": {}},
        "outputs": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": NAME,
            "additionalProperties": _describe_output(),
        },
        "expect": _describe_expectations(),
        "limits": {
            "type": ["object", "null"],
            **close({name: describe(text, _AMOUNT) for name, text in LIMITS.items()}),
        },
        "lint": _describe_lint(),
    }


def _describe_sizes() -> Schema:
    message = f"a size must be a whole number from 1 to {MAX_SIZE}, or an expression"
    number = or_expression({"type": "integer", "minimum": 1, "maximum": MAX_SIZE}, message)
    message = f"{message}, or a letter such as H for any size, or a range such as {{min: 32}}"
    bound = or_expression(
        {"type": "integer", "minimum": 1, "maximum": MAX_OPEN},
        f"must be a whole number from 1 to {MAX_OPEN}, or an expression",
    )
    opened = number | {
        "type": ["integer", "string", "object"],
        "pattern": f"^[A-Za-z][A-Za-z0-9_]{{0,{MAX_LETTER - 1}}}$|{EXPRESSION}",
        "properties": {name: describe(text, bound) for name, text in OPEN_SIZE.items()},
        "additionalProperties": False,
        "errorMessage": message,
    }
    axes = {axis for names in AXIS_NAMES.values() for axis in names}
    values = {name: opened if name in axes else number for name in INPUT_SIZES}
    kinds = [{"features"}, {"tokens", "channels"}]
    kinds += [{"channels", *names} for names in AXIS_NAMES.values()]
    return {
        "type": "object",
        "minProperties": 1,
        "properties": {name: describe(INPUT_SIZES[name], values[name]) for name in INPUT_SIZES},
        "additionalProperties": False,
        "if": {"propertyNames": one_of(INPUT_SIZES)},
        "then": {
            "dependencies": {
                name: [other for other in INPUT_SIZES if other in needed]
                for name in INPUT_SIZES
                if (needed := _share(kind for kind in kinds if name in kind) - {name})
            }
        },
    }


def _describe_output() -> Schema:
    """A value's name, or what an output says of itself: without one, the value of its own name."""
    truth = or_expression({"type": "boolean"}, "must be true or false, or an expression")
    parts = {"value": TAKEN_NAME, "training": truth, "when": truth}
    fields = close({name: describe(OUTPUT_PARTS[name], parts[name]) for name in OUTPUT_PARTS})
    return {**TAKEN_NAME, "type": ["string", "object"], **fields}


def _describe_lint() -> Schema:
    """How bad the findings of a rule are: a word, or one with a reason."""
    values: dict[str, Schema] = {
        "severity": {"enum": list(SEVERITIES)},
        "reason": {"type": "string"},
    }
    fields = close({name: describe(text, values[name]) for name, text in LINT_PARTS.items()})
    setting = word_or(SEVERITIES, {**fields, "required": ["severity"]})
    return {"type": ["object", "null"], "additionalProperties": setting}


def _share(kinds: Iterable[set[str]]) -> set[str]:
    """The sizes that all kinds of input have which are given."""
    return set.intersection(*kinds)


def _describe_expectations() -> Schema:
    number = or_expression({"type": "integer"}, "a figure must be a whole number")
    shape = or_expression(
        {"type": "array", "items": {"type": "integer"}}, "output must be a list such as [1000]"
    )
    output = {
        **shape,
        "type": ["array", "string", "object"],
        "propertyNames": NAME,
        "additionalProperties": shape,
    }
    values = {name: output if name == "output" else number for name in FIGURES}
    figures = {
        "type": ["object", "null"],
        **close({name: describe(FIGURES[name], value) for name, value in values.items()}),
    }
    return {
        "type": "object",
        "if": {"propertyNames": {"not": one_of(FIGURES)}},
        "then": {"propertyNames": _VARIANT, "additionalProperties": figures},
        "else": figures,
    }
