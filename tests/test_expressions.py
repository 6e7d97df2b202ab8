import math
import random
import subprocess
import sys
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.expressions import (
    Expression,
    ExpressionError,
    Template,
    Value,
    parse_expression,
    parse_scalar,
)

VARIABLES: dict[str, Value] = {
    "n": 3,
    "channels": 64,
    "units": [3, 4, 6, 3],
    "x": {"channels": 8, "height": 4},
    "ratio": 0.5,
    "kind": "abc",
    "flag": True,
    "nothing": None,
}


def compute(text: str) -> Value:
    return parse_expression(text).evaluate(VARIABLES)


def fail(text: str) -> tuple[str, str]:
    """Give the message of an expression that fails, and the characters that it points at."""
    with pytest.raises(ExpressionError) as caught:
        compute(text)
    return caught.value.message, text[caught.value.start : caught.value.end]


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


@pytest.mark.parametrize(
    "text",
    [
        "lambda: 1",
        "[i for i in n]",
        "f'{n}'",
        "b'x'",
        "n is 3",
        "...",
        "min(a=1)",
        "min(*units)",
        "[*units]",
        "units[0:1, 2]",
        "n.real()",
        "units[0](1)",
    ],
)
def test_other_syntax_than_arithmetic_is_refused(text: str) -> None:
    assert fail(text)[0] == "only arithmetic is allowed in an expression"


ONLY_SIZES = "only a size of a named value can follow a dot"


@pytest.mark.parametrize(
    ("text", "message", "blamed"),
    [
        ("n n", "this is not a valid expression", "n"),
        ("1)+(2", "this is not a valid expression", ")"),
        ("n := 3", "this is not a valid expression", ":"),
        ("*n", "this is not a valid expression", "*"),
        ("007", "this is not a valid expression", "0"),
        ("", "an expression is missing here", ""),
        (" \n ", "an expression is missing here", " \n "),
        ("1 + {}", "'{' is not part of an expression", "{"),
        ("n @ 2", "'@' is not part of an expression", "@"),
        ("n # 2", "'#' is not part of an expression", "#"),
        ("'a\\n'", "the text is not closed, or holds what cannot be printed", "'"),
        ("'a\x00'", "the text is not closed, or holds what cannot be printed", "'"),
        ('"abc', "the text is not closed, or holds what cannot be printed", '"'),
        ("n\x00", "'\\x00' is not part of an expression", "\x00"),
        ("2 * é", "'é' is not part of an expression", "é"),
        ("ﬁ", "'ﬁ' is not part of an expression", "ﬁ"),
        ("0x10", "'0x10' is not a decimal number", "0x10"),
        ("1_000", "'1_000' is not a decimal number", "1_000"),
        ("1j", "'1j' is not a decimal number", "1j"),
        ("1if n else 2", "'1if' is not a decimal number", "1if"),
        ("1 + _", "the name '_' must start with a letter", "_"),
        ("__name__", "the name '__name__' must start with a letter", "__name__"),
        ("[].__len__", f"{ONLY_SIZES}, not '__len__'", "[].__len__"),
        ("x.__class__", f"{ONLY_SIZES}, not '__class__'", "x.__class__"),
        ("units[0].width", f"{ONLY_SIZES}, not 'width'", "units[0].width"),
        ("open('f')", "unknown function 'open'", "open('f')"),
        ("rnge(1)", "unknown function 'rnge', did you mean 'range'?", "rnge(1)"),
    ],
)
def test_a_text_that_is_no_expression_is_refused(text: str, message: str, blamed: str) -> None:
    assert fail(text) == (message, blamed)


@pytest.mark.parametrize(
    "text", ["-" * 900 + "1", "(" * 400 + "1" + ")" * 400, "[" * 90 + "]" * 90, "+".join("1" * 99)]
)
def test_deep_nesting_is_refused(text: str) -> None:
    assert fail(text)[0] in (
        "an expression nests more than 50 levels deep",
        "this is not a valid expression",
    )


