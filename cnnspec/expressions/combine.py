"""Sums and products of expressions, with like terms put together."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import reduce

from cnnspec.expressions.parse import Expression

# Nobody reads a sum of more.
MAX_TERMS = 20


def add_expressions(parts: Sequence[Expression]) -> Expression | None:
    """The sum of expressions: of ``n``, ``2 * n`` and ``4`` it is ``3 * n + 4``.

    None where so many of them differ that nobody would read it.
    """
    trees: dict[str, ast.expr] = {}
    factors: dict[str, int] = {}
    constant = 0
    for part in parts:
        for term in _list_terms(part.tree):
            factor, rest = _split_factor(term)
            if rest is None:
                constant += factor
                continue
            key = ast.dump(rest)
            trees.setdefault(key, rest)
            factors[key] = factors.get(key, 0) + factor
    if len(trees) > MAX_TERMS:
        return None
    terms = [
        tree if factors[key] == 1 else ast.BinOp(ast.Constant(factors[key]), ast.Mult(), tree)
        for key, tree in trees.items()
    ]
    if constant or not terms:
        terms.append(ast.Constant(constant))
    return _join(parts, reduce(lambda left, right: ast.BinOp(left, ast.Add(), right), terms))


def multiply_expressions(left: Expression, right: Expression) -> Expression:
    """The product of two expressions, computed where both are numbers."""
    match left.tree, right.tree:
        case ast.Constant(value=int(first)), ast.Constant(value=int(second)):
            return state_number(first * second)
    return _join((left, right), ast.BinOp(left.tree, ast.Mult(), right.tree))


def name_value(name: str) -> Expression:
    """The expression that is a name alone; the name may be one that no spec can write."""
    return Expression(name, frozenset({name}), frozenset(), 0, _place(ast.Name(name)))


def state_number(value: int) -> Expression:
    """The expression that is a whole number alone."""
    return Expression(str(value), frozenset(), frozenset(), 0, _place(ast.Constant(value)))


def _join(parts: Sequence[Expression], tree: ast.expr) -> Expression:
    names = frozenset[str]().union(*(part.names for part in parts))
    functions = frozenset[str]().union(*(part.functions for part in parts))
    return Expression(ast.unparse(tree), names, functions, 0, _place(tree))


def _place(tree: ast.expr) -> ast.expr:
    """Give the tree the positions that errors in its evaluation point at."""
    return ast.fix_missing_locations(tree)


def _list_terms(tree: ast.expr) -> list[ast.expr]:
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add):
        return [*_list_terms(tree.left), *_list_terms(tree.right)]
    return [tree]


def _split_factor(tree: ast.expr) -> tuple[int, ast.expr | None]:
    """A whole number and what it multiplies."""
    match tree:
        case ast.Constant(value=int(number)):
            return number, None
        case ast.BinOp(left=ast.Constant(value=int(number)), op=ast.Mult(), right=rest):
            return number, rest
    return 1, tree
