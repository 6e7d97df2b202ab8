"""Expressions: what they compute, and how they fail."""

import time

import pytest

from cnnspec.expressions import ExpressionError, Value, parse_expression
from tests.expressions import compute, fail


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n", 3),
        ("4 * channels", 256),
        ("n - 1", 2),
        ("7 / 2", 3.5),
        ("6 / 2", 3.0),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("2**10", 1024),
        ("2**-1", 0.5),
        ("-2**2", -4),
        ("1e-3", 0.001),
        ("true", True),
        ("null", None),
        ("None", None),
        ("not flag", False),
        ("n != 1 or n == 4 * channels", True),
        ("nothing or 5", 5),
        ("n == 3 and kind == 'abc'", True),
        ("1 < n <= 3", True),
        ("1 if flag else 1 / 0", 1),
        ("false and 1 / 0", False),
        ("n in units", True),
        ("n not in units", False),
        ("'b' in kind", True),
        ("kind + 'd'", "abcd"),
        ("[n] + [1]", [3, 1]),
        ("2 * [1, 2]", [1, 2, 1, 2]),
        ("[0] * n", [0, 0, 0]),
        ("(1, 2)", [1, 2]),
        ("1, 2", [1, 2]),
        ("units[-1]", 3),
        ("units[1:]", [4, 6, 3]),
        ("units[::-1]", [3, 6, 4, 3]),
        ("x.channels + x.height", 12),
        ("min(3, n, 2.5)", 2.5),
        ("max(units)", 6),
        ("sum(units)", 16),
        ("sum([])", 0),
        ("len(units)", 4),
        ("abs(-n)", 3),
        ("range(n)", [0, 1, 2]),
        ("range(5, 0, -2)", [5, 3, 1]),
        ("ceil(2.1)", 3),
        ("floor(-2.1)", -3),
        ("round(2.5)", 2),
        ("round(3.5)", 4),
        ("round(2.375, 2)", 2.38),
        ("int(-2.9)", -2),
        ("[ceil(n * ratio) for n in units]", [2, 2, 3, 2]),
        ("[k + n for k in units[:2]] + [n]", [6, 7, 3]),
        ("[[i * j for j in range(2)] for i in range(3)]", [[0, 0], [0, 1], [0, 2]]),
        ("[n for n in [n]]", [3]),
        ("[k for k in []]", []),
        ("sum([k for k in units])", 16),
        ("\n n\n  + 1", 4),
        ("2**63 - 1 if false else 2**62", 2**62),
    ],
)
def test_arithmetic_has_the_value_that_the_language_defines(text: str, value: Value) -> None:
    found = compute(text)
    assert found == value
    assert type(found) is type(value)


# The values of torchvision's _make_divisible for MobileNetV2's widths.
@pytest.mark.parametrize(
    ("number", "divisor", "value"),
    [("32 * 0.35", 8, 16), ("24 * 1.4", 8, 32), ("1", 8, 8), ("96 * 0.75", 8, 72), ("12", 8, 16)],
)
def test_divisible_by_never_drops_below_nine_tenths(number: str, divisor: int, value: int) -> None:
    assert compute(f"divisible_by({number}, {divisor})") == value
    assert value >= 0.9 * eval(number)


