"""Text into checked expressions: what passes here is arithmetic of a bounded size."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import NoReturn

from cnnspec.expressions.evaluate import check_bounds, evaluate
from cnnspec.expressions.syntax import (
    BINARY,
    COMPARISON,
    FUNCTIONS,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TEXT,
    SIZES,
    UNARY,
    WORDS,
    ExpressionError,
    Value,
    blame,
    blame_name,
    list_names,
    show,
)
from cnnspec.expressions.write import write_python
from cnnspec.records import dataclass


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression; `offset` is where its text starts within the scalar.

    `names` are the names it needs (``x`` for ``x.channels``), `functions` those that it calls.
    """

    text: str
    names: frozenset[str]
    functions: frozenset[str]
    offset: int
    tree: ast.expr = field(repr=False, compare=False)

    def evaluate(self, variables: Mapping[str, Value]) -> Value:
        """Compute the value; a named value with sizes is a dict of them.

        Raises:
            ExpressionError: for an unknown name, a wrong type or a result out of bounds.
        """
        return evaluate(self.tree, variables)

    def unparse(
        self, rename: Mapping[str, str] = MappingProxyType({}), iterated: bool = False
    ) -> str:
        """Write Python source as ``ruff format`` leaves it.

        `rename` maps names, or dotted sizes such as ``x.channels``, to Python names. Lists are
        tuples, or where they are only `iterated` over also ranges and lists.
        """
        return write_python(self.tree, rename, iterated)


@dataclass(frozen=True, slots=True)
class Template:
    """A text with expressions in it, such as ``layer$(i + 1)``; `names` are those they need."""

    parts: tuple[str | Expression, ...]
    names: frozenset[str]

    def evaluate(self, variables: Mapping[str, Value]) -> str:
        """Fill in the values.

        Raises:
            ExpressionError: where a part fails, or is neither a text, a number nor a boolean.
        """
        text = ""
        for part in self.parts:
            value = part if isinstance(part, str) else part.evaluate(variables)
            if isinstance(part, Expression):
                start, end = part.offset, part.offset + len(part.text)
                if value is None or isinstance(value, list | dict):
                    message = f"{show(value)} cannot stand inside of a text"
                    size = f"for one of its sizes write $({part.text}.channels)"
                    help = size if isinstance(value, dict) else ""
                    raise ExpressionError(message, start, end, help)
                if len(text) > MAX_TEXT:
                    message = f"the result is a text of over {MAX_TEXT} characters"
                    raise ExpressionError(message, start, end)
            text += show(value) if isinstance(value, bool) else str(value)
        return text


_STRING = re.compile(r"'[^'\\]*'|\"[^\"\\]*\"")
_PARENTHESES = re.compile(rf"{_STRING.pattern}|[()]")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_REFUSED = re.compile(r"[^A-Za-z0-9_\s+*/%()\[\],.:<>=!-]", re.ASCII)
# Python also reads hexadecimals and underscores, and warns about digits glued to a word.
_NUMBER_LIKE = re.compile(r"(?<![\w.])\.?[0-9][\w.]*")
_NUMBER = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][0-9]*)?")


def parse_scalar(text: str) -> str | Expression | Template:
    """Read the expressions in a scalar; ``$$`` is a dollar sign.

    Returns:
        An expression when it is the whole scalar, a template when text surrounds it, else the
        text.

    Raises:
        ExpressionError: for an expression that is not valid, or a dollar sign that starts none.
    """
    if len(text) > MAX_TEXT and "$" in text:
        raise ExpressionError(f"a text with expressions has over {MAX_TEXT} characters", 0, 1)
    parts: list[str | Expression] = []
    plain, position = "", 0
    while (dollar := text.find("$", position)) >= 0:
        plain += text[position:dollar]
        if text.startswith("$$", dollar):
            plain, position = f"{plain}$", dollar + 2
            continue
        expression, position = _parse_at(text, dollar)
        parts += [plain, expression] if plain else [expression]
        plain = ""
    plain += text[position:]
    if not parts:
        return plain
    if len(parts) == 1 and not plain and isinstance(parts[0], Expression):
        return parts[0]
    names = [part.names for part in parts if isinstance(part, Expression)]
    return Template((*parts, plain) if plain else tuple(parts), frozenset().union(*names))


def _parse_at(text: str, dollar: int) -> tuple[Expression, int]:
    """Read the expression that a dollar sign starts, and say where it ends."""
    start = dollar + 1
    if found := _NAME.match(text, start):
        return parse_expression(found[0], start), found.end()
    if not text.startswith("(", start):
        message = "'$' starts an expression, as in $name or $(2 * name)"
        raise ExpressionError(message, dollar, start, "write $$ for a dollar sign")
    depth = 0
    for found in _PARENTHESES.finditer(text, start):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0:
            inner = text[start + 1 : found.start()]
            return parse_expression(inner, start + 1), found.end()
    help = "quote the whole text: inside of {...} and [...] YAML ends an unquoted one at a comma"
    raise ExpressionError("'$(' is never closed", dollar, len(text), help)


