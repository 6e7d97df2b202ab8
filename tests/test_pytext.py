"""Any text whatever becomes literals, docstrings and comments that `ruff format` leaves alone."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.backends.pycode import format_comment, format_docstring, literal
from tests.ruff_format import assert_unchanged, needs_ruff

pytestmark = needs_ruff


@pytest.mark.parametrize(
    "value",
    [0, -1, 10**20, True, None, 0.1, -0.0, 1e-05, 1e16, 1.5e300, 1e22, 5e-324, float("inf")],
)
def test_literals_of_numbers_keep_their_value(value: object) -> None:
    text = literal(value).text
    assert_unchanged([([f"x = {text}"], 0)])
    assert eval(text) == value


def test_literals_of_collections() -> None:
    assert literal(((1, 2), [3], (), ("a",))).text == '((1, 2), [3], (), ("a",))'
    with pytest.raises(TypeError, match="no literal for set"):
        literal({1})


@pytest.mark.parametrize(
    "value",
    ["", "plain", 'say "hi"', "it's", "'\"", "back\\slash", "line\nbreak\r\t\0", "\u2028\x85\u202e",
     "\ud800", "é ü 卷积", "e\u0301", "\ufeff\u200b", "{x}", '"""', "ends with \\"],
)  # fmt: skip
def test_literals_of_strings_are_plain_and_keep_their_value(value: str) -> None:
    text = literal(value).text
    assert text.isprintable()
    assert ast.literal_eval(text) == value
    assert_unchanged([([f"x = {text}"], 0)])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("##[error]x", r"#\x23[error]x"),
        ("a ###vso[x] b", r"a ##\x23vso[x] b"),
        ("a ::error::b", r"a \x3a:error::b"),
        ("# # [x], C++::x, ##", "# # [x], C++::x, ##"),
    ],
)
def test_text_in_source_is_no_command_to_what_runs_it(text: str, shown: str) -> None:
    (line,) = format_docstring(text)
    assert line == f'"""{shown}"""'
    assert ast.literal_eval(line) == text
    assert format_comment(text) == [f"# {shown}"]
    assert literal(text).text == f'"{shown}"'.replace(r"\x3a", ":")


DOCSTRINGS = (
    "One line.",
    "A first line that is long enough to be wrapped at the width that the whole module has to keep"
    " to.\n\nA second paragraph.\n\nArgs:\n    x: A value.\n      More of it.\n\nThe end.",
    'Say """hi""" and "bye"',
    '"quoted"',
    "ends with a backslash \\",
    "control \x07 and \u202e and \ud800",
    '""""',
    "x" * 200,
    "a line that fits without the closing quotes but not with them, at indent zero, x",
)


@pytest.mark.parametrize("text", DOCSTRINGS)
def test_docstrings_are_left_as_they_are(text: str) -> None:
    for indent in (4, 8):
        lines = format_docstring(text, indent)
        head = [" " * (indent - 4) + "def f():"]
        assert_unchanged([([*head, *lines, " " * indent + "return 1"], indent - 4)])
        assert all(len(line) <= 88 for line in lines if " " in line.strip())


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from('"\\ \n'))))
@settings(max_examples=150, deadline=None)
def test_docstrings_of_any_text_are_one_string(text: str) -> None:
    lines = format_docstring(text, 4)
    source = "\n".join(["def f():", *lines, "    return 1"])
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert len(function.body) == (2 if lines else 1)


@given(st.text())
@settings(max_examples=150, deadline=None)
def test_comments_of_any_text_stay_comments(text: str) -> None:
    assert ast.parse("\n".join(format_comment(text, 4))).body == []


@pytest.mark.parametrize("text", ["fmt: off", "-*- coding: latin-1 -*-", "type: ignore", "x\n\ny"])
def test_comments_say_nothing_to_tools(text: str) -> None:
    lines = format_comment(text)
    assert_unchanged([([*lines, "x = 1"], 0)])
    assert not any("off:" in line or "type:" in line or "coding:" in line for line in lines)
