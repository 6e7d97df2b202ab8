"""What pycode lays out is what `ruff format` leaves as it is."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnspec.backends.pycode import (
    Binary,
    Bracketed,
    Call,
    Code,
    Comprehension,
    Expr,
    Star,
    format_condition,
    format_inline,
    format_signature,
    format_statement,
    literal,
)
from tests.ruff_format import INDENTS, assert_unchanged, needs_ruff

pytestmark = needs_ruff


def conv(name: str, *sizes: object, **options: object) -> Call:
    keywords = tuple((key, literal(value)) for key, value in options.items())
    return Call(name, tuple(literal(size) for size in sizes), keywords)


def keras(layer: str, *arguments: str, on: str = "x", **options: str) -> Call:
    keywords = tuple((key, Code(value)) for key, value in options.items())
    return Call(Call(layer, tuple(map(Code, arguments)), keywords), (Code(on),))


def call(name: str, *arguments: str | Expr, **options: str | Expr) -> Call:
    def read(value: str | Expr) -> Expr:
        return Code(value) if isinstance(value, str) else value

    keywords = tuple((key, read(value)) for key, value in options.items())
    return Call(name, tuple(map(read, arguments)), keywords)


CONV = conv("nn.Conv2d", 64, 64, kernel_size=3, padding=1, bias=False)
LONG_CONV = conv(
    "nn.Conv2d", 256, 512, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), groups=32, bias=False
)
LONG_NAME = "a_feature_map_with_quite_a_long_name"
NAMED = Bracketed(
    (
        Bracketed((literal("conv0"), LONG_CONV), "()"),
        Bracketed((literal("norm0"), conv("nn.BatchNorm2d", 64)), "()"),
        Bracketed((literal("relu0"), conv("nn.ReLU", inplace=True)), "()"),
    )
)
BRANCHES = tuple(Code(f"self.branch{number}(x)") for number in range(1, 5))

STATEMENTS: dict[str, tuple[str, Expr, str]] = {
    "short call": ("self.conv1 = ", CONV, ""),
    "long call": ("self.conv1 = ", LONG_CONV, ""),
    "very long call": (
        "self.projection_shortcut = ",
        conv("nn.Conv2d", 1, **{f"option_number_{number}": number for number in range(7)}),
        "",
    ),
    "split call": ("x = ", Call("f", (Code("a"),), (("b", Code("c")),), split=True), ""),
    "no arguments": ("self.flatten_everything = ", Call("nn.Flatten"), ""),
    "sequential": ("self.features = ", Call("nn.Sequential", (CONV, LONG_CONV, CONV)), ""),
    "short sequential": ("self.f = ", Call("nn.Sequential", (CONV, conv("nn.ReLU"))), ""),
    "split sequential": ("self.f = ", Call("nn.Sequential", (Code("a"),), split=True), ""),
    "ordered dict": ("self.f = ", Call("nn.Sequential", (Call("OrderedDict", (NAMED,)),)), ""),
    "returned": ("return ", Call("nn.Sequential", (LONG_CONV,)), ""),
    "keras short": ("x = ", keras("layers.ReLU", name='f"{name}_relu"'), ""),
    "keras": (
        "x = ",
        keras("layers.Conv2D", "f", "3", strides="2", use_bias="False", name='f"{name}_conv1"'),
        "",
    ),
    "keras long": (
        "x = ",
        keras(
            "layers.Conv2D",
            "filters",
            "3",
            strides="2",
            padding='"same"',
            use_bias="False",
            kernel_initializer='"he_normal"',
            name='f"{name}_conv1"',
        ),
        "",
    ),
    "keras, long call": (
        "shortcut = ",
        keras("layers.Add", on=f"[{LONG_NAME}, {LONG_NAME}]", name='f"{name}_the_sum_add"'),
        "",
    ),
    "keras, both long": (
        "shortcut = ",
        keras(
            "layers.DepthwiseConv2D",
            "7",
            depth_multiplier="1",
            padding='"same"',
            name='f"{name}_depthwise_convolution"',
            on=f"layers.ReLU()({LONG_NAME})",
        ),
        "",
    ),
    "concatenation": ("x = ", call("torch.cat", Bracketed(BRANCHES), dim="1"), ""),
    "short concatenation": ("x = ", call("torch.cat", "[x, y]", dim="1"), ""),
    "long concatenation": ("return ", call("torch.cat", Bracketed(BRANCHES * 2), dim="1"), ""),
    "nested calls": ("x = ", Code("F.relu(self.bn1(self.conv1(x)), inplace=True)"), ""),
    "deep nested calls": (
        "x = ",
        Code(
            "F.relu(self.normalization(self.convolution_number_one(x, scale_factor), momentum=0.1),"
            " inplace=True)"
        ),
        "",
    ),
    "one nested argument": (
        "x = ",
        call("F.relu", call("self.normalization", call("self.convolution", *[LONG_NAME] * 3))),
        "",
    ),
    "augmented list": ("layers += ", Bracketed((CONV, conv("nn.ReLU", inplace=True))), ""),
    "one-item list": ("layers += ", Bracketed((LONG_CONV,)), ""),
    "one-item tuple": ("pair = ", Bracketed((LONG_CONV,), "()"), ""),
    "empty list": ("a_list_of_layers = ", Bracketed(()), ""),
    "split list": ("layers = ", Bracketed((Code("a"), Code("b")), split=True), ""),
    "tuples of tuples": (
        "settings = ",
        literal(((3, 64, 1, 2), (4, 128, 2, 2), (6, 256, 2, 2), (3, 512, 2, 2), (1, 1024, 1, 1))),
        "",
    ),
    "starred comprehension": (
        "self.blocks = ",
        Call("nn.Sequential", (Star(Comprehension(Code("Block()"), "_", Code("range(3)"))),)),
        "",
    ),
    "long starred comprehension": (
        "self.blocks = ",
        Call(
            "nn.Sequential",
            (
                CONV,
                Star(
                    Comprehension(
                        Code("InvertedResidual(256, 64, expansion_ratio=6, stride=1)"),
                        "_",
                        Code("range(number_of_blocks)"),
                    )
                ),
            ),
        ),
        "",
    ),
    "list comprehension": (
        "blocks = ",
        Comprehension(CONV, "width, stride", Code("zip(widths, strides, strict=True)"), "[]"),
        "",
    ),
    "hugging comprehension": (
        "total = ",
        Call("sum", (Comprehension(CONV, "width", Code("self.all_of_the_widths")),)),
        "",
    ),
    "loop": ("for _ in ", Code("range(3)"), ":"),
    "long loop": (
        "for width, number in ",
        Code("zip((64, 128, 256, 512), (2, 2, 2, 2), (1, 2, 2, 2), strict=True)"),
        ":",
    ),
    "very long loop": (
        "for width, number in ",
        Code("zip((64, 128, 256, 512, 1024), (2, 2, 2, 2, 2), (1, 2, 2, 2, 1), (1, 2, 3, 4, 5))"),
        ":",
    ),
    "sum": ("x = ", Binary(Code("x"), "+", Code("shortcut")), ""),
    "long sum": (
        "x = ",
        Binary(Binary(Code(LONG_NAME), "+", Code(LONG_NAME)), "+", Code(LONG_NAME)),
        "",
    ),
    "sum of calls": (
        "return ",
        Binary(call("self.first", *[LONG_NAME] * 2), "+", call("self.second", LONG_NAME)),
        "",
    ),
    "sum ending in a call": (
        "return ",
        Binary(Code("x"), "+", call("self.second", *[LONG_NAME] * 2)),
        "",
    ),
    "mixed precedence": (
        "return ",
        Binary(
            Binary(Code(f"{LONG_NAME} + {LONG_NAME}"), "*", Code("scale")),
            "+",
            Binary(Code(LONG_NAME), "-", Code("shortcut - 1")),
        ),
        "",
    ),
    "sum as argument": (
        "x = ",
        call("F.relu", Code(f"{LONG_NAME} + {LONG_NAME} * {LONG_NAME}"), inplace="True"),
        "",
    ),
    "long name": ("self.a_name_that_is_not_short_itself = ", Code(f"{LONG_NAME}.{LONG_NAME}"), ""),
    "hopeless name": ("x = ", Code("a" * 100), ""),
    "long string": ("self.layer_name = ", literal("a long text " * 6), ""),
    "subscript": ("batch_size = ", Code(f"{LONG_NAME}.shape_of_it[0]"), ""),
    "subscript of a call": ("x = ", Code(f"self.compute({LONG_NAME}, {LONG_NAME})[0]"), ""),
    "method on a call": ("x = ", Code(f"x.mean((2, 3)).reshape({LONG_NAME}, {LONG_NAME}, 1)"), ""),
    "sum of attribute": ("x = ", Code(f"({LONG_NAME} + {LONG_NAME}).mean((2, 3), True)"), ""),
    "conditional": ("stride = ", Code(f"{LONG_NAME} if {LONG_NAME} == 0 else {LONG_NAME}"), ""),
    "conditional argument": (
        "x = ",
        call("f", Code(f"{LONG_NAME} if {LONG_NAME} == 0 else {LONG_NAME}"), stride="1"),
        "",
    ),
    "bracket just past the width": ("x = ", Code(f"layers({'q' * 67}) @ f(*(a for _ in b))"), ""),
    "sum ending in a subscript": ("x = ", Code(f"f({'q' * 60}) + g(long_name, y=1)[0]"), ""),
    "negated comparison": ("x = ", Code(f"not f({'q' * 60}) == g(long_name)"), ""),
    "statement": ("", call("super().__init__", *[LONG_NAME] * 3), ""),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements_are_left_as_they_are(name: str) -> None:
    prefix, expr, suffix = STATEMENTS[name]
    assert_unchanged(
        [(format_statement(prefix, expr, suffix, indent), indent) for indent in INDENTS]
    )


CONDITIONS = (
    "x",
    "stride != 1 or in_channels != out_channels",
    f"{LONG_NAME} != 1 or {LONG_NAME} != 2 and {LONG_NAME} or x",
    f"not {LONG_NAME} and not ({LONG_NAME} or {LONG_NAME})",
    f"not self.is_something({LONG_NAME}, {LONG_NAME}, {LONG_NAME})",
    f"{LONG_NAME}({LONG_NAME}) == {LONG_NAME}({LONG_NAME})",
    f"{LONG_NAME} is not None and {LONG_NAME} in ({LONG_NAME}, x)",
    LONG_NAME * 2,
)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions_are_left_as_they_are(condition: str) -> None:
    assert_unchanged(
        [
            (format_condition(keyword, Code(condition), indent), indent)
            for indent in INDENTS
            for keyword in ("if", "while")
        ]
    )


@pytest.mark.parametrize("name", ["f", "a_function_with_a_long_name_" * 2])
@pytest.mark.parametrize("returns", [None, "Tensor", "tuple[Tensor, Tensor]"])
@pytest.mark.parametrize(
    "parameters",
    [
        (),
        ("self",),
        ("self", "x: Tensor"),
        ("self", "in_channels: int", "channels: int = 64", "*", "stride: int = 1"),
        ("self", *(f"an_option_{n}: tuple[int, int] = (1, 1)" for n in range(4)), "**rest: int"),
        ("only_one_parameter: dict[str, int]",),
    ],
)
def test_signatures_are_left_as_they_are(
    name: str, returns: str | None, parameters: tuple[str, ...]
) -> None:
    if not parameters and returns and len(name) > 50:
        pytest.skip("a signature without parameters has to fit")
    assert_unchanged(
        [(format_signature(name, parameters, returns, indent), indent) for indent in INDENTS]
    )


def test_call_tries_one_indented_line_before_one_argument_per_line() -> None:
    assert format_statement("self.projection = ", LONG_CONV, indent=8)[1:] == [
        "            256,",
        "            512,",
        "            kernel_size=(3, 3),",
        "            stride=(2, 2),",
        "            padding=(1, 1),",
        "            groups=32,",
        "            bias=False,",
        "        )",
    ]
    call_of_three = call("self.combine", LONG_NAME, LONG_NAME)
    assert format_statement("self.projection = ", call_of_three) == [
        "self.projection = self.combine(",
        f"    {LONG_NAME}, {LONG_NAME}",
        ")",
    ]


def test_operators_get_the_parentheses_they_need() -> None:
    total = Binary(Code("a"), "+", Code("b"))
    either = Binary(Code("p"), "or", Code("q"))
    assert format_inline(Binary(total, "*", total)) == "(a + b) * (a + b)"
    assert format_inline(Binary(total, "-", total)) == "a + b - (a + b)"
    assert format_inline(Binary(either, "and", Code("not r"))) == "(p or q) and not r"
    assert format_inline(Binary(Code("a if p else b"), "+", Code("c"))) == "(a if p else b) + c"


def test_split_has_no_one_line_form() -> None:
    with pytest.raises(ValueError, match="split=True"):
        format_inline(Bracketed((Code("a"),), split=True))


NAMES = st.sampled_from(
    ["x", "self.conv1", "channels", "out_channels", "self.downsampling_path", LONG_NAME, "y.shape"]
)
LEAVES = st.one_of(
    NAMES.map(Code),
    st.sampled_from(
        ["channels * 4", 'f"{name}_conv1"', "x.shape[0]", "a or b", "2 * (a - 1)", "not x", "()"]
    ).map(Code),
    st.integers(-10, 4096).map(literal),
    st.text(max_size=20).map(literal),
    st.tuples(st.integers(0, 9), st.integers(0, 9)).map(literal),
    st.floats(allow_nan=False, allow_infinity=False).map(literal),
)
KEYS = st.sampled_from(["stride", "padding", "bias", "name", "kernel_initializer"])


def extend(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    items = st.lists(inner, max_size=4).map(tuple)
    keywords = st.dictionaries(KEYS, inner, max_size=4).map(lambda named: tuple(named.items()))
    functions = st.sampled_from(["nn.Conv2d", "F.relu", "layers.Dense", "self.convolution", "f"])
    split = st.sampled_from([False, False, False, True])
    calls = st.builds(Call, functions, items, keywords)
    loops = st.builds(
        Comprehension, inner, st.sampled_from(["_", "i, n"]), NAMES.map(Code),
        st.sampled_from(["()", "[]"]),
    )  # fmt: skip
    operators = st.sampled_from(["+", "-", "*", "==", "and", "or", "//", "<"])
    return st.one_of(
        calls,
        st.builds(Call, functions, items, keywords),
        st.builds(Call, calls, items, keywords),
        st.builds(Bracketed, items, st.sampled_from(["()", "[]"]), split),
        st.builds(
            lambda name, first, rest, named, flag: Call(name, (first, *rest), named, flag),
            functions, inner, items, keywords, split,
        ),
        st.builds(lambda name, loop: Call(name, (Star(loop),)), functions, loops),
        st.builds(lambda name, loop: Call(name, (loop,)), functions, loops),
        loops,
        st.builds(Binary, inner, operators, inner),
    )  # fmt: skip


EXPRESSIONS = st.recursive(LEAVES, extend, max_leaves=12)
FRAMES = st.one_of(
    st.tuples(
        st.sampled_from(["x = ", "self.first_convolution = ", "return ", "layers += "]), st.just("")
    ),
    st.tuples(st.sampled_from(["for i in ", "if ", "while "]), st.just(":")),
)


@pytest.mark.slow
@given(st.lists(st.tuples(FRAMES, EXPRESSIONS, st.sampled_from(INDENTS)), min_size=1, max_size=12))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_statement_is_left_as_it_is(
    cases: list[tuple[tuple[str, str], Expr, int]],
) -> None:
    assert_unchanged(
        [
            (format_statement(prefix, expr, suffix, indent), indent)
            for (prefix, suffix), expr, indent in cases
        ]
    )
