"""Expressions reach nothing but arithmetic, whatever Python would make of them."""

from __future__ import annotations

import ast
import builtins
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.expressions import Expression, ExpressionError, Template, parse_scalar
from cnnspec.expressions.syntax import FUNCTIONS
from tests.attacks import syntax
from tests.attacks.texts import TEXTS
from tests.expressions import SCALARS, VARIABLES

# What an expression may be made of, and what code is that says it.
ALLOWED = (
    ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Store, ast.List, ast.UnaryOp, ast.BinOp,
    ast.BoolOp, ast.IfExp, ast.Compare, ast.Subscript, ast.Slice, ast.Attribute, ast.ListComp,
    ast.comprehension, ast.GeneratorExp, ast.Tuple, ast.Call, ast.unaryop, ast.operator, ast.boolop,
    ast.cmpop,
)  # fmt: skip
FRAMES = ("{}", "$({})", "a$({})b", "$([{}])", "$({}.channels)", "$([{} for a in units])")
# What Python tells of when anything is opened, run or imported.
_reached: list[str] | None = None


def _listen(event: str, _: object) -> None:
    # Reading text into a tree is a compilation to Python; everything else goes further.
    if _reached is not None and event.split(".")[0] in (
        "open", "import", "exec", "os", "subprocess", "socket", "ctypes", "builtins", "object",
    ):  # fmt: skip
        _reached.append(event)


sys.addaudithook(_listen)


@contextmanager
def listening() -> Iterator[list[str]]:
    global _reached
    _reached = reached = []
    try:
        yield reached
    finally:
        _reached = None


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """What a message needs is imported when it is first needed."""
    import difflib  # noqa: F401

    # Constructors are made when they are first called.
    parsed = parse_scalar("a$(n + 1)b")
    assert isinstance(parsed, Template)
    parsed.evaluate(VARIABLES)


def evaluate(text: str) -> None:
    """Read and compute; anything but a plain value or an error of the language fails."""
    with warnings.catch_warnings(), listening() as reached:
        warnings.simplefilter("error")
        try:
            parsed = parse_scalar(text)
            if not isinstance(parsed, str):
                assert_plain(parsed.evaluate(VARIABLES))
        except ExpressionError as error:
            assert error.message
            assert len(error.message) < 2_000
            assert 0 <= error.start < error.end
            parsed = ""
    assert not reached
    for part in parsed.parts if isinstance(parsed, Template) else (parsed,):
        if isinstance(part, Expression):
            assert_arithmetic(part.unparse())


def assert_plain(value: object) -> None:
    if type(value) is list:
        for item in value:
            assert_plain(item)
    elif type(value) is dict:
        assert value == VARIABLES["x"]
    else:
        assert type(value) in (bool, int, float, str, type(None))


def assert_arithmetic(code: str) -> None:
    """Code that says an expression is an expression of the same kind."""
    tree = ast.parse(code, mode="eval")
    for node in ast.walk(tree):
        assert isinstance(node, ALLOWED)
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).removeprefix("math.")
            # A list is said as a tuple, which nothing can change.
            assert name in FUNCTIONS or name == "tuple"
            assert not node.keywords
        elif isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_")
        elif isinstance(node, ast.comprehension):
            assert not node.ifs
            assert not node.is_async


@pytest.mark.parametrize("frame", FRAMES)
def test_no_text_of_the_corpus_reaches_python(frame: str) -> None:
    for text in TEXTS:
        evaluate(frame.replace("{}", text))


@settings(max_examples=300, deadline=None, database=None)
@given(st.integers(0, 2**32), st.sampled_from(FRAMES))
def test_no_python_expression_reaches_python(seed: int, frame: str) -> None:
    evaluate(frame.replace("{}", syntax.draw_text(Random(seed))))


@settings(max_examples=100, deadline=None, database=None)
@given(SCALARS, st.sampled_from(FRAMES))
def test_no_text_reaches_python(text: str, frame: str) -> None:
    evaluate(frame.replace("{}", text))


@pytest.mark.slow
@pytest.mark.exhaustive
def test_none_of_many_expressions_reaches_python() -> None:
    for seed in range(100_000):
        evaluate(FRAMES[seed % len(FRAMES)].replace("{}", syntax.draw_text(Random(seed))))


def test_every_kind_of_expression_is_drawn() -> None:
    kinds = {kind for kind in ast.expr.__subclasses__() if kind.__doc__}
    assert {ast.Lambda, ast.Await, ast.NamedExpr, ast.JoinedStr, ast.Yield} <= kinds
    for kind in kinds:
        assert all(" " not in form for form, _ in syntax.list_fields(kind))


def test_no_builtin_is_a_function_of_the_language() -> None:
    for name in {*dir(builtins)} - {*FUNCTIONS}:
        with pytest.raises(ExpressionError):
            parse_scalar(f"$({name}(1))")