def test_a_long_expression_is_refused() -> None:
    message, _ = fail("1 " * 100_000)
    assert message == "an expression of 200000 characters; the limit is 1000"


def test_an_expression_knows_its_names_and_functions() -> None:
    expression = parse_expression("ceil(n * x.channels) if flag else max(true, [n])")
    assert expression.names == {"n", "x", "flag"}
    assert expression.functions == {"ceil", "max"}


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression("c").evaluate({"height": 1, "b": 2})
    assert caught.value.help == "known here: b, height"


@pytest.mark.parametrize("text", ["", "relu", "a b", "(n)", "12:30"])
def test_a_scalar_without_a_dollar_sign_is_its_own_text(text: str) -> None:
    assert parse_scalar(text) == text


def test_two_dollar_signs_are_one() -> None:
    assert parse_scalar("$$(n) $$") == "$(n) $"


@pytest.mark.parametrize(
    ("text", "inner", "offset"),
    [("$n", "n", 1), ("$(n + 1)", "n + 1", 2), ("$( ')' )", " ')' ", 2), ("$((n))", "(n)", 2)],
)
def test_an_expression_can_be_the_whole_scalar(text: str, inner: str, offset: int) -> None:
    expression = parse_scalar(text)
    assert isinstance(expression, Expression)
    assert (expression.text, expression.offset) == (inner, offset)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("layer$(n + 1)", "layer4"),
        ("a$n", "a3"),
        ("$n.$kind", "3.abc"),
        ("$n$n", "33"),
        ("$$$n", "$3"),
        ("$flag-$ratio", "true-0.5"),
        ("$x_", "y"),
        ("$(n) ", "3 "),
    ],
)
def test_a_template_fills_in_its_values(text: str, value: str) -> None:
    template = parse_scalar(text + "." if text == "$x_" else text)
    assert isinstance(template, Template)
    assert template.evaluate({**VARIABLES, "x_": "y"}).rstrip(".") == value


def test_a_template_knows_the_names_of_all_its_parts() -> None:
    template = parse_scalar("a$(i + j).$k")
    assert isinstance(template, Template)
    assert template.names == {"i", "j", "k"}


@pytest.mark.parametrize(
    ("text", "message", "blamed", "help"),
    [
        ("a $(1 / 0) b", "division by zero", "1 / 0", ""),
        ("a $(b c)", "this is not a valid expression", "c", ""),
        ("é$(  1 / 0)", "division by zero", "1 / 0", ""),
        ("a$units", "[3, 4, 6, 3] cannot stand inside of a text", "units", ""),
        ("a$nothing", "null cannot stand inside of a text", "nothing", ""),
        (
            "$x.channels",
            "a value with sizes cannot stand inside of a text",
            "x",
            "for one of its sizes write $(x.channels)",
        ),
        (
            "5$",
            "'$' starts an expression, as in $name or $(2 * name)",
            "$",
            "write $$ for a dollar sign",
        ),
        (
            "$(max(a",
            "'$(' is never closed",
            "$(max(a",
            "quote the whole text: inside of {...} and [...] YAML ends an unquoted one at a comma",
        ),
    ],
)
def test_errors_count_from_the_start_of_the_scalar(
    text: str, message: str, blamed: str, help: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parsed = parse_scalar(text)
        assert not isinstance(parsed, str)
        parsed.evaluate(VARIABLES)
    error = caught.value
    assert (error.message, text[error.start : error.end], error.help) == (message, blamed, help)


def test_a_template_is_bounded() -> None:
    template = parse_scalar("$s" * 9)
    assert isinstance(template, Template)
    with pytest.raises(ExpressionError, match="a text of over 10000 characters"):
        template.evaluate({"s": "x" * 5000})
    with pytest.raises(ExpressionError, match="a text with expressions has over 10000 characters"):
        parse_scalar("$n " * 5000)


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
        ("(1,)", "[1]"),
        ("true or null", "True or None"),
        ("ceil(a / 2)", "math.ceil(a / 2)"),
        ("floor(a)", "math.floor(a)"),
        ("divisible_by(a,8)", "divisible_by(a, 8)"),
        ("range(n)", "range(n)"),
        ("1e16 + 1E-5", "1e16 + 1e-05"),
        ("a[1 : b]", "a[1:b]"),
        ("a[b+1:]", "a[b + 1 :]"),
        ("a[:b+1]", "a[: b + 1]"),
        ("a[::b*2]", "a[:: b * 2]"),
        ("a[-1:x.width:2]", "a[-1 : x.width : 2]"),
    ],
)
def test_python_source_has_only_the_parentheses_it_needs(text: str, source: str) -> None:
    assert parse_expression(text).unparse() == source


