"""What ops say of themselves, for their pages and for editors."""

from __future__ import annotations

import inspect
import re

from pydantic_core import ValidationError

from cnnspec.ops.base import Op

_LABELS = re.compile(r"\b(Formula|Shape|Weights|MACs|Source): ")


def read_docstring(op: type[Op]) -> tuple[str, dict[str, str]]:
    """An op's text, and what stands behind labels such as ``Shape:``, also of what it builds on."""
    facts: dict[str, str] = {}
    prose = ""
    for base in op.__mro__[op.__mro__.index(Op) - 1 :: -1]:
        prose, *parts = _LABELS.split(inspect.cleandoc(base.__doc__ or ""))
        pairs = zip(parts[::2], parts[1::2], strict=True)
        facts |= {label: " ".join(text.split()) for label, text in pairs}
    return prose.strip(), facts


def say_values(op: type[Op], name: str) -> str:
    """What a field takes, in the words of its own error message."""
    try:
        op.model_validate({name: object()})
    except ValidationError as error:
        for entry in error.errors(include_url=False):
            if entry["loc"][0] == name and entry["type"] == "field":
                return entry["msg"].removeprefix("must be ").rpartition(", got ")[0]
    raise TypeError(f"{op.op}.{name} takes anything")
