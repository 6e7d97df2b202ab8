"""JSON that people read as well: a line for each row of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping


def write_object(entries: Mapping[str, object]) -> str:
    """Write an object with a line for each entry, and for each object in a list of them."""
    lines = [f"  {json.dumps(name)}: {_write(value)}" for name, value in entries.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _write(value: object) -> str:
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return json.dumps(value)
    rows = ",\n".join([f"    {json.dumps(row)}" for row in value])
    return f"[\n{rows}\n  ]"
