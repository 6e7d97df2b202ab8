"""The value of a checked expression: Python's arithmetic without its surprises, and bounded."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from cnnspec.expressions.syntax import (
    BINARY,
    COMPARISON,
    FUNCTIONS,
    MAX_INT,
    MAX_ITEMS,
    MAX_TEXT,
    MAX_WORK,
    UNARY,
    WORDS,
    WORK_OF_VALUE,
    Value,
    blame,
    blame_name,
    show,
    split_comprehension,
)
from cnnspec.expressions.work import explain_spent, find_work
from cnnspec.records import dataclass

_Number: TypeAlias = int | float

# Larger exponents of an integer beyond 1 always overflow; they must not be tried.
_MAX_EXPONENT: Final = 63
# More digits than a float has; Python computes ten to the power of this for integers.
_MAX_DIGITS: Final = 20

_ARITHMETIC: Final[Mapping[str, Callable[[Any, Any], Any]]] = MappingProxyType(
    {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": operator.truediv,
        "//": operator.floordiv,
        "%": operator.mod,
        "**": operator.pow,
    }
)
_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)


def evaluate(tree: ast.expr, variables: Mapping[str, Value]) -> Value:
    """Compute the value of a checked tree.

    Raises:
        ExpressionError: pointing at the smallest part that has no value.
    """
    work = find_work()
    if work is None:
        return _Evaluator(variables).compute(tree)
    if work.is_spent:
        raise blame(tree, explain_spent())
    evaluator = _Evaluator(variables)
    try:
        return evaluator.compute(tree)
    finally:
        work.done += evaluator.work


def check_bounds(value: object, node: ast.expr) -> None:
    """Refuse a value that is too large to go on with.

    Raises:
        ExpressionError: pointing at the node that has this value.
    """
    if isinstance(value, int):
        if abs(value) > MAX_INT:
            raise blame(node, "the result does not fit a 64-bit integer")
        return
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        raise blame(node, "the result is not a finite real number")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise blame(node, f"the result is a text of over {MAX_TEXT} characters")
    waiting, count = [value] if isinstance(value, list) else [], 0
    while waiting:
        items = waiting.pop()
        count += len(items)
        if count > MAX_ITEMS:
            raise blame(node, f"the result is a list of over {MAX_ITEMS} items")
        waiting += [item for item in items if isinstance(item, list)]


@dataclass(slots=True)
class _Evaluator:
    """Walks a checked tree; the rules further down know no nodes and raise ValueError."""

    variables: Mapping[str, Value]
    entries: dict[str, Value] = field(default_factory=dict)
    work: int = 0

    def compute(self, node: ast.expr) -> Value:
        """Compute a node and hold the result against the bounds."""
        try:
            value = self._compute(node)
        except ZeroDivisionError:
            raise blame(node, "division by zero") from None
        except OverflowError:
            raise blame(node, "the result is too large") from None
        except ValueError as error:
            raise blame(node, str(error)) from None
        if not isinstance(node, ast.Name):
            check_bounds(value, node)
        self.work += WORK_OF_VALUE + (len(value) if isinstance(value, list) else 0)
        if self.work > MAX_WORK:
            raise blame(node, f"the expression goes through more than {MAX_WORK:,} values")
        return value

    def _compute(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=None | bool() | int() | float() | str() as constant):
                return constant
            case ast.Name(id=name):
                if name in WORDS:
                    return WORDS[name]
                if name in self.entries:
                    return self.entries[name]
                if name in self.variables:
                    return self.variables[name]
                raise blame_name(node, "name", name, [*self.entries, *self.variables])
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self.compute(item) for item in items]
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self.compute(operand)
            case ast.UnaryOp(op=sign, operand=operand):
                number = _number(self.compute(operand), f"'{UNARY[type(sign)]}'")
                return -number if isinstance(sign, ast.USub) else number
            case ast.BinOp(left=left, op=op, right=right):
                return _combine(BINARY[type(op)], self.compute(left), self.compute(right))
            case ast.BoolOp():
                return self._choose(node)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.compute(body if self.compute(test) else orelse)
            case ast.Compare():
                return self._compare(node)
            case ast.Subscript(value=base, slice=index):
                # To take one entry of a list is no way through it.
                look_up = self._compute if isinstance(base, ast.Name) else self.compute
                return self._subscript(look_up(base), index)
            case ast.Attribute(value=ast.Name(id=name) as base, attr=size):
                return _take_size(name, self.compute(base), size)
            case ast.ListComp():
                return self._make_list(node)
            case ast.Call(func=ast.Name(id=name), args=args):
                return _call(name, [self.compute(arg) for arg in args])
        raise AssertionError(f"unchecked syntax: {ast.dump(node)}")

    def _make_list(self, node: ast.ListComp) -> Value:
        name, source = split_comprehension(node)
        items = self.compute(source)
        if not isinstance(items, list):
            raise ValueError(f"'for' takes a list, got {show(items)}")
        outer = self.entries
        made: list[Value] = []
        for item in items:
            self.entries = {**outer, name: item}
            made.append(self.compute(node.elt))
        self.entries = outer
        return made

    def _choose(self, node: ast.BoolOp) -> Value:
        *others, last = node.values
        for other in others:
            value = self.compute(other)
            if bool(value) is isinstance(node.op, ast.Or):
                return value
        return self.compute(last)

    def _compare(self, node: ast.Compare) -> bool:
        left = self.compute(node.left)
        for op, other in zip(node.ops, node.comparators, strict=True):
            right = self.compute(other)
            if not _holds(COMPARISON[type(op)], left, right):
                return False
            left = right
        return True

    def _subscript(self, base: Value, index: ast.expr) -> Value:
        if not isinstance(base, list):
            raise ValueError(f"only a list has items, got {show(base)}")
        if isinstance(index, ast.Slice):
            parts = (index.lower, index.upper, index.step)
            low, high, step = (
                None if part is None else _integer(self.compute(part), "a slice") for part in parts
            )
            if step == 0:
                raise ValueError("the step of a slice cannot be 0")
            return base[low:high:step]
        at = _integer(self.compute(index), "an index")
        if not -len(base) <= at < len(base):
            raise ValueError(f"there is no item {at} in a list of {len(base)}")
        return base[at]


def _number(value: Value, what: str) -> _Number:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ValueError(f"{what} takes numbers, got {show(value)}")


def _integer(value: Value, what: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"{what} takes integers, got {show(value)}")


def _take_size(name: str, sizes: Value, size: str) -> Value:
    if not isinstance(sizes, dict):
        raise ValueError(f"{name!r} has no {size}, it is {show(sizes)}")
    if size not in sizes:
        raise ValueError(f"{name!r} has no {size}, only {', '.join(sizes) or 'no sizes'}")
    return sizes[size]


def _combine(symbol: str, left: Value, right: Value) -> Value:
    match symbol, left, right:
        case "+", str() as first, str() as second:
            return first + second
        case "+", list() as front, list() as back:
            return front + back
        case ("*", list() as items, times) | ("*", times, list() as items):
            length = len(items) * _integer(times, "the repetition of a list")
            if length > MAX_ITEMS:
                raise ValueError(f"the result is a list of over {MAX_ITEMS} items")
            return items * _integer(times, "the repetition of a list")
    if any(
        isinstance(value, bool) or not isinstance(value, int | float) for value in (left, right)
    ):
        raise ValueError(f"'{symbol}' takes numbers, got {show(left)} and {show(right)}")
    if (
        symbol == "**"
        and isinstance(left, int)
        and isinstance(right, int)
        and abs(left) > 1
        and right > _MAX_EXPONENT
    ):
        raise OverflowError
    result: Value = _ARITHMETIC[symbol](left, right)
    return result


def _holds(symbol: str, left: Value, right: Value) -> bool:
    if symbol in ("in", "not in"):
        if isinstance(right, list):
            return (left in right) is (symbol == "in")
        if isinstance(right, str) and isinstance(left, str):
            return (left in right) is (symbol == "in")
        raise ValueError(f"'{symbol}' takes a list on its right, got {show(right)}")
    kinds = {isinstance(value, bool) for value in (left, right) if isinstance(value, int | float)}
    # Python finds true equal to 1, so the same comparison would read differently in a spec.
    if len(kinds) > 1:
        raise ValueError(f"cannot compare {show(left)} with {show(right)}")
    if symbol in ("==", "!="):
        return (left == right) is (symbol == "==")
    return _ORDER[symbol](_number(left, f"'{symbol}'"), _number(right, f"'{symbol}'"))


def _call(name: str, args: list[Value]) -> Value:
    least, most = FUNCTIONS[name]
    if not least <= len(args) <= most:
        counts = f"{least}" if least == most else f"{least} to {most}"
        counts = "1 or more" if name in ("min", "max") else counts
        raise ValueError(f"{name}() takes {counts} arguments, got {len(args)}")
    if name in ("len", "sum", "min", "max"):
        return _call_on_list(name, args)
    what = f"{name}()"
    if name == "range":
        items = range(*(_integer(arg, what) for arg in args))
        if len(items) > MAX_ITEMS:
            raise ValueError(f"the result is a list of over {MAX_ITEMS} items")
        return list(items)
    number = _number(args[0], what)
    match name:
        case "abs":
            return abs(number)
        case "ceil":
            return math.ceil(number)
        case "floor":
            return math.floor(number)
        case "int":
            return int(number)
        case "round":
            digits = [_integer(arg, what) for arg in args[1:]]
            if any(abs(digit) > _MAX_DIGITS for digit in digits):
                raise ValueError(f"round() takes at most {_MAX_DIGITS} digits, got {digits[0]}")
            return round(number, *digits)
    return _round_to_multiple(number, _integer(args[1], what))


def _call_on_list(name: str, args: list[Value]) -> Value:
    listed = isinstance(args[0], list) and len(args) == 1
    if not listed and (name in ("len", "sum") or len(args) == 1):
        raise ValueError(f"{name}() takes a list, got {show(args[0])}")
    items = args[0] if isinstance(args[0], list) and listed else args
    if name == "len":
        return len(items)
    numbers = [_number(item, f"{name}()") for item in items]
    if name == "sum":
        return sum(numbers)
    if not numbers:
        raise ValueError(f"{name}() of an empty list")
    return min(numbers) if name == "min" else max(numbers)


def _round_to_multiple(number: _Number, divisor: int) -> int:
    """Round to a multiple as MobileNet's reference code does, never below 0.9 of the number."""
    if divisor < 1:
        raise ValueError(f"divisible_by() takes a positive divisor, got {divisor}")
    rounded = max(divisor, int(number + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * number else rounded
