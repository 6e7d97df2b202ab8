"""Python text as `ruff format` (88 columns) lays it out, without running it.

An expression is a tree of small frozen values. Layout follows ruff's own algorithm: the tree
becomes a document of groups, each printed flat where it fits and broken where it does not.

Supported are names, literals, calls, attributes, subscripts, lists, tuples, comprehensions, stars,
operators and conditional expressions. What follows is laid out as ruff does only where it fits on
a line: a dict, a lambda, a power, a comprehension with `if`, the inside of a subscript, a chain
of two or more methods on call results (`f(x).g(y).h(z)`), a statement's prefix, one parameter of a
signature, a signature without parameters, and a lone name or string after `for x in` or after a
tuple of targets. An empty prefix is for calls.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from cnnspec.backends.pyexpr import (
    BINDING,
    Atom,
    Attribute,
    Binary,
    Bracketed,
    Call,
    Code,
    Comprehension,
    Conditional,
    Expr,
    Pairs,
    Parenthesized,
    Star,
    Subscript,
    Unary,
    guard_operand,
    guard_primary,
    parse_code,
)
from cnnspec.backends.pyprint import (
    BestFit,
    Doc,
    Expand,
    Hugging,
    Ident,
    IfBroken,
    Indent,
    Line,
    make_group,
    print_document,
)
from cnnspec.backends.pytext import spell_literal, wrap_comment, wrap_docstring

WIDTH = 88

__all__ = [
    "WIDTH",
    "Binary",
    "Bracketed",
    "Call",
    "Code",
    "Comprehension",
    "Expr",
    "Pairs",
    "Star",
    "format_comment",
    "format_condition",
    "format_docstring",
    "format_inline",
    "format_signature",
    "format_statement",
    "literal",
]


def literal(value: object) -> Code:
    """Spell a value made of numbers, strings, bools, None, tuples and lists.

    Raises:
        TypeError: For any other type.
    """
    return Code(spell_literal(value))


def format_inline(expr: Expr) -> str:
    """Write an expression on one line, however long, for use inside other text.

    Raises:
        ValueError: If a part asks to be split.
    """
    if isinstance(expr, Code) and expr.text.isidentifier():
        return expr.text
    lines = print_document(_build(expr, Ident()), 0, sys.maxsize)
    if len(lines) > 1:
        raise ValueError("an expression with split=True has no one-line form")
    return lines[0]


def format_statement(
    prefix: str, expr: Expr, suffix: str = "", indent: int = 0, width: int = WIDTH
) -> list[str]:
    """Lay out `prefix expr suffix`, such as `self.conv1 = ` and a call, or `for x in ` and `:`."""
    return print_document((prefix, _build_optional(expr), suffix), indent, width)


def format_results(targets: str, expr: Expr, indent: int, sign: str = "=") -> list[str]:
    """Lay out an assignment, in brackets if to more variables than there is room for."""
    lines = format_statement(f"{targets} {sign} ", expr, indent=indent)
    if len(lines[0]) <= WIDTH or ", " not in targets:
        return lines
    space = " " * indent
    names = [f"{space}    {name}," for name in targets.split(", ")]
    return [f"{space}(", *names, *format_statement(f") {sign} ", expr, indent=indent)]


def spell_tuple(kind: str, count: int, indent: int) -> str:
    """The type of several values of a kind; of many only that there are several."""
    if count == 1:
        return kind
    every = f"tuple[{', '.join([kind] * count)}]"
    return every if len(f") -> {every}:") + indent <= WIDTH else f"tuple[{kind}, ...]"


def format_condition(
    keyword: str, condition: Expr, indent: int = 0, width: int = WIDTH
) -> list[str]:
    """Lay out `if condition:`, or one with `elif` or `while`."""
    return format_statement(f"{keyword} ", condition, ":", indent, width)


def format_signature(
    name: str,
    parameters: Sequence[str],
    returns: str | None = None,
    indent: int = 0,
    width: int = WIDTH,
) -> list[str]:
    """Lay out `def name(parameters) -> returns:`; a parameter is text such as `width: int = 1`."""
    inside: Doc = (_join(parameters), IfBroken(",", "")) if parameters else ""
    if len(parameters) > 1:  # a lone parameter has its comma whenever the brackets break
        inside = make_group(inside)
    arrow = f" -> {returns}:" if returns else ":"
    return print_document((f"def {name}", _bracket("()", inside, None), arrow), indent, width)


def format_docstring(text: str, indent: int = 0, width: int = WIDTH) -> list[str]:
    """Write a docstring; blank lines separate paragraphs, and indented ones keep their lines."""
    return wrap_docstring(text, indent, width)


def format_comment(text: str, indent: int = 0, width: int = WIDTH) -> list[str]:
    """Write a comment; blank lines separate its paragraphs."""
    return wrap_comment(text, indent, width)


# Expressions to documents. `around` is the group of optional parentheses that an expression stands
# in; None says that it stands in brackets, where it may break at its operators.


def _build(expr: Expr, around: Ident | None) -> Doc:
    match expr:
        case Code(text):
            return _build(_resolve_text(text), around)
        case Atom(text):
            return text
        case Call(function):
            callee = guard_primary(_resolve(_as_expr(function)))
            return (_build(callee, around), _build_arguments(expr, around))
        case Bracketed(items, brackets):
            is_single_tuple = brackets == "()" and len(items) == 1
            inside: Doc = (_build(items[0], None), ",") if is_single_tuple else _build_items(expr)
            return _bracket(brackets, inside, around)
        case Pairs(pairs):
            entries = [(f"{spell_literal(key)}: ", _build(value, None)) for key, value in pairs]
            comma = IfBroken(",", "")
            return _bracket("{}", make_group((_join(entries), comma)), around)
        case Star(value):
            return ("*", _build(guard_operand(_resolve(value), "|", is_right=False), around))
        case Comprehension(brackets=brackets):
            return _bracket(brackets, make_group(_build_generator(expr)), around)
        case Binary():
            operands, operators = _flatten(expr)
            return _soft_group(_build_chain(operands, operators, around), around)
        case Attribute(value, name):
            return (_build(value, around), f".{name}")
        case Subscript(value, index):
            return (_build(value, around), _bracket("[]", index, around))
        case Unary(op, operand):
            return (op, _build(operand, around))
        case Parenthesized(value):
            return _bracket("()", _build(value, None), around)
        case Conditional(body, test, orelse):
            first, second, third = (_build(part, around) for part in (body, test, orelse))
            line = _soft_line(around)
            return _soft_group((first, line, "if ", second, line, "else ", third), around)


def _build_arguments(call: Call, around: Ident | None) -> Doc:
    count = len(call.arguments) + len(call.keywords)
    match call.arguments:
        case (Comprehension(brackets="()") as only,) if count == 1:
            return _bracket("()", make_group(_build_generator(only)), around)
    arguments: list[Doc] = [_build(argument, None) for argument in call.arguments]
    arguments += [(f"{name}=", _build(value, None)) for name, value in call.keywords]
    return _bracket("()", make_group(_close(arguments, call.split)) if count else "", around)


def _build_items(collection: Bracketed) -> Doc:
    items = [_build(item, None) for item in collection.items]
    return _close(items, collection.split) if items else ""


def _build_generator(comprehension: Comprehension) -> Doc:
    element = make_group(_build(comprehension.element, None))
    iterable = guard_operand(_resolve(comprehension.iterable), "or", is_right=False)
    return (element, Line(" "), f"for {comprehension.target} in ", _build(iterable, None))


def _build_chain(operands: list[Expr], operators: list[str], around: Ident | None) -> Doc:
    """Break a flattened chain at its loosest operators; what lies between is a group each."""
    if not operators:
        return _build(operands[0], around)
    loosest = min(_looseness(operator) for operator in operators)
    cuts = [index for index, operator in enumerate(operators) if _looseness(operator) == loosest]
    parts: list[Doc] = []
    start = 0
    for cut in [*cuts, len(operators)]:
        if start:
            parts += [_soft_line(around), f"{operators[start - 1]} "]
        piece = _build_chain(operands[start : cut + 1], operators[start:cut], around)
        parts.append(piece if cut == start else _soft_group(piece, around))
        start = cut + 1
    return tuple(parts)


def _build_optional(expr: Expr) -> Doc:
    """Add the parentheses that a whole right-hand side gets where it breaks."""
    expr = _resolve(expr)
    while isinstance(expr, Parenthesized):
        expr = _resolve(expr.value)
    match _wish_parentheses(expr):
        case _Wish.NEVER:
            return _build(expr, Ident())
        case _Wish.IF_HELPFUL:
            return BestFit(_build(expr, Ident()))
    ident = Ident()
    body = _build(expr, ident if _can_hug(expr) else None)
    opening, closing = IfBroken("(", ""), IfBroken(")", "")
    return make_group((opening, Indent((Line(), body), ident), Line(), closing), ident)


def _bracket(brackets: str, inside: Doc, around: Ident | None) -> Doc:
    if inside == "":
        return brackets
    group = make_group((brackets[0], Indent((Line(), inside)), Line(), brackets[1]))
    return group if around is None else Hugging(group, around)


def _join(parts: Sequence[Doc]) -> Doc:
    separated = [part for item in parts for part in (",", Line(" "), item)]
    return tuple(separated[2:])


def _close(parts: Sequence[Doc], split: bool) -> Doc:
    # A part on its own gets no comma, unless the author's comma asks for the split.
    comma: Doc = IfBroken(",", "") if split or len(parts) > 1 else ""
    return (_join(parts), comma, Expand() if split else "")


def _soft_line(around: Ident | None) -> Doc:
    return Line(" ") if around is None else IfBroken(Line(" "), " ", around)


def _soft_group(body: Doc, around: Ident | None) -> Doc:
    return make_group(body, when=around)


class _Wish(Enum):
    NEVER = 0
    IF_HELPFUL = 1
    IF_BROKEN = 2


def _wish_parentheses(expr: Expr) -> _Wish:
    match expr:
        case Code(text):
            return _wish_parentheses(_resolve_text(text))
        case Atom():
            return _Wish.IF_HELPFUL
        case Binary() | Conditional() | Star():
            return _Wish.IF_BROKEN
        case Call(function=inner) | Subscript(value=inner):
            wish = _wish_parentheses(_as_expr(inner))
            return _Wish.NEVER if wish is _Wish.IF_HELPFUL else wish
        case Attribute(value=inner) | Unary(operand=inner):
            return _wish_parentheses(inner)
        case _:
            return _Wish.NEVER


def _can_hug(expr: Expr) -> bool:
    """Whether a chain's own brackets may break instead of parentheses around it.

    They may where a single operator stands and the chain starts or ends with brackets.
    """
    expr = _resolve(expr)
    if isinstance(expr, Unary):
        return _can_hug(expr.operand)
    if isinstance(expr, Conditional):
        return False
    if not isinstance(expr, Binary):
        return True
    operands, operators = _flatten(expr)
    loosest = min(_looseness(operator) for operator in operators)
    if sum(_looseness(operator) == loosest for operator in operators) > 1:
        return False
    first, last = _resolve(operands[0]), _resolve(operands[-1])
    return _ends_in_brackets(last) or _starts_with_brackets(first)


def _starts_with_brackets(expr: Expr) -> bool:
    match _resolve(expr):
        case Call(function=inner) | Subscript(value=inner) | Attribute(value=inner):
            return _starts_with_brackets(_as_expr(inner))
        case Bracketed(items):
            return bool(items)
        case other:
            return isinstance(other, Comprehension | Parenthesized)


def _ends_in_brackets(expr: Expr) -> bool:
    match expr:
        case Call(_, arguments, keywords):
            return bool(arguments or keywords)
        case Bracketed(items):
            return bool(items)
        case Unary(operand=inner):
            return _ends_in_brackets(_resolve(inner))
        case _:
            return isinstance(expr, Comprehension | Parenthesized)


def _flatten(expr: Expr) -> tuple[list[Expr], list[str]]:
    expr = _resolve(expr)
    if not isinstance(expr, Binary):
        return [expr], []
    left, left_operators = _flatten(guard_operand(_resolve(expr.left), expr.op, is_right=False))
    right, right_operators = _flatten(guard_operand(_resolve(expr.right), expr.op, is_right=True))
    return left + right, [*left_operators, expr.op, *right_operators]


def _looseness(operator: str) -> int:
    # ruff breaks `a or b and c` at both.
    return max(BINDING[operator], BINDING["and"])


def _as_expr(function: str | Expr) -> Expr:
    return Code(function) if isinstance(function, str) else function


def _resolve(expr: Expr) -> Expr:
    return _resolve_text(expr.text) if isinstance(expr, Code) else expr


@lru_cache(maxsize=4096)
def _resolve_text(text: str) -> Expr:
    parsed = parse_code(text)
    spelt = format_inline(parsed)
    if text in (spelt, f"({spelt})"):
        return parsed if text == spelt else Parenthesized(parsed)
    return Atom(text, is_loose=isinstance(parsed, Binary | Conditional | Unary))
