"""Steps, lists of steps and named stages, in one reading of a file.

A step's head is a property, never one of many alternatives: editors complete properties, and tell
what is wrong with them, where they would only say of alternatives that none of them holds.
"""

from __future__ import annotations

from cnnspec.graph.library import load_library
from cnnspec.ops.catalog import OPS
from cnnspec.schema.calls import explain_block, explain_op
from cnnspec.schema.readings import Reading, list_heads
from cnnspec.schema.values import (
    EXPRESSION,
    MADE_NAME,
    MERGE_KEY,
    NAME,
    TAKEN_NAME,
    Schema,
    close,
    describe,
    need,
    one_of,
    or_expression,
    refer,
)
from cnnspec.spec.keys import (
    BESIDE,
    BLOCK_PARTS,
    MAPPING_FIELDS,
    MERGES,
    PART,
    PART_KEYS,
    RESIDUAL_PARTS,
    STRUCTURES,
    TABLE_PARTS,
)

# A step's head that is the value of an expression.
CHOICE = r"^\$"
_VARIABLE: Schema = {"type": "string", **NAME}
_ONE_HEAD = (
    "a step has one op or block: start a new step with '-', or indent the fields under their op"
)


def describe_steps(reading: Reading) -> dict[str, Schema]:
    """The definitions that depend on the reading, by name."""
    kinds = {
        "steps": _describe_list(reading, "a list of steps, or a mapping of named stages"),
        "step": _describe_step(reading),
        "word": _describe_word(reading),
        "head": _describe_head(reading),
        "call": _describe_call(reading),
        "stage": _describe_stage(reading),
        "layers": {
            "title": "layers",
            "description": STRUCTURES["layers"],
            "allOf": [reading.refer("steps")],
        },
        "residual": _describe_residual(reading),
        "parallel": _describe_parallel(reading),
        "block": _describe_block(reading),
    }
    return {reading.name(kind): schema for kind, schema in kinds.items()}


def describe_shared() -> dict[str, Schema]:
    """The definitions that all readings share, by name."""
    shared = {f"beside.{word}": schema for word, schema in _describe_modifiers().items()}
    ops = {name: explain_op(op) for name, op in OPS.items()}
    library = {name: explain_block(block) for name, block in load_library().items()}
    shared |= {
        f"only.{head}": {
            "propertyNames": one_of([head, *BESIDE, MERGE_KEY]) | {"errorMessage": _ONE_HEAD}
        }
        for head in list_heads()
    }
    return shared | {
        "ops": _explain_words(ops),
        "library": _explain_words(library),
        PART: {
            "title": PART,
            "description": "A file in the same folder or below, or a spec of the zoo, as a step; "
            "a variant may stand behind a colon",
            "type": "string",
            "errorMessage": "spec needs the name of a file or of a spec of the zoo",
        },
        "deep": _DEEP,
        "lone": _describe_lone(),
    }


def _explain_words(words: dict[str, str]) -> Schema:
    """What an editor shows over a step that is a word alone."""
    return {
        "allOf": [
            {"if": {"const": word}, "then": {"title": word, "description": text}}
            for word, text in words.items()
        ]
    }


def _describe_list(reading: Reading, what: str) -> Schema:
    return {
        "allOf": [{"type": ["array", "object", "null"], "errorMessage": f"must be {what}"}],
        "items": reading.refer("step"),
        "propertyNames": MADE_NAME,
        "additionalProperties": reading.refer("stage"),
    }


def _describe_step(reading: Reading) -> Schema:
    """One entry of a list of steps."""
    lonely = {"type": "object", "propertyNames": one_of(BESIDE)}
    missing = {"required": ["layers"], "errorMessage": "write the op or block of this step"}
    return {
        "allOf": [
            {
                "type": ["string", "object", "array"],
                "errorMessage": "a step is an op or a block, alone or with its fields, or a list",
            },
            {"if": {"type": "string"}, "then": reading.refer("word")},
            {"if": lonely, "then": missing},
        ],
        # A key alone may still become any head; behind a head only modifiers are offered. What is
        # asked of values stands under `not`, since over a word editors show the first title of all
        # schemas that its value was held against, but for those.
        "if": {
            "anyOf": [
                {"maxProperties": 1, "not": {"additionalProperties": _SOMETHING}},
                {"propertyNames": {"not": one_of(list_heads())}},
            ]
        },
        "then": reading.refer("head"),
        "else": reading.refer("call"),
        # A part of its own.
        "items": reading.refer("step"),
    }


def _describe_word(reading: Reading) -> Schema:
    """A step that is a word alone."""
    needy = "|".join(reading.list_needy())
    fields = {
        "pattern": f"^(?!({needy})$)",
        "patternErrorMessage": "this cannot stand alone: write a colon, and its fields behind it",
    }
    if reading.own_blocks:
        return {"allOf": [fields, MADE_NAME, refer("ops")]}
    known = {
        "pattern": f"{one_of(list_heads())['pattern']}|{CHOICE}",
        "patternErrorMessage": "there is no op or library block of this name",
    }
    return {"allOf": [fields, known, refer("ops"), refer("library")]}


def _describe_head(reading: Reading) -> Schema:
    """A step whose head is still open, or is a block of the spec's own."""
    heads = {head: reading.refer_head(head) for head in list_heads()}
    chosen = {"description": "The op or block that the expression gives, with its fields."}
    described: Schema = {
        "properties": heads | _refer_modifiers(),
        "patternProperties": {CHOICE: chosen},
    }
    return described if reading.own_blocks else described | {"additionalProperties": False}


