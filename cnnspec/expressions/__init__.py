"""The expressions of the spec language: ``$name``, ``$(arithmetic)`` and texts that hold them.

Python's parser reads them, a whitelist of syntax keeps all but arithmetic out, and a tree walker
that bounds every result evaluates them, so that no spec can reach Python or exhaust it.
"""

from cnnspec.expressions.bind import bind_names, bind_shortly
from cnnspec.expressions.combine import (
    add_expressions,
    multiply_expressions,
    name_value,
    state_number,
)
from cnnspec.expressions.parse import Expression, Template, parse_expression, parse_scalar
from cnnspec.expressions.syntax import SIZES, ExpressionError, Value
from cnnspec.expressions.work import bound_work

__all__ = [
    "SIZES",
    "Expression",
    "ExpressionError",
    "Template",
    "Value",
    "add_expressions",
    "bind_names",
    "bind_shortly",
    "bound_work",
    "multiply_expressions",
    "name_value",
    "parse_expression",
    "parse_scalar",
    "state_number",
]
