"""What an expression may hold and how large it may grow, for parsing, evaluating and writing it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from cnnspec.naming import list_some, nearest

# Longer arithmetic belongs in a parameter of its own; Python's parser is safe up to here.
MAX_LENGTH: Final = 1000
# The walkers recurse, and Python's stack holds about a thousand calls.
MAX_DEPTH: Final = 50
# Counted through nested lists, since comparing or printing a list walks all of it.
MAX_ITEMS: Final = 100_000
# Entries of the lists that one expression goes through, and more for each value that it computes: a
# list that is made from a list could otherwise take the product of their lengths.
MAX_WORK: Final = 250_000
WORK_OF_VALUE: Final = 10
# Texts are names and paths.
MAX_TEXT: Final = 10_000
# The model formats hold 64-bit integers.
MAX_INT: Final = 2**63 - 1

Value: TypeAlias = bool | int | float | str | list["Value"] | dict[str, "Value"] | None

# What may follow the dot after a named value.
SIZES: Final = ("channels", "height", "width", "depth", "length", "tokens", "features")

# The words of YAML, which Python would take for names.
WORDS: Final[Mapping[str, bool | None]] = MappingProxyType(
    {"true": True, "false": False, "null": None}
)
UNARY: Final[Mapping[type[ast.unaryop], str]] = MappingProxyType(
    {ast.USub: "-", ast.UAdd: "+", ast.Not: "not"}
)
BINARY: Final[Mapping[type[ast.operator], str]] = MappingProxyType(
    {
        ast.Add: "+",
        ast.Sub: "-",
        ast.Mult: "*",
        ast.Div: "/",
        ast.FloorDiv: "//",
        ast.Mod: "%",
        ast.Pow: "**",
    }
)
COMPARISON: Final[Mapping[type[ast.cmpop], str]] = MappingProxyType(
    {
        ast.Eq: "==",
        ast.NotEq: "!=",
        ast.Lt: "<",
        ast.LtE: "<=",
        ast.Gt: ">",
        ast.GtE: ">=",
        ast.In: "in",
        ast.NotIn: "not in",
    }
)
# How many arguments each function takes, at least and at most.
FUNCTIONS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "abs": (1, 1),
        "ceil": (1, 1),
        "divisible_by": (2, 2),
        "floor": (1, 1),
        "int": (1, 1),
        "len": (1, 1),
        "max": (1, MAX_LENGTH),
        "min": (1, MAX_LENGTH),
        "range": (1, 3),
        "round": (1, 2),
        "sum": (1, 1),
    }
)


class ExpressionError(Exception):
    """An expression that cannot be read or evaluated.

    `start` and `end` are offsets of the characters at fault within the *scalar* that the
    expression stands in, its dollar sign included.
    """

    def __init__(self, message: str, start: int, end: int, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.help = help


def list_names(tree: ast.expr) -> frozenset[str]:
    """The names that a checked tree needs from outside."""
    if isinstance(tree, ast.ListComp):
        variable, items = split_comprehension(tree)
        return (list_names(tree.elt) - {variable}) | list_names(items)
    if isinstance(tree, ast.Name):
        return frozenset({tree.id} - WORDS.keys())
    # A function's name is no value.
    parts = tree.args if isinstance(tree, ast.Call) else ast.iter_child_nodes(tree)
    found = [list_names(part) for part in parts if isinstance(part, ast.expr)]
    return frozenset[str]().union(*found)


def split_comprehension(tree: ast.ListComp) -> tuple[str, ast.expr]:
    """The variable of a checked ``[element for variable in items]``, and the items."""
    (loop,) = tree.generators
    assert isinstance(loop.target, ast.Name)
    return loop.target.id, loop.iter


def blame(node: ast.expr, message: str, help: str = "") -> ExpressionError:
    """Make the error that points at a node of a checked tree."""
    return ExpressionError(message, node.col_offset, node.end_col_offset or 0, help)


def blame_name(node: ast.expr, kind: str, name: str, known: Iterable[str]) -> ExpressionError:
    """Make the error for a name that is not among the known ones, with the nearest of them."""
    names = sorted(known)
    close = nearest(name, names)
    meant = f", did you mean {close!r}?" if close else ""
    help = f"known here: {list_some(names)}" if names else ""
    return blame(node, f"unknown {kind} {name!r}{meant}", help)


def show(value: Value) -> str:
    """Write a value as a spec would, cut to a length that fits a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a value with sizes"
    if isinstance(value, list):
        more = ", ..." if len(value) > 4 else ""
        return f"[{', '.join(show(item) for item in value[:4])}{more}]"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:36]}...{text[-1]}"
