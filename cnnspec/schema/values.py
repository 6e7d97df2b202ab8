"""Values that may also be expressions, names, and what all parts of the schema are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from cnnspec.naming import NAME_PATTERN

Schema = dict[str, Any]

EXPRESSION: Final = r"\$"

# What stands for a mapping that another one is merged with.
MERGE_KEY: Final = "<<"

_NAMES: Final = f"^{NAME_PATTERN}$|^{MERGE_KEY}$"
_MESSAGE: Final = "a name is letters, digits and underscores, beginning with a letter"
NAME: Final[Schema] = {"pattern": _NAMES, "patternErrorMessage": _MESSAGE}
# Names that may be made with the variable of a loop: layer$(i).
MADE_NAME: Final[Schema] = {"pattern": f"{_NAMES}|{EXPRESSION}", "patternErrorMessage": _MESSAGE}
# Names of values: _ is the one above.
TAKEN_NAME: Final[Schema] = {
    "type": "string",
    "pattern": f"{_NAMES}|^_$|{EXPRESSION}",
    "patternErrorMessage": _MESSAGE,
}


def refer(name: str) -> Schema:
    """A reference to one of the definitions."""
    return {"$ref": f"#/definitions/{name}"}


def describe(meaning: str, value: Schema) -> Schema:
    """A value with what an editor shows for its key."""
    text = f"{meaning[:1].upper()}{meaning[1:]}"
    # What stands beside a reference does not count.
    inner = {"allOf": [value]} if "$ref" in value else value
    return {"description": text, **inner}


def one_of(words: Iterable[str]) -> Schema:
    """These words alone; while one types, editors take the beginning of an enum's word for it."""
    return {"pattern": f"^({'|'.join(words)})$"}


def close(properties: dict[str, Schema]) -> Schema:
    """A mapping with no keys but these."""
    return {"properties": properties, "additionalProperties": False}


def need(needed: Iterable[str], known: Iterable[str]) -> Schema:
    """A mapping that lacks none of some keys; what is misspelt is missing too, and said once."""
    return {
        "if": {"propertyNames": one_of([*known, MERGE_KEY])},
        "then": {"required": list(needed)},
    }


def or_expression(schema: Schema, message: str) -> Schema:
    """The same values, or a text with an expression in it."""
    opened = schema | {"errorMessage": message}
    if "anyOf" in opened:
        # pydantic's way to say that a field may be null.
        (value,) = (part for part in opened.pop("anyOf") if part != {"type": "null"})
        opened |= {**value, "type": [*list_types(value), "null"]}
    if "enum" in opened:
        words = opened.pop("enum")
        opened |= one_of(words) | {"examples": words}
    if "items" in opened:
        # Apart, since editors begin a list for whatever may be one.
        opened["allOf"] = [{"items": or_expression(opened.pop("items"), message)}]
    types = list_types(opened)
    pattern = f"{opened['pattern']}|{EXPRESSION}" if "string" in types else EXPRESSION
    return opened | {"type": list(dict.fromkeys([*types, "string"])), "pattern": pattern}


def list_types(schema: Schema) -> list[str]:
    """The types that a schema names."""
    types = schema["type"]
    return [types] if isinstance(types, str) else list(types)
