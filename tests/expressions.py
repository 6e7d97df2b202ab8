"""Variables that the tests of expressions use, and computing with them."""

import pytest
from hypothesis import strategies as st

from cnnspec.expressions import ExpressionError, Value, parse_expression

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


# Texts that hold the parts of expressions in any order.
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
