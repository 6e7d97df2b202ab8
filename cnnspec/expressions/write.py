"""Checked expressions as Python source, laid out as ``ruff format`` leaves it.

Lists are tuples in Python, as they are among the arguments of calls: the two can neither be
joined nor be equal.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeGuard

from cnnspec.expressions.syntax import BINARY, COMPARISON, UNARY, WORDS, split_comprehension
from cnnspec.naming import variable_name

# How strongly each form binds, weakest first.
_TERNARY, _OR, _AND, _NOT, _COMPARED, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(10)
_STRENGTH: Final[Mapping[str, int]] = MappingProxyType({"+": _SUM, "-": _SUM, "**": _POWER})
_PYTHON_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"ceil": "math.ceil", "floor": "math.floor"}
)


def write_python(tree: ast.expr, rename: Mapping[str, str], iterated: bool = False) -> str:
    """Write a checked tree on one line, with the parentheses that it needs and no others.

    What is only `iterated` over may be a range or a list.
    """
    return _Writer(rename).write(tree, _TERNARY, iterated)


class _Writer:
    def __init__(self, rename: Mapping[str, str]) -> None:
        self.rename = rename

    def write(self, node: ast.expr, least: int, iterated: bool = False) -> str:
        """Write a node, in parentheses when it binds less than its place asks for."""
        text, strength = self._layout(node, iterated)
        return f"({text})" if strength < least else text

    def _join(
        self, separator: str, nodes: list[ast.expr], least: int, iterated: bool = False
    ) -> str:
        return separator.join(self.write(node, least, iterated) for node in nodes)

    def _layout(self, node: ast.expr, iterated: bool) -> tuple[str, int]:
        match node:
            case ast.Constant(value=constant):
                return _quote(constant), _ATOM
            case ast.Name(id=name):
                word = str(WORDS[name]) if name in WORDS else name
                return self.rename.get(name, word), _ATOM
            case ast.Attribute(value=ast.Name(id=name), attr=size):
                dotted = f"{self.rename.get(name, name)}.{size}"
                return self.rename.get(f"{name}.{size}", dotted), _ATOM
            case ast.List(elts=items) | ast.Tuple(elts=items):
                end = "," if len(items) == 1 else ""
                return f"({self._join(', ', items, _TERNARY)}{end})", _ATOM
            case ast.ListComp():
                return self._comprehension(node, iterated), _ATOM
            case ast.Call(func=ast.Name(id=name), args=args):
                name = _PYTHON_NAMES.get(name, name)
                text = f"{name}({self._join(', ', args, _TERNARY, iterated=True)})"
                return f"tuple({text})" if name == "range" and not iterated else text, _ATOM
            case ast.Subscript(value=base, slice=index):
                if isinstance(index, ast.Slice):
                    return f"{self.write(base, _ATOM, iterated)}[{self._slice(index)}]", _ATOM
                written = self.write(base, _ATOM, iterated=True)
                return f"{written}[{self.write(index, _TERNARY)}]", _ATOM
            case ast.UnaryOp(op=sign, operand=operand):
                own, space = (_NOT, " ") if isinstance(sign, ast.Not) else (_SIGN, "")
                # ruff puts a power in parentheses here.
                inner = self.write(operand, _ATOM if _is_power(operand) else own, iterated=True)
                return f"{UNARY[type(sign)]}{space}{inner}", own
            case ast.BinOp(op=op, left=left, right=right):
                return self._binary(BINARY[type(op)], left, right)
            case ast.BoolOp(op=ast.Or(), values=values):
                return self._join(" or ", values, _OR, iterated), _OR
            case ast.BoolOp(values=values):
                return self._join(" and ", values, _AND, iterated), _AND
            case ast.Compare():
                return self._compare(node), _COMPARED
            case ast.IfExp(test=test, body=body, orelse=orelse):
                condition = self.write(test, _OR, iterated=True)
                chosen = f"{self.write(body, _OR, iterated)} if {condition}"
                return f"{chosen} else {self.write(orelse, _TERNARY, iterated)}", _TERNARY
        raise AssertionError(f"unchecked syntax: {ast.dump(node)}")

    def _comprehension(self, node: ast.ListComp, iterated: bool) -> str:
        name, source = split_comprehension(node)
        variable = variable_name(name)
        made = _Writer({**self.rename, name: variable}).write(node.elt, _TERNARY)
        text = f"{made} for {variable} in {self.write(source, _OR, iterated=True)}"
        return f"[{text}]" if iterated else f"tuple({text})"

    def _compare(self, node: ast.Compare) -> str:
        text = self.write(node.left, _SUM)
        for op, other in zip(node.ops, node.comparators, strict=True):
            looked_in = isinstance(op, ast.In | ast.NotIn)
            text += f" {COMPARISON[type(op)]} {self.write(other, _SUM, looked_in)}"
        return text

    def _binary(self, symbol: str, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        if symbol == "**":
            # In a chain of powers each sign looks at the operand beside it.
            beside = right.left if _is_power(right) else right
            signed = isinstance(left, ast.UnaryOp)
            hugging = not signed and _is_simple_operand(left) and _is_simple_operand(beside)
            space = "" if hugging else " "
            return f"{self.write(left, _ATOM)}{space}**{space}{self.write(right, _SIGN)}", _POWER
        own = _STRENGTH.get(symbol, _PRODUCT)
        return f"{self.write(left, own)} {symbol} {self.write(right, own + 1)}", own

    def _slice(self, node: ast.Slice) -> str:
        """Lay out a slice: colons stand apart as soon as one bound is more than a name."""
        bounds = (node.lower, node.upper, node.step)
        low, high, step = ("" if b is None else self.write(b, _OR) for b in bounds)
        space = "" if all(b is None or _is_simple_bound(b) for b in bounds) else " "
        text = f"{low}{space if low else ''}:{space if high else ''}{high}"
        if step:
            text += f"{space if high else ''}:{space}{step}"
        return text


def _is_power(node: ast.expr) -> TypeGuard[ast.BinOp]:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)


def _is_simple_operand(node: ast.expr) -> bool:
    """Tell whether ruff writes ``**`` without spaces beside this operand."""
    if isinstance(node, ast.UnaryOp):
        return not isinstance(node.op, ast.Not) and _is_simple_operand(node.operand)
    if isinstance(node, ast.Constant):
        return not isinstance(node.value, str)
    return isinstance(node, ast.Name | ast.Attribute)


def _is_simple_bound(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return not isinstance(node.op, ast.Not) and _is_simple_bound(node.operand)
    return isinstance(node, ast.Constant | ast.Name)


def _quote(constant: object) -> str:
    if isinstance(constant, str):
        text = constant.replace("\\", "\\\\")
        if '"' not in text or "'" in text:
            return '"' + text.replace('"', '\\"') + '"'
        return f"'{text}'"
    # ruff drops the plus sign that Python writes in an exponent.
    return repr(constant).replace("e+", "e")
