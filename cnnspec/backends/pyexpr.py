"""Python expressions as small frozen values, and the reading of one-line text into them."""

from __future__ import annotations

import ast
from typing import Literal, TypeAlias

from cnnspec.records import dataclass

Brackets: TypeAlias = Literal["[]", "()"]


@dataclass(frozen=True, slots=True)
class Code:
    """An expression's one-line text, spelt as ruff spells it; it may still be split."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call; `split` puts every argument on a line of its own (the magic trailing comma)."""

    function: str | Expr
    arguments: tuple[Expr, ...] = ()
    keywords: tuple[tuple[str, Expr], ...] = ()
    split: bool = False


@dataclass(frozen=True, slots=True)
class Bracketed:
    """A list or a tuple; `split` puts every item on a line of its own."""

    items: tuple[Expr, ...]
    brackets: Brackets = "[]"
    split: bool = False


@dataclass(frozen=True, slots=True)
class Pairs:
    """A dict whose keys are texts."""

    items: tuple[tuple[str, Expr], ...]


@dataclass(frozen=True, slots=True)
class Star:
    """`*value`, an argument or an item."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`element for target in iterable`; a call's only argument goes without its own brackets."""

    element: Expr
    target: str
    iterable: Expr
    brackets: Brackets = "()"


@dataclass(frozen=True, slots=True)
class Binary:
    """`left op right`; `op` may compare or be boolean. Parentheses come where they must."""

    left: Expr
    op: str
    right: Expr


@dataclass(frozen=True, slots=True)
class Atom:
    """Text that never splits; `is_loose` if an operator beside it might tear it apart."""

    text: str
    is_loose: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """`value.name`, where the value is more than names."""

    value: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Subscript:
    """`value[index]`, whose index never splits."""

    value: Expr
    index: str


@dataclass(frozen=True, slots=True)
class Unary:
    """`op operand`, such as `not x`; the operator brings its space."""

    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Conditional:
    """`body if test else orelse`."""

    body: Expr
    test: Expr
    orelse: Expr


@dataclass(frozen=True, slots=True)
class Parenthesized:
    """Parentheses that the meaning or the author asks for."""

    value: Expr


Expr: TypeAlias = (
    Code
    | Call
    | Bracketed
    | Pairs
    | Star
    | Comprehension
    | Binary
    | Atom
    | Attribute
    | Subscript
    | Unary
    | Conditional
    | Parenthesized
)

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Or: "or",
    ast.And: "and",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.NotEq: "!=",
    ast.Eq: "==",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.BitAnd: "&",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.MatMult: "@",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
_RANKS = (
    ("or",),
    ("and",),
    ("not ",),
    ("in", "not in", "is", "is not", "<", "<=", ">", ">=", "!=", "=="),
    ("|",),
    ("^",),
    ("&",),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "@", "/", "//", "%"),
)
BINDING = {operator: rank for rank, group in enumerate(_RANKS, 1) for operator in group}
"""How tightly an operator binds; the loosest is 1."""


def parse_code(text: str) -> Expr:
    """Read one-line text; what has no class of its own becomes an `Atom`, and so does no Python.

    Parentheses that change nothing are lost: compare the result's one-line form with the text.
    """
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Atom(text)
    return _Reader(text).read(tree)


def guard_operand(operand: Expr, operator: str, is_right: bool) -> Expr:
    """Parenthesize an operand that the operator would otherwise tear apart."""
    match operand:
        case Binary(op=inner) | Unary(op="not " as inner):
            rank = BINDING[inner]
        case Conditional() | Atom(is_loose=True):
            rank = 0
        case _:
            return operand
    own = BINDING[operator]
    # Comparisons chain (`a < b < c` is `a < b and b < c`), so neither side may be bare.
    is_torn = rank < own or (rank == own and (is_right or own == BINDING["=="]))
    return Parenthesized(operand) if is_torn else operand


def guard_primary(value: Expr) -> Expr:
    """Parenthesize what a call, an attribute or a subscript would otherwise tear apart."""
    is_torn = isinstance(value, Binary | Conditional | Unary)
    return Parenthesized(value) if is_torn else value


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        # Trees count in bytes.
        self.data = text.encode()

    def read(self, tree: ast.expr) -> Expr:
        match tree:
            case ast.Call(function, arguments, keywords):
                named = tuple((item.arg or "", self.read(item.value)) for item in keywords)
                return Call(self._read_primary(function), self._read_all(arguments), named)
            case ast.List(items):
                return Bracketed(self._read_all(items))
            case ast.Tuple(items):
                return Bracketed(self._read_all(items), "()")
            case ast.Starred(value):
                return Star(self.read(value))
            case ast.Attribute(value, name) if not isinstance(value, ast.Name):
                inner = self._read_primary(value)
                return self._atom(tree) if isinstance(inner, Atom) else Attribute(inner, name)
            case ast.Subscript(value, index):
                return Subscript(self._read_primary(value), self._source(index))
            case ast.IfExp(test, body, orelse):
                return Conditional(self.read(body), self.read(test), self.read(orelse))
            case ast.ListComp(element, [loop]) if not loop.ifs:
                return self._read_comprehension(element, loop, "[]")
            case ast.GeneratorExp(element, [loop]) if not loop.ifs:
                return self._read_comprehension(element, loop, "()")
            case _:
                return self._read_operator(tree)

    def _read_operator(self, tree: ast.expr) -> Expr:
        match tree:
            case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
                return Binary(self.read(left), _OPERATORS[type(operator)], self.read(right))
            case ast.Compare(left, [operator], [right]):
                return Binary(self.read(left), _OPERATORS[type(operator)], self.read(right))
            case ast.BoolOp(operator, [first, *others]):
                result = self.read(first)
                for other in others:
                    result = Binary(result, _OPERATORS[type(operator)], self.read(other))
                return result
            case ast.UnaryOp(ast.Not(), operand):
                return Unary("not ", guard_operand(self.read(operand), "not ", is_right=False))
            case _:
                return self._atom(tree)

    def _read_primary(self, tree: ast.expr) -> Expr:
        return guard_primary(self.read(tree))

    def _read_comprehension(
        self, element: ast.expr, loop: ast.comprehension, brackets: Brackets
    ) -> Expr:
        target = self._source(loop.target)
        return Comprehension(self.read(element), target, self.read(loop.iter), brackets)

    def _read_all(self, trees: list[ast.expr]) -> tuple[Expr, ...]:
        return tuple(self.read(tree) for tree in trees)

    def _atom(self, tree: ast.expr) -> Expr:
        is_loose = isinstance(tree, ast.Compare | ast.Lambda | ast.NamedExpr | ast.Await)
        return Atom(self._source(tree), is_loose)

    def _source(self, tree: ast.expr) -> str:
        if tree.end_lineno == 1:
            return self.data[tree.col_offset : tree.end_col_offset].decode()
        return ast.get_source_segment(self.text, tree) or ""
