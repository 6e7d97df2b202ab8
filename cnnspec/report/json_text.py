"""JSON that people read as well, in which no runner of CI finds a command."""

from __future__ import annotations

import json
from collections.abc import Mapping


def write_json(value: object) -> str:
    """Write any value, with a line for each that it holds."""
    return _spell(json.dumps(value, indent=2))


def write_object(entries: Mapping[str, object]) -> str:
    """Write an object with a line for each entry, and for each object in a list of them."""
    lines = [f"  {json.dumps(name)}: {_write(value)}" for name, value in entries.items()]
    return _spell("{\n" + ",\n".join(lines) + "\n}")


def _spell(text: str) -> str:
    # Within texts alone: JSON itself has no such character.
    return text.replace("##", r"#\u0023") + "\n"


def _write(value: object) -> str:
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return json.dumps(value)
    rows = ",\n".join([f"    {json.dumps(row)}" for row in value])
    return f"[\n{rows}\n  ]"
