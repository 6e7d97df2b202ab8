"""Expressions written as Python source."""

import math
import random
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings

from cnnspec.expressions import ExpressionError, bind_names, parse_expression
from tests.expressions import SCALARS, VARIABLES


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("4*channels", "4 * channels"),
        ("( n )", "n"),
        ("(a*b)+c", "a * b + c"),
        ("a*(b+c)", "a * (b + c)"),
        ("a-(b-c)", "a - (b - c)"),
        ("(a-b)-c", "a - b - c"),
        ("2 ** 3", "2**3"),
        ("x.channels ** 2", "x.channels**2"),
        ("f[0] ** 2", "f[0] ** 2"),
        ("(-a) ** 2", "(-a) ** 2"),
        ("-a ** 2", "-(a**2)"),
        ("2 ** -a", "2**-a"),
        ("(a**b)**c", "(a**b) ** c"),
        ("a**b**c", "a**b**c"),
        ("a**b**f[0]", "a**b ** f[0]"),
        ("not a**b", "not (a**b)"),
        ("not (a and b)", "not (a and b)"),
        ("(not a) == b", "(not a) == b"),
        ("a or (b and c)", "a or b and c"),
        ("(a or b) and c", "(a or b) and c"),
        ("(a < b) == c", "(a < b) == c"),
        ("1 if a else (2 if b else 3)", "1 if a else 2 if b else 3"),
        ("(1 if a else 2) + 1", "(1 if a else 2) + 1"),
        ("'it' + \"s\"", '"it" + "s"'),
        ("'a\"b'", "'a\"b'"),
        ("(1,)", "(1,)"),
        ("[]", "()"),
        ("[a, [b]] + c", "(a, (b,)) + c"),
        ("a == [1, 2]", "a == (1, 2)"),
        ("a in [1, 2]", "a in (1, 2)"),
        ("true or null", "True or None"),
        ("ceil(a / 2)", "math.ceil(a / 2)"),
        ("floor(a)", "math.floor(a)"),
        ("divisible_by(a,8)", "divisible_by(a, 8)"),
        ("range(n)", "tuple(range(n))"),
        ("range(n)[1:]", "tuple(range(n))[1:]"),
        ("range(n)[1]", "range(n)[1]"),
        ("a in range(n)", "a in range(n)"),
        ("sum(range(n) + [1])", "sum(tuple(range(n)) + (1,))"),
        ("1e16 + 1E-5", "1e16 + 1e-05"),
        ("[ceil(k*d) for  k in ns]", "tuple(math.ceil(k * d) for k in ns)"),
        ("[(1 if k else 2) for k in (a or b)]", "tuple(1 if k else 2 for k in a or b)"),
        ("[k for k in (a if c else b)]", "tuple(k for k in (a if c else b))"),
        ("a[1 : b]", "a[1:b]"),
        ("a[b+1:]", "a[b + 1 :]"),
        ("a[:b+1]", "a[: b + 1]"),
        ("a[::b*2]", "a[:: b * 2]"),
        ("a[-1:x.width:2]", "a[-1 : x.width : 2]"),
    ],
)
def test_python_source_has_only_the_parentheses_it_needs(text: str, source: str) -> None:
    assert parse_expression(text).unparse() == source


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("range(n)", "range(n)"),
        ("range(n)[1:]", "range(n)[1:]"),
        ("range(n) if a else [1]", "range(n) if a else (1,)"),
        ("range(n) + b", "tuple(range(n)) + b"),
        ("[k + 1 for k in range(n)]", "[k + 1 for k in range(n)]"),
        ("[[k] for k in [i for i in b]]", "[(k,) for k in [i for i in b]]"),
    ],
)
def test_what_is_only_gone_through_need_be_no_tuple(text: str, source: str) -> None:
    assert parse_expression(text).unparse(iterated=True) == source


def test_values_for_names_are_not_caught_by_the_name_of_a_lists_entries() -> None:
    made = parse_expression("[k * n + m for k in ns]")
    other = parse_expression("k + 1")
    bound = bind_names(made, {"n": other, "k": 7, "m": 2})
    assert bound.text == "[k_ * (k + 1) + 2 for k_ in ns]"
    assert bound.names == {"k", "ns"}
    assert bound.unparse({"k": "x"}) == "tuple(k_ * (x + 1) + 2 for k_ in ns)"


def test_the_name_of_a_lists_entries_hides_nothing_in_python_source() -> None:
    made = parse_expression("[sum(ns[:sum]) for sum in range(n)]")
    assert made.unparse() == "tuple(sum(ns[:sum_]) for sum_ in range(n))"


def test_names_are_renamed_in_python_source() -> None:
    expression = parse_expression("in_channels + x.channels * x.width")
    rename = {"x": "y", "x.channels": "x_channels", "in_channels": "width"}
    assert expression.unparse(rename) == "width + x_channels * y.width"


def list_ranges(found: Any) -> Any:
    is_list = isinstance(found, list | range | tuple)
    return [list_ranges(item) for item in found] if is_list else found


LEAVES = ["n", "channels", "ratio", "units", "flag", "kind", "2", "0.5", "'a'", "x.height", "true"]
FORMS = [
    "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / {1}", "{0} // {1}", "{0} % {1}", "{0} ** {1}",
    "-{0}", "+{0}", "not {0}", "{0} and {1}", "{0} or {1}", "{0} < {1}", "{0} == {1} != {2}",
    "{0} in {1}", "{0} if {1} else {2}", "{0}[{1}]", "{0}[{1}:{2}]", "{0}[::{1}]", "{0}[{1}::{2}]",
    "max({0}, {1})", "round({0})", "int({0})", "range({0})", "[{0}, {1}]", "sum({0})",
    "[{0} for n in {1}]",
]  # fmt: skip


def draw_expression(draw: random.Random, depth: int) -> str:
    if depth == 0 or draw.random() < 0.2:
        return draw.choice(LEAVES)
    parts = [draw_expression(draw, depth - 1) for _ in range(3)]
    return draw.choice(FORMS).format(*(f"({part})" for part in parts))


def test_python_source_is_what_ruff_would_leave() -> None:
    draw = random.Random(0)
    texts = [draw_expression(draw, 3) for _ in range(400)]
    written = [f"v = {parse_expression(text).unparse()}" for text in texts]
    source = "".join(f"{line}\n" for line in written if len(line) < 300)
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=320", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=True)
    assert done.stdout == source


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_python_source_computes_the_same_value() -> None:
    draw = random.Random(1)
    sizes = type("Sizes", (), VARIABLES["x"])  # type: ignore[arg-type]
    units = tuple(VARIABLES["units"])  # type: ignore[arg-type]
    names = {**VARIABLES, "units": units, "x": sizes, "math": math}
    compared = 0
    for text in (draw_expression(draw, 3) for _ in range(2000)):
        expression = parse_expression(text)
        try:
            value = expression.evaluate(VARIABLES)
        except ExpressionError:
            continue
        found = eval(expression.unparse(), names)
        assert list_ranges(found) == value
        compared += 1
    assert compared > 100


@settings(max_examples=100, deadline=None)
@given(SCALARS)
def test_a_written_expression_reads_back_as_itself(text: str) -> None:
    try:
        source = parse_expression(text).unparse()
    except ExpressionError:
        return
    assert parse_expression(source.replace("math.", "")).unparse() == source
