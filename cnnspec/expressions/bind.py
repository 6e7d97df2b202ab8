"""Puts values in the place of an expression's names, and computes what can be computed then."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from typing import cast

from cnnspec.expressions.evaluate import evaluate
from cnnspec.expressions.parse import Expression
from cnnspec.expressions.syntax import (
    MAX_DEPTH,
    ExpressionError,
    Value,
    list_names,
    split_comprehension,
)

# Nobody reads longer expressions in generated code.
MAX_READ = 200


def bind_names(expression: Expression, values: Mapping[str, Value | Expression]) -> Expression:
    """The expression with values, or other expressions, in the place of some names.

    Parts that hold no name any more become their values, and an `if` whose condition is known
    becomes its branch: ``2 * s if i == 0 else 1`` for i of 0 is ``2 * s``.
    """
    tree = cast(ast.expr, _Binder(values).visit(_copy(expression.tree)))
    # What fails in evaluation is blamed at a position.
    ast.fix_missing_locations(tree)
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    functions = frozenset(called)
    return Expression(ast.unparse(tree), list_names(tree), functions, expression.offset, tree)


def bind_shortly(
    expression: Expression, values: Mapping[str, Value | Expression]
) -> Expression | None:
    """The same, where it is no longer and no deeper than code that is read; else None.

    Expressions in the place of expressions may double the length at each step.
    """
    counts = Counter(node.id for node in ast.walk(expression.tree) if isinstance(node, ast.Name))
    put = {name: value for name, value in values.items() if name in counts}
    length = len(expression.text) + sum(
        counts[name] * len(value.text if isinstance(value, Expression) else str(value))
        for name, value in put.items()
    )
    inner = (_measure_depth(v.tree) for v in put.values() if isinstance(v, Expression))
    depth = _measure_depth(expression.tree) + max(inner, default=0)
    return bind_names(expression, values) if length <= MAX_READ and depth <= MAX_DEPTH else None


def _measure_depth(tree: ast.AST) -> int:
    """How many levels an expression has."""
    depth, level = 0, [tree]
    while level:
        depth += 1
        level = [part for node in level for part in ast.iter_child_nodes(node)]
    return depth


class _Binder(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, Value | Expression]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.values.get(node.id)
        if isinstance(value, Expression):
            return cast(ast.expr, _copy(value.tree))
        return ast.Constant(value) if isinstance(value, bool | int | float | str) else node

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        """Call the list's entries by another name where a value would bring in their own."""
        variable, items = split_comprehension(node)
        brought = [v.names for v in self.values.values() if isinstance(v, Expression)]
        fresh = variable
        while any(fresh in names for names in brought):
            fresh += "_"
        entry = ast.Name(fresh, ast.Load())
        own = Expression(fresh, frozenset({fresh}), frozenset(), 0, entry)
        element = cast(ast.expr, _Binder({**self.values, variable: own}).visit(node.elt))
        source = cast(ast.expr, self.visit(items))
        return ast.ListComp(element, [ast.comprehension(entry, source, [], 0)])

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        test = self.visit(node.test)
        if isinstance(test, ast.Constant):
            return cast(ast.expr, self.visit(node.body if test.value else node.orelse))
        return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))

    def generic_visit(self, node: ast.AST) -> ast.AST:
        node = super().generic_visit(node)
        parts = [
            part
            for part in ast.iter_child_nodes(node)
            if not isinstance(part, ast.operator | ast.cmpop | ast.boolop | ast.unaryop | ast.Load)
        ]
        if not isinstance(node, ast.BinOp | ast.UnaryOp | ast.Compare | ast.BoolOp):
            return node
        if not all(isinstance(part, ast.Constant) for part in parts):
            return node
        try:
            value = evaluate(ast.fix_missing_locations(node), {})
        except ExpressionError:
            return node
        return ast.Constant(value) if isinstance(value, bool | int | str) else node


def _copy(node: ast.AST) -> ast.AST:
    """A tree that can be changed; copy.deepcopy takes five times as long."""
    copied = type(node)()
    for name, value in vars(node).items():
        if isinstance(value, list):
            value = [_copy(part) if isinstance(part, ast.AST) else part for part in value]
        setattr(copied, name, _copy(value) if isinstance(value, ast.AST) else value)
    return copied
