"""Random Python expressions of every kind that the grammar has, those of later versions too."""

from __future__ import annotations

import ast
import re
from functools import cache
from random import Random

# What a spec may name, and what would lead out of the language.
NAMES = (
    "n", "units", "x", "kind", "flag", "true", "null", "in_channels", "self", "print", "open",
    "eval", "exec", "getattr", "type", "object", "sum", "max", "len", "range", "divisible_by",
    "channels", "height", "real", "append", "format", "__class__", "__import__", "__builtins__",
    "_", "\u00e9", "\ufb01lter",
)  # fmt: skip
CONSTANTS: tuple[object, ...] = (
    None, True, False, 0, 1, -3, 2**70, 0.5, 1e300, float("inf"), 2j, "", "a", "'", '"', "\\", "{}",
    "\n", "\u202e", b"", b"a", ...,
)  # fmt: skip
MAX_DEPTH = 4
# The kinds that a spec's arithmetic is made of come more often: else hardly anything is accepted.
USUAL = (
    ast.BinOp,
    ast.Call,
    ast.Compare,
    ast.Constant,
    ast.IfExp,
    ast.List,
    ast.Name,
    ast.Subscript,
)


def draw_text(random: Random) -> str:
    """A Python expression as source."""
    while True:
        tree = _draw_any(random, "expr", MAX_DEPTH)
        try:
            return ast.unparse(ast.fix_missing_locations(tree))
        except (ValueError, TypeError, AttributeError, IndexError, KeyError):
            # Not all trees are Python.
            continue


@cache
def list_fields(kind: type[ast.AST]) -> list[tuple[str, str]]:
    """The fields of a node with their types, as its documentation quotes the grammar."""
    found = re.search(r"\((.*)\)", kind.__doc__ or "", re.DOTALL)
    parts = found[1].split(",") if found and found[1] else []
    return [(form, name) for form, name in (part.split() for part in parts)]


def _draw_node(random: Random, kind: type[ast.AST], depth: int) -> ast.AST:
    return kind(**{name: _draw_field(random, form, depth) for form, name in list_fields(kind)})


def _draw_field(random: Random, form: str, depth: int) -> object:
    if form.endswith("*"):
        return [_draw_field(random, form[:-1], depth) for _ in range(random.randrange(3))]
    if form.endswith("?"):
        return random.choice((None, _draw_field(random, form[:-1], depth)))
    match form:
        case "identifier":
            return random.choice(NAMES)
        case "constant":
            return random.choice(CONSTANTS)
        case "int":
            return random.choice((0, -1))
        case "string":
            return None
    return _draw_any(random, form, depth)


def _draw_any(random: Random, form: str, depth: int) -> ast.AST:
    """A node of some family, such as ``expr``; at the bottom only what has no parts."""
    family: type[ast.AST] = getattr(ast, form)
    kinds = tuple(family.__subclasses__()) or (family,)
    if form == "expr":
        usual = (ast.Name, ast.Constant) if depth == 0 else USUAL
        kinds = usual if depth == 0 or random.random() < 0.7 else kinds
    return _draw_node(random, random.choice(kinds), max(0, depth - 1))