def parse_expression(text: str, offset: int = 0) -> Expression:
    """Read an expression without its dollar sign; `offset` is where it starts in the scalar.

    Raises:
        ExpressionError: when it is no expression, or holds more than arithmetic.
    """

    def fail(message: str, start: int = 0, end: int = len(text)) -> NoReturn:
        raise ExpressionError(message, offset + start, offset + max(end, start + 1))

    if len(text) > MAX_LENGTH:
        fail(f"an expression of {len(text)} characters; the limit is {MAX_LENGTH}")
    bare = _STRING.sub(lambda m: " " * len(m[0]) if m[0].isprintable() else m[0], text)
    if found := _REFUSED.search(bare):
        reason = "is not closed, or holds what cannot be printed"
        quote = found[0] in ("'", '"')
        message = f"the text {reason}" if quote else f"{found[0]!r} is not part of an expression"
        fail(message, *found.span())
    for found in _NUMBER_LIKE.finditer(bare):
        if not _NUMBER.fullmatch(found[0]):
            fail(f"{found[0]!r} is not a decimal number", *found.span())
    source = re.sub(r"\s", " ", text).lstrip()
    if not source:
        fail("an expression is missing here")
    shift = len(text) - len(source)
    try:
        tree = ast.parse(source, mode="eval").body
    except SyntaxError as error:
        at = min(shift + max(error.offset or 1, 1), len(text)) - 1
        fail("this is not a valid expression", at, at + 1)
    except (ValueError, MemoryError, RecursionError):
        fail(f"an expression nests more than {MAX_DEPTH} levels deep")
    checker = _Checker(source.encode(), offset + shift)
    checker.check(tree, 0)
    return Expression(text, list_names(tree), frozenset(checker.functions), offset, tree)


class _Checker:
    """Holds a fresh tree against the whitelist.

    Python counts the offsets of a node in bytes; the check turns them into characters of the
    scalar, so that every later error can use them as they are.
    """

    def __init__(self, source: bytes, offset: int) -> None:
        self.source = source
        self.offset = offset
        self.functions: set[str] = set()

    def check(self, node: ast.expr, depth: int) -> None:
        """Check a node and all below it, and collect the functions."""
        node.col_offset = self.offset + len(self.source[: node.col_offset].decode())
        node.end_col_offset = self.offset + len(self.source[: node.end_col_offset].decode())
        if depth > MAX_DEPTH:
            raise blame(node, f"an expression nests more than {MAX_DEPTH} levels deep")
        for child in self._list_children(node):
            self.check(child, depth + 1)

    def _list_children(self, node: ast.expr) -> list[ast.expr]:
        match node:
            case ast.Constant(value=None | bool() | int() | float() | str() as constant):
                check_bounds(constant, node)
                return []
            case ast.Name(id=name):
                if not _NAME.fullmatch(name):
                    raise blame(node, f"the name {name!r} must start with a letter")
                return []
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.BoolOp(values=items):
                return items
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return [left, right]
            case ast.UnaryOp(op=sign, operand=operand) if type(sign) in UNARY:
                return [operand]
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return [test, body, orelse]
            case ast.Compare(left=left, ops=ops, comparators=others):
                if all(type(op) in COMPARISON for op in ops):
                    return [left, *others]
            case ast.Subscript(value=base, slice=ast.Slice(lower=low, upper=high, step=step)):
                return [base, *(part for part in (low, high, step) if part is not None)]
            case ast.Subscript(value=base, slice=index):
                return [base, index]
            case ast.Attribute(value=base, attr=size):
                if isinstance(base, ast.Name) and size in SIZES:
                    return [base]
                message = f"only a size of a named value can follow a dot, not {size!r}"
                raise blame(node, message, f"the sizes are {', '.join(SIZES)}")
            case ast.ListComp(elt=element, generators=[loop, *others]):
                if others or loop.ifs or loop.is_async or not isinstance(loop.target, ast.Name):
                    help = "write [element for name in list]"
                    raise blame(node, "a list is made from one list, by one name", help)
                name = loop.target.id
                if not _NAME.fullmatch(name) or name in WORDS or name == "in_channels":
                    raise blame(node, f"{name!r} cannot be the name of a list's entries")
                return [element, loop.iter]
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                if name in FUNCTIONS:
                    self.functions.add(name)
                    return args
                raise blame_name(node, "function", name, FUNCTIONS)
        raise blame(node, "only arithmetic is allowed in an expression")
