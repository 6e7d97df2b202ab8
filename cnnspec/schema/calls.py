"""What may stand behind the name of an op or of a library block."""

from __future__ import annotations

from typing import Final

from cnnspec.graph.words import list_translations
from cnnspec.ops.base import Op
from cnnspec.ops.catalog import OPS
from cnnspec.ops.describe import read_docstring, say_values
from cnnspec.schema.values import TAKEN_NAME, Schema, close, describe, need, or_expression, refer
from cnnspec.spec.model import Argument, Block, Literal
from cnnspec.spec.spelling import spell, spell_argument

# What does not limit a field's value.
_PROSE: Final = ("title", "description", "default")
_GIVEN: Final = ("array", "string", "number", "boolean")


def describe_op(op: type[Op], whole: bool) -> Schema:
    """The arguments of an op; with `whole`, those without a default must be among them."""
    described: Schema = {"title": op.op, "description": explain_op(op)}
    if op.merges:
        return described | {
            "type": "array",
            "items": TAKEN_NAME,
            "minItems": 2,
            "errorMessage": f"{op.op} needs a list of two values or more, such as [shortcut, _]",
            "defaultSnippets": [{"label": op.op, "body": ["$1", "_"]}],
        }
    needed = list_needed(op.op) if whole else []
    fields = describe_fields(op)
    parts = [refer(f"{op.op}.fields"), _describe_bare(op, fields, needed)]
    if needed:
        parts.append(need(needed, fields))
    return described | _offer(needed, op.principal) | {"allOf": parts}


def list_needed(op: str) -> list[str]:
    """The fields without a default."""
    return list(OPS[op].required_fields)


def explain_op(op: type[Op]) -> str:
    """What an op computes, a paragraph for each thing that its docstring tells."""
    prose, facts = read_docstring(op)
    # Lines are joined, since editors break them where they end.
    paragraphs = [" ".join(paragraph.split()) for paragraph in prose.split("\n\n")]
    bare = [f"A bare argument is its {op.principal}."] if op.principal else []
    return "\n\n".join([*paragraphs, *bare, *(f"{word}: {facts[word]}" for word in facts)])


def describe_fields(op: type[Op]) -> dict[str, Schema]:
    """The fields of an op by name."""
    fields: dict[str, Schema] = {}
    for name, plain in op.model_json_schema()["properties"].items():
        info, takes = op.model_fields[name], say_values(op, name)
        ending = "Must be given." if info.is_required() else f"Default: {spell(info.default)}."
        message = f"{name} must be {takes}, or an expression such as $name"
        value = {word: plain[word] for word in plain if word not in _PROSE}
        fields[name] = describe(
            f"{info.description}.\n\nTakes {takes}. {ending}", or_expression(value, message)
        )
        if plain.get("default") is not None:
            fields[name]["default"] = plain["default"]
    return fields


def _describe_bare(op: type[Op], fields: dict[str, Schema], needed: list[str]) -> Schema:
    """An argument as a whole: the fields, nothing, or the principal field's value alone."""
    types = ["object"] if needed else ["object", "null"]
    if op.principal is None or set(needed) - {op.principal}:
        listed = f"its fields by name: {', '.join(fields)}" if fields else "no fields"
        return {"type": types, "errorMessage": f"{op.op} takes {listed}"}
    field = {word: value for word, value in fields[op.principal].items() if word not in _PROSE}
    return field | {"type": list(dict.fromkeys([*types, *field["type"]]))}


def _offer(needed: list[str], bare: str | None) -> Schema:
    """What an editor writes behind the name; nothing where the name can stand alone."""
    if not needed:
        return {}
    places = {name: f"${{{place}:{name}}}" for place, name in enumerate(needed, 1)}
    body: object = places[needed[0]] if needed == [bare] else places
    return {"defaultSnippets": [{"label": "needed fields", "body": body}]}


def describe_block(block: Block, certain: bool) -> Schema:
    """The arguments of a library block, unless a block of the spec's own may hide it."""
    described: Schema = {"title": block.name, "description": explain_block(block)}
    parameters = {name: _describe_parameter(value) for name, value in block.parameters.items()}
    if not certain:
        return described | {"allOf": [{"properties": parameters}]}
    needed = [name for name, default in block.parameters.items() if default is None]
    first = next(iter(parameters), None)
    bare = () if first is None or set(needed) - {first} else _GIVEN
    types = ["object", *bare, *([] if needed else ["null"])]
    listed = f"its parameters by name: {', '.join(parameters)}" if parameters else "no parameters"
    value = {"type": types, "errorMessage": f"{block.name} takes {listed}"}
    foreign = list_translations(f"block {block.name}", parameters) if parameters else None
    parts = [close(parameters, foreign), value, *([need(needed, parameters)] if needed else [])]
    return described | _offer(needed, first) | {"allOf": parts}


def explain_block(block: Block) -> str:
    """The summary of a block."""
    return f"{block.summary}."


def _describe_parameter(default: Argument | None) -> Schema:
    if default is None:
        return {"description": "Must be given."}
    described: Schema = {"description": f"Default: {spell_argument(default)}."}
    if isinstance(default, Literal) and default.value is not None:
        described["default"] = default.value
    return described
