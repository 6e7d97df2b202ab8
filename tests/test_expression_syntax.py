"""What parses as an expression, alone or inside of a text, and what is refused."""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.expressions import (
    Expression,
    ExpressionError,
    Template,
    parse_scalar,
)
from tests.expressions import SCALARS, VARIABLES, fail


@pytest.mark.parametrize(
    "text",
    [
        "lambda: 1",
        "(i for i in n)",
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


ONE_LIST = "a list is made from one list, by one name"
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
        ("[i for i in n if i]", ONE_LIST, "[i for i in n if i]"),
        ("[i for i in n for j in n]", ONE_LIST, "[i for i in n for j in n]"),
        ("[i for i, j in n]", ONE_LIST, "[i for i, j in n]"),
        ("[1 for _ in n]", "'_' cannot be the name of a list's entries", "[1 for _ in n]"),
        ("[1 for true in n]", "'true' cannot be the name of a list's entries", "[1 for true in n]"),
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