@pytest.mark.parametrize(
    ("text", "message", "blamed"),
    [
        ("2 * chanels", "unknown name 'chanels', did you mean 'channels'?", "chanels"),
        ("stride != 1", "unknown name 'stride'", "stride"),
        ("1 + 1 / (n - 3)", "division by zero", "1 / (n - 3)"),
        ("0 ** -1", "division by zero", "0 ** -1"),
        ("n % 0.0", "division by zero", "n % 0.0"),
        ("2 + (true + 1)", "'+' takes numbers, got true and 1", "true + 1"),
        ("-flag", "'-' takes numbers, got true", "-flag"),
        ("x + 1", "'+' takes numbers, got a value with sizes and 1", "x + 1"),
        ("units + 1", "'+' takes numbers, got [3, 4, 6, 3] and 1", "units + 1"),
        ("kind * 3", "'*' takes numbers, got 'abc' and 3", "kind * 3"),
        ("units * 1.5", "the repetition of a list takes integers, got 1.5", "units * 1.5"),
        ("kind < 'b'", "'<' takes numbers, got 'abc'", "kind < 'b'"),
        ("flag == 1", "cannot compare true with 1", "flag == 1"),
        ("1 in n", "'in' takes a list on its right, got 3", "1 in n"),
        ("1 + units[9]", "there is no item 9 in a list of 4", "units[9]"),
        ("units[1.0]", "an index takes integers, got 1.0", "units[1.0]"),
        ("units[::0]", "the step of a slice cannot be 0", "units[::0]"),
        ("n[0]", "only a list has items, got 3", "n[0]"),
        ("kind[0]", "only a list has items, got 'abc'", "kind[0]"),
        ("x.width", "'x' has no width, only channels, height", "x.width"),
        ("n.channels", "'n' has no channels, it is 3", "n.channels"),
        ("max([])", "max() of an empty list", "max([])"),
        ("max(3)", "max() takes a list, got 3", "max(3)"),
        ("min()", "min() takes 1 or more arguments, got 0", "min()"),
        ("len(kind)", "len() takes a list, got 'abc'", "len(kind)"),
        ("sum(['a'])", "sum() takes numbers, got 'a'", "sum(['a'])"),
        ("round(1, 2, 3)", "round() takes 1 to 2 arguments, got 3", "round(1, 2, 3)"),
        ("range(1.5)", "range() takes integers, got 1.5", "range(1.5)"),
        ("range(1, 2, 0)", "range() arg 3 must not be zero", "range(1, 2, 0)"),
        (
            "divisible_by(3, 0)",
            "divisible_by() takes a positive divisor, got 0",
            "divisible_by(3, 0)",
        ),
        ("int(kind)", "int() takes numbers, got 'abc'", "int(kind)"),
        ("[k for k in n]", "'for' takes a list, got 3", "[k for k in n]"),
        ("[1 / k for k in [1, 0]]", "division by zero", "1 / k"),
        ("[k for k in units] + k", "unknown name 'k'", "k"),
        ("[unts for k in units]", "unknown name 'unts', did you mean 'units'?", "unts"),
        ("'é' + 1", "'+' takes numbers, got 'é' and 1", "'é' + 1"),
        ("'é' == '日' or 1 / 0", "division by zero", "1 / 0"),
    ],
)
def test_a_failure_says_what_is_wrong_and_where(text: str, message: str, blamed: str) -> None:
    assert fail(text) == (message, blamed)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9**9**9", "the result is too large"),
        ("10**18 * 10", "the result does not fit a 64-bit integer"),
        ("2**63", "the result does not fit a 64-bit integer"),
        ("9223372036854775808", "the result does not fit a 64-bit integer"),
        ("(-2)**999999999999", "the result is too large"),
        ("10.0**400", "the result is too large"),
        ("1e999", "the result is not a finite real number"),
        ("1e308 * 10", "the result is not a finite real number"),
        ("(-1)**0.5", "the result is not a finite real number"),
        ("int(1e300)", "the result does not fit a 64-bit integer"),
        ("sum([2**62, 2**62])", "the result does not fit a 64-bit integer"),
        ("round(1, -999999999)", "round() takes at most 20 digits, got -999999999"),
        ("range(10**9)", "the result is a list of over 100000 items"),
        ("range(-(2**62), 2**62)", "the result is too large"),
        ("[0] * 10**12", "the result is a list of over 100000 items"),
        ("[[0] * 1000] * 1000", "the result is a list of over 100000 items"),
        (
            "[range(1000) for k in range(1000)]",
            "the expression goes through more than 250,000 values",
        ),
        ("[range(500) for k in range(300)]", "the result is a list of over 100000 items"),
        (
            "[len(range(9999)) for k in range(999)]",
            "the expression goes through more than 250,000 values",
        ),
        (
            "[sum([a for a in range(9999)]) for b in range(9999)]",
            "the expression goes through more than 250,000 values",
        ),
        ("range(99999) + range(99999)", "the result is a list of over 100000 items"),
    ],
)
def test_a_result_out_of_bounds_is_refused_at_once(text: str, message: str) -> None:
    start = time.perf_counter()
    assert fail(text)[0] == message
    assert time.perf_counter() - start < 2


def test_texts_that_grow_by_repeated_addition_are_bounded() -> None:
    with pytest.raises(ExpressionError, match="a text of over 10000 characters"):
        parse_expression("s + s").evaluate({"s": "x" * 6000})


def test_an_expression_knows_its_names_and_functions() -> None:
    expression = parse_expression("ceil(n * x.channels) if flag else max(true, [n])")
    assert expression.names == {"n", "x", "flag"}
    assert expression.functions == {"ceil", "max"}


def test_the_name_of_a_lists_entries_is_none_that_the_expression_needs() -> None:
    assert parse_expression("[k * n for k in units]").names == {"n", "units"}
    assert parse_expression("[k for k in units] + k").names == {"units", "k"}


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression("c").evaluate({"height": 1, "b": 2})
    assert caught.value.help == "known here: b, height"