def _describe_call(reading: Reading) -> Schema:
    """A step with a known head and something beside it."""
    return {
        "properties": _refer_modifiers(),
        "dependencies": {
            "merge": ["parallel"],
            **{word: [PART] for word in PART_KEYS},
            **{
                head: {
                    "properties": {head: reading.refer_head(head)},
                    "allOf": [refer(f"only.{head}")],
                }
                for head in list_heads()
            },
        },
    }


def _refer_modifiers() -> dict[str, Schema]:
    return {word: refer(f"beside.{word}") for word in BESIDE}


def _describe_modifiers() -> dict[str, Schema]:
    lists = {
        "type": ["array", "string"],
        "pattern": EXPRESSION,
        "errorMessage": "for needs a list, or an expression such as $(range(3))",
    }
    repeat = "repeat must be a whole number from 0, or an expression such as $(n - 1)"
    values: dict[str, Schema] = {
        "name": {"type": "string", **MADE_NAME},
        "from": TAKEN_NAME,
        "repeat": or_expression({"type": "integer", "minimum": 0}, repeat),
        "for": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": NAME,
            "properties": {
                "as": describe(TABLE_PARTS["as"], {"type": "array", "items": _VARIABLE})
            },
            "additionalProperties": lists,
        },
        "when": _describe_condition("when"),
        "shared": {"type": "string", **MADE_NAME},
        "merge": {"enum": list(MERGES)},
        "set": {"type": "object", "propertyNames": NAME},
        "until": {"type": "string", **MADE_NAME},
    }
    return {word: describe(BESIDE[word], values[word]) for word in BESIDE}


def _describe_condition(word: str) -> Schema:
    message = f"{word} must be true, false, or an expression such as $(stride > 1)"
    return or_expression({"type": "boolean"}, message)


# Values with no mapping inside: but for a few, no op's field holds one, so that it would be a
# stage's step.
_PLAIN: Schema = {"type": ["string", "number", "boolean", "null", "array"]}
_SOMETHING: Schema = {"type": ["string", "number", "boolean", "array", "object"]}
_DEEP: Schema = {
    "anyOf": [
        {"type": "array"},
        {
            "type": "object",
            "not": {
                "properties": dict.fromkeys(MAPPING_FIELDS, True),
                "additionalProperties": _PLAIN,
            },
        },
    ]
}


def _describe_lone() -> Schema:
    """A mapping in the place of a stage that is one step, since its only head is one we know."""
    nested = (*STRUCTURES, *MERGES)
    return {
        "anyOf": [
            {"required": [head], "allOf": [refer(f"only.{head}")]}
            | ({} if head in nested else {"not": {"properties": {head: refer("deep")}}})
            for head in list_heads()
        ]
    }


def _describe_stage(reading: Reading) -> Schema:
    """What a stage's name, or a branch, holds: steps, further stages, or one step."""
    stages = {"propertyNames": MADE_NAME, "additionalProperties": reading.refer("stage")}
    single = {
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": {"not": refer("deep")},
    }
    looped = {word: refer(f"beside.{word}") for word in ("for", "repeat", "when")}
    return {
        "allOf": [
            {
                "type": ["string", "array", "object", "null"],
                "errorMessage": "a stage is a list of steps, a mapping of stages, or one step",
            },
            {"if": {"type": "string"}, "then": reading.refer("word")},
            {
                "if": {"type": "object"},
                "then": {
                    "if": refer("lone"),
                    "then": reading.refer("step"),
                    "else": {
                        "if": {"propertyNames": {"not": one_of(BESIDE)}},
                        "then": {"if": single, "then": reading.refer("step"), "else": stages},
                        # A block of the spec's own, or a stage that is called like a modifier.
                        "else": {
                            "if": {
                                "anyOf": [{"required": [word]} for word in looped],
                                "properties": looped,
                            },
                            "then": Reading(True, True).refer("head"),
                        },
                    },
                },
            },
        ],
        "items": reading.refer("step"),
    }


def _describe_residual(reading: Reading) -> Schema:
    parts = {
        "body": reading.refer("steps"),
        "shortcut": reading.refer("steps"),
        "shortcut_when": _describe_condition("shortcut_when"),
    }
    return {
        "title": "residual",
        "description": STRUCTURES["residual"],
        "allOf": [
            {
                "type": ["array", "object", "null"],
                "errorMessage": "residual needs its body: a list of steps, or parts by name",
            }
        ],
        "items": reading.refer("step"),
        **close({part: describe(RESIDUAL_PARTS[part], parts[part]) for part in parts}),
        **need(["body"], parts),
    }


def _describe_parallel(reading: Reading) -> Schema:
    return {
        "title": "parallel",
        "description": STRUCTURES["parallel"],
        "allOf": [
            {
                "type": ["array", "object"],
                "errorMessage": "parallel needs two branches or more, as a list or by name",
            }
        ],
        "minItems": 2,
        "minProperties": 2,
        "items": reading.refer("stage"),
        "propertyNames": NAME,
        "additionalProperties": reading.refer("stage"),
    }


def _describe_block(reading: Reading) -> Schema:
    parts: dict[str, Schema] = {
        "params": {"type": ["array", "object"], "items": {"type": "string"}},
        "layers": reading.refer("steps"),
        "summary": {"type": ["string", "number", "boolean", "null"]},
    }
    described = {part: describe(BLOCK_PARTS[part], parts[part]) for part in parts}
    return {"type": "object", **close(described), **need(["layers"], parts)}
