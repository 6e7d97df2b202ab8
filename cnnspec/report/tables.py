"""Plain tables, aligned for a terminal or as Markdown.

Cells may hold text from anywhere, such as names in a file of weights.
"""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.diagnostics import spell_line
from cnnspec.records import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading, and whether its cells are numbers that line up on the right."""

    heading: str
    numeric: bool = False


def draw_text(columns: Sequence[Column], rows: Sequence[Sequence[str]], rule: int = 0) -> str:
    """Draw a table with aligned columns; a line sets the last `rule` rows apart."""
    rows = [list(map(spell_line, row)) for row in rows]
    widths = [
        max(len(column.heading), *(len(row[index]) for row in rows), 0)
        for index, column in enumerate(columns)
    ]
    line = "-" * (sum(widths) + 2 * (len(widths) - 1))
    body = [_align(columns, row, widths) for row in rows]
    cut = len(body) - rule
    tail = [line, *body[cut:]] if rule else []
    return "\n".join(
        [_align(columns, [c.heading for c in columns], widths), line, *body[:cut], *tail]
    )


def draw_markdown(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    """Draw a table as Markdown."""
    lines = [
        [column.heading for column in columns],
        ["---:" if column.numeric else "---" for column in columns],
        *([spell_line(cell).replace("|", "\\|") for cell in row] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _align(columns: Sequence[Column], cells: Sequence[str], widths: Sequence[int]) -> str:
    aligned = (
        cell.rjust(width) if column.numeric else cell.ljust(width)
        for column, cell, width in zip(columns, cells, widths, strict=True)
    )
    return "  ".join(aligned).rstrip()
