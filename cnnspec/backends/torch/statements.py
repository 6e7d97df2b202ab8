"""The statements of a constructor and of ``forward``, before they are laid out as lines.

What stands under one condition is kept together, and what nothing uses is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field

from cnnspec.backends.pycode import Expr, format_condition, format_inline, format_results
from cnnspec.records import dataclass

# Lays a statement out at an indent.
Lay = Callable[[int], list[str]]


@dataclass(slots=True)
class Assign:
    """An assignment to a variable, or to several that are joined by commas.

    `sign` is ``+=`` where the sum is written over it.
    """

    target: str
    value: Expr
    comment: str = ""
    sign: str = "="

    def lay(self, indent: int) -> list[str]:
        """The lines."""
        lines = format_results(self.target, self.value, indent, self.sign)
        if self.comment and len(lines[-1]) + len(self.comment) <= 88:
            lines[-1] += self.comment
        return lines


@dataclass(slots=True)
class Guard:
    """Assignments that are made under a condition only."""

    condition: Expr
    body: list[Statement]


Statement = Assign | Guard


def add_guard(statements: list[Statement], guard: Guard) -> None:
    """Add statements under a condition to those before them under the same one."""
    last = statements[-1] if statements else None
    if isinstance(last, Guard) and last.condition == guard.condition:
        last.body += guard.body
    elif guard.body:
        statements.append(guard)


def drop_unused(statements: Sequence[Statement], live: set[str]) -> list[Statement]:
    """The statements without assignments to variables that nothing reads.

    `live` are the variables that are read afterwards; it becomes those that are read before.
    """
    kept: list[Statement] = []
    for statement in reversed(statements):
        if isinstance(statement, Guard):
            inner = set(live)
            body = drop_unused(statement.body, inner)
            live |= inner
            if body:
                kept.append(Guard(statement.condition, body))
        elif live & set(targets := statement.target.partition(":")[0].split(", ")):
            if statement.sign == "=":
                live.difference_update(targets)
            live |= find_names(statement.value)
            kept.append(statement)
    return kept[::-1]


def find_names(expr: Expr) -> set[str]:
    """The variables that an expression reads."""
    tree = ast.parse(format_inline(expr), mode="eval")
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def lay_out(statements: Iterable[Statement], indent: int) -> Iterator[str]:
    """The lines of statements."""
    for statement in statements:
        if isinstance(statement, Guard):
            yield from format_condition("if", statement.condition, indent)
            yield from lay_out(statement.body, indent + 4)
        else:
            yield from statement.lay(indent)


@dataclass(slots=True)
class Setup:
    """The statements of a constructor: `defaults` stand before a condition, `parts` under it.

    One without a condition inside of another is a place that was kept for its statements.
    """

    condition: Expr | None = None
    defaults: list[Lay] = field(default_factory=list)
    parts: list[Lay | Setup] = field(default_factory=list)

    def enter(self, condition: Expr) -> Setup:
        """The statements under a condition: those that came last, if they are under the same."""
        last = self.parts[-1] if self.parts else None
        if not isinstance(last, Setup) or last.condition != condition:
            last = Setup(condition)
            self.parts.append(last)
        return last

    def lay(self, indent: int) -> Iterator[str]:
        """The lines."""
        for part in self.parts:
            if not isinstance(part, Setup):
                yield from part(indent)
                continue
            if part.condition is None:
                yield from part.lay(indent)
                continue
            for default in part.defaults:
                yield from default(indent)
            yield from format_condition("if", part.condition, indent)
            yield from part.lay(indent + 4)