def test_names_are_renamed_in_python_source() -> None:
    expression = parse_expression("in_channels + x.channels * x.width")
    rename = {"x": "y", "x.channels": "x_channels", "in_channels": "width"}
    assert expression.unparse(rename) == "width + x_channels * y.width"


LEAVES = ["n", "channels", "ratio", "units", "flag", "kind", "2", "0.5", "'a'", "x.height", "true"]
FORMS = [
    "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / {1}", "{0} // {1}", "{0} % {1}", "{0} ** {1}",
    "-{0}", "+{0}", "not {0}", "{0} and {1}", "{0} or {1}", "{0} < {1}", "{0} == {1} != {2}",
    "{0} in {1}", "{0} if {1} else {2}", "{0}[{1}]", "{0}[{1}:{2}]", "{0}[::{1}]", "{0}[{1}::{2}]",
    "max({0}, {1})", "round({0})", "int({0})", "range({0})", "[{0}, {1}]", "sum({0})",
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
    names = {**VARIABLES, "x": sizes, "math": math}
    compared = 0
    for text in (draw_expression(draw, 3) for _ in range(2000)):
        expression = parse_expression(text)
        try:
            value = expression.evaluate(VARIABLES)
        except ExpressionError:
            continue
        found = eval(expression.unparse(), names)
        assert (list(found) if isinstance(found, range) else found) == value
        compared += 1
    assert compared > 100


PIECES = st.sampled_from(
    [
        "n",
        "units",
        "x.height",
        ".channels",
        "1",
        "2.5",
        "1e9",
        "99999",
        "'a'",
        '"',
        "'",
        "(",
        ")",
        "[",
        "]",
        ",",
        ":",
        "+",
        "-",
        "*",
        "**",
        "/",
        "//",
        "%",
        "not",
        "and",
        "or",
        "if",
        "else",
        "in",
        "==",
        "<",
        "lambda",
        "max(",
        "range(",
        "sum(",
        "_",
        "é",
        "\\",
        "\n",
        "$",
        "$(",
        "$$",
        "=",
        "#",
        "true",
    ]
)
SCALARS = st.one_of(st.text(max_size=30), st.lists(PIECES, max_size=15).map(" ".join))


@settings(max_examples=200, deadline=None)
@given(SCALARS, st.sampled_from(["{}", "$({})", "a$({})b"]))
def test_nothing_but_an_expression_error_escapes(inner: str, frame: str) -> None:
    text = frame.format(inner)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            parsed = parse_scalar(text)
            if not isinstance(parsed, str):
                parsed.evaluate(VARIABLES)
        except ExpressionError as error:
            assert error.message
            assert 0 <= error.start < error.end <= max(len(text), error.start + 1)


@settings(max_examples=100, deadline=None)
@given(SCALARS)
def test_a_written_expression_reads_back_as_itself(text: str) -> None:
    try:
        source = parse_expression(text).unparse()
    except ExpressionError:
        return
    assert parse_expression(source.replace("math.", "")).unparse() == source
