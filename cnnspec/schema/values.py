"""Values that may also be expressions, names, and what all parts of the schema are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
# Names of values: _ is the one above, and what stands behind a dot is inside of a named part.
TAKEN_NAME: Final[Schema] = {
    "type": "string",
    "pattern": rf"{_NAMES}|^{NAME_PATTERN}(\.[A-Za-z0-9_]+)+$|^_$|{EXPRESSION}",
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


def close(properties: dict[str, Schema], foreign: Mapping[str, str] | None = None) -> Schema:
    """A mapping with no keys but these; for `foreign` ones an editor says what to write instead."""
    closed: Schema = {"properties": properties, "additionalProperties": False}
    if not foreign:
        return closed
    words: dict[str, list[str]] = {}
    for word, message in foreign.items():
        words.setdefault(message, []).append(word)
    refusals = [
        {"pattern": f"^(?!({'|'.join(same)})$)", "patternErrorMessage": message}
        for message, same in words.items()
    ]
    # Allowed here, so that they are refused once and in those words.
    allowed = {one_of(foreign)["pattern"]: True}
    return closed | {"patternProperties": allowed, "propertyNames": {"allOf": refusals}}


def need(needed: Iterable[str], known: Iterable[str]) -> Schema:
    """A mapping that lacks none of some keys; what is misspelt is missing too, and said once."""
    return {
        "if": {"propertyNames": one_of([*known, MERGE_KEY])},
        "then": {"required": list(needed)},
    }


def or_expression(schema: Schema, message: str) -> Schema:
    """The same values, or a text with an expression in it."""
    opened = _join(schema) | {"errorMessage": message}
    if "items" in opened:
        # Apart, since editors begin a list for whatever may be one.
        opened["allOf"] = [{"items": or_expression(opened.pop("items"), message)}]
    if "properties" in opened:
        opened["properties"] = {
            name: or_expression(value, f"{name} takes {_list_kinds(value)}, or an expression")
            for name, value in opened.pop("properties").items()
        }
    types = list_types(opened)
    pattern = f"{opened['pattern']}|{EXPRESSION}" if "pattern" in opened else EXPRESSION
    return opened | {"type": list(dict.fromkeys([*types, "string"])), "pattern": pattern}


def word_or(words: Iterable[str], fields: Schema) -> Schema:
    """One of these words, or a mapping of these fields."""
    listed = list(words)
    return {
        "type": ["string", "object"],
        # Where nothing is typed yet, editors offer examples but not what a condition leads to.
        "examples": listed,
        "if": {"type": "object"},
        "then": fields,
        "else": {"enum": listed},
    }


def _list_kinds(schema: Schema) -> str:
    return " or ".join(schema.get("enum") or list_types(schema))


def _join(schema: Schema) -> Schema:
    """Alternatives as one schema, where each is of a type of its own; words as a pattern."""
    if "enum" in schema:
        words = schema["enum"]
        rest = {word: value for word, value in schema.items() if word != "enum"}
        return rest | one_of(words) | {"type": "string", "examples": words}
    if "anyOf" not in schema:
        return dict(schema)
    parts = [_join(part) for part in schema["anyOf"]]
    joined = {word: value for part in parts for word, value in part.items()}
    return joined | {"type": [each for part in parts for each in list_types(part)]}


def list_types(schema: Schema) -> list[str]:
    """The types that a schema names."""
    types = schema["type"]
    return [types] if isinstance(types, str) else list(types)
