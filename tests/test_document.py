import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec import document
from cnnspec.diagnostics import Diagnostic, Span, SpecError
from cnnspec.document import Mapping, Scalar, Sequence, as_plain, read_document


def read(text: bytes | str) -> object:
    return as_plain(read_document(text, "f.yaml"))


def find_problems(text: bytes | str) -> tuple[Diagnostic, ...]:
    with pytest.raises(SpecError) as caught:
        read_document(text, "f.yaml")
    return caught.value.diagnostics


def list_problems(text: bytes | str) -> list[str]:
    return [
        f"{d.span.line}:{d.span.column} {d.rule}: {d.message}"
        for d in find_problems(text)
        if d.span is not None
    ]


@pytest.fixture(params=["C parser", "Python parser"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "Python parser":
        monkeypatch.setattr(yaml, "__with_libyaml__", False)
    elif not yaml.__with_libyaml__:
        pytest.skip("PyYAML was built without libyaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("~", None),
        ("null", None),
        ("True", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("on", "on"),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("010", 10),
        ("0o17", 15),
        ("0xfF", 255),
        ("-7", -7),
        ("+7", 7),
        ("1_000", "1_000"),
        ("1e-3", 0.001),
        ("1e5", 100000.0),
        (".5", 0.5),
        ("1.", 1.0),
        (".", "."),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
        ("!!int '8'", 8),
        ("!!null ''", None),
        ("9" * 18, 10**18 - 1),
        ("<<", "<<"),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    found = read(f"[{text}]")
    assert found == [value]
    assert isinstance(found, list)
    assert type(found[0]) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (".inf", ".inf is not a finite number"),
        ("-.INF", "-.INF is not a finite number"),
        (".nan", ".nan is not a finite number"),
        ("1e999", "1e999 is too large for a floating-point number"),
        ("1" * 19, f"the integer {'1' * 19} has more than 18 digits"),
        ("0x" + "f" * 20, f"the integer 0x{'f' * 20} has more than 18 digits"),
        ("1" * 65, "a number of 65 characters; the limit is 64"),
        ("!!int x", "'x' is not a value of the type !!int"),
        ("!!bool 1", "'1' is not a value of the type !!bool"),
    ],
)
def test_a_number_out_of_bounds_is_refused(text: str, message: str) -> None:
    (problem,) = find_problems(f"a: {text}\n")
    assert (problem.rule, problem.message) == ("invalid-number", message)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_columns_count_characters(mark: str) -> None:
    text = f"{mark}é: [日本, '😀']\nb:\n  - x  # why\n  - y\n"
    root = read_document(text.encode(), "f.yaml")
    assert isinstance(root, Mapping)
    first, second = root.entries
    assert first.key.span == Span("f.yaml", 1, 1, 1, 2)
    assert first.value.span == Span("f.yaml", 1, 4, 1, 13)
    assert isinstance(first.value, Sequence)
    assert [item.span.column for item in first.value.items] == [5, 9]
    assert first.value.items[1] == Scalar("😀", Span("f.yaml", 1, 9, 1, 12), quoted=True)
    assert second.value.span == Span("f.yaml", 3, 3, 3, 13)


def test_the_span_of_a_text_starts_after_its_anchor_and_tag() -> None:
    root = read_document("a: &x !!str  $(n)\n", "f.yaml")
    assert isinstance(root, Mapping)
    assert root.entries[0].value.span == Span("f.yaml", 1, 14, 1, 18)


def test_block_texts_count_as_quoted() -> None:
    root = read_document("a: |\n  1\n", "f.yaml")
    assert isinstance(root, Mapping)
    value = root.entries[0].value
    assert isinstance(value, Scalar)
    assert (value.value, value.quoted) == ("1\n", True)


def test_an_entry_is_found_by_its_key() -> None:
    root = read_document("a: 1\n2: b\n", "f.yaml")
    assert isinstance(root, Mapping)
    entry = root.get("a")
    assert entry is not None
    assert as_plain(entry.value) == 1
    assert root.get("2") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("b: &b {x: 1, y: 2}\nd: {<<: *b, z: 3}", {"x": 1, "y": 2, "z": 3}),
        ("b: &b {x: 1, y: 2}\nd: {y: 3, <<: *b}", {"y": 3, "x": 1}),
        ("b: &b {x: 1, y: 2}\nd: {<<: [{x: 0}, *b], w: 1}", {"x": 0, "y": 2, "w": 1}),
        ("b: &b {x: 1}\nc: &c {<<: *b, y: 2}\nd: {<<: *c}", {"x": 1, "y": 2}),
        ("d: {<<: {x: 1}}", {"x": 1}),
        ("d: {'<<': 1}", {"<<": 1}),
    ],
)
def test_merge_keys_are_flattened_and_explicit_keys_win(text: str, value: object) -> None:
    found = read(text)
    assert isinstance(found, dict)
    assert found["d"] == value


def test_an_overridden_key_keeps_its_place_in_the_merged_mapping() -> None:
    found = read("b: &b {stem: 1, body: 2, head: 3}\nd: {<<: *b, body: 4}")
    assert isinstance(found, dict)
    assert list(found["d"].items()) == [("stem", 1), ("body", 4), ("head", 3)]


def test_merged_keys_keep_their_own_spans() -> None:
    root = read_document("b: &b {x: 1}\nd: {<<: *b}", "f.yaml")
    assert isinstance(root, Mapping)
    merged = root.entries[1].value
    assert isinstance(merged, Mapping)
    assert merged.entries[0].key.span == Span("f.yaml", 1, 8, 1, 9)


def test_an_alias_can_be_a_key() -> None:
    assert read("a: &k foo\n*k : 3\n") == {"a": "foo", "foo": 3}


@pytest.mark.parametrize("text", ["a: !!null }", "{a: !!str }", "{a: &x }", "[!!null , 1]"])
def test_the_span_of_a_missing_text_ends_where_it_starts(text: str) -> None:
    try:
        root = read_document(text, "f.yaml")
    except SpecError:
        return
    node = root.entries[0].value if isinstance(root, Mapping) else root.items[0]
    assert node.span.column <= node.span.end_column <= len(text) + 1


@pytest.mark.parametrize("text", ["- &x\n  a:\n    bcdef: 1\n", "- !!map\n  a:\n    bcdef: 1\n"])
def test_a_mapping_below_its_anchor_covers_the_line_of_the_anchor(text: str) -> None:
    root = read_document(text, "f.yaml")
    assert isinstance(root, Sequence)
    first = text.index("\n")
    assert root.items[0].span == Span("f.yaml", 1, 3, 1, first + 1)


def test_an_anchor_can_be_set_again() -> None:
    assert read("[&a 1, *a, &a 2, *a]") == [1, 1, 2, 2]


def test_all_independent_problems_are_reported_at_once() -> None:
    text = "a: 1\nb: 2\na: 3\nc: .inf\nd: !x 3\ne: *foo\n[1]: 2\n~: 3\nf: {<<: 3}\nb: [&c [*c]]\n"
    assert list_problems(text) == [
        "3:1 duplicate-key: the key 'a' is given twice",
        "4:4 invalid-number: .inf is not a finite number",
        "5:4 unsupported-tag: the tag '!x' is not supported here",
        "6:4 unknown-anchor: no '&foo' stands before this alias",
        "7:1 invalid-key: a key must be a name or a number, got a list",
        "8:1 invalid-key: a key must be a name or a number, got null",
        "9:5 invalid-key: '<<' takes a mapping or a list of mappings, got 3",
        "10:1 duplicate-key: the key 'b' is given twice",
        "10:9 recursive-alias: this alias stands inside of what it refers to",
    ]


def test_a_duplicate_key_names_the_line_of_the_first() -> None:
    (problem,) = find_problems("x:\n  a: 1\n  b: 2\n  a: 3\n")
    assert problem.span == Span("f.yaml", 4, 3, 4, 4)
    assert problem.notes == ("first given at line 2",)


@pytest.mark.parametrize("tag", ["!!python/object:os.system", "!!set", "!!binary", "!x", "!"])
def test_other_tags_than_the_core_ones_are_refused(tag: str) -> None:
    assert [d.rule for d in find_problems(f"a: {tag} {{}}\n")] == ["unsupported-tag"]


def test_a_tag_must_fit_its_node() -> None:
    assert [d.rule for d in find_problems("[!!map [], !!int {}]")] == ["unsupported-tag"] * 2


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\xff\xfea", "1:1 invalid-encoding: the byte 0xff is not UTF-8 text"),
        (b"a: 1\n\xc3\xa9: \xff", "2:4 invalid-encoding: the byte 0xff is not UTF-8 text"),
        (b"\xef\xbb\xbf\xff", "1:1 invalid-encoding: the byte 0xff is not UTF-8 text"),
        (b"a: \x00", "1:4 invalid-encoding: the character U+0000 is not allowed in YAML"),
        (b"a:\n b\x1b", "2:3 invalid-encoding: the character U+001B is not allowed in YAML"),
        ("a: \ud800", "1:4 invalid-encoding: the character U+D800 is not allowed in YAML"),
        ('a: "\\0"', "1:4 invalid-encoding: the character U+0000 is not allowed in a spec"),
        ("", "1:1 empty-document: the file is empty"),
        ("# nothing\n", "1:1 empty-document: the file is empty"),
        ("---\n", "1:4 empty-document: the document is empty"),
        ("a: 1\n---\nb: 2", "2:1 several-documents: a second document starts here"),
        ("a: 1\n b: 2", "2:3 invalid-yaml: a ':' is not allowed here"),
        ("a: @x", "1:4 invalid-yaml: a value cannot start with this"),
        ("a:\n\t- b", "2:1 invalid-yaml: a value cannot start with this"),
        ("a: [1", "1:6 invalid-yaml: a ',' or ']' is missing"),
        ("a: {b: c", "1:9 invalid-yaml: a ',' or '}' is missing"),
        ("a: 'x", "1:6 invalid-yaml: a quoted text is never closed"),
        ("x: - a", "1:4 invalid-yaml: a list cannot start here"),
        ("a: }", "1:4 invalid-yaml: a value is missing here"),
    ],
)
@pytest.mark.usefixtures("parser")
def test_a_text_that_is_not_one_document_is_refused(data: bytes | str, problem: str) -> None:
    assert list_problems(data) == [problem]


def test_a_syntax_error_says_where_the_structure_around_it_starts() -> None:
    (problem,) = find_problems("x:\n  - a\n  b: c\n")
    assert problem.message == "this does not fit the list around it"
    assert problem.notes == ("while parsing a block collection that starts at line 2",)
    assert problem.help == ("check the indentation",)


def test_problems_before_a_syntax_error_are_kept() -> None:
    assert [d.rule for d in find_problems("a: 1\na: 2\nb: [")] == ["duplicate-key", "invalid-yaml"]


def test_an_escape_that_is_no_character_is_a_syntax_error() -> None:
    assert [d.rule for d in find_problems("!<%ED%A0%80> x")] == ["invalid-yaml"]


def test_nesting_up_to_the_limit_is_read() -> None:
    depth = document.MAX_DEPTH
    read("[" * depth + "]" * depth)
    assert [d.rule for d in find_problems("[" * (depth + 1) + "]" * (depth + 1))] == ["too-deep"]


def test_aliases_count_towards_the_nesting() -> None:
    text = "".join(f"- &a{i} [[[[[[[[*a{i - 1}]]]]]]]]\n" for i in range(1, 20))
    assert [d.rule for d in find_problems(f"- &a0 x\n{text}")] == ["too-deep"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[" * 100_000, "too-deep"),
        ("{a: " * 100_000, "too-deep"),
        ("- " * 100_000, "too-deep"),
        ("? " * 100_000, "too-deep"),
        ("x" * (document.MAX_BYTES + 1), "too-large"),
        ("".join(f"%TAG !{i}! x\n" for i in range(100_000)), "too-large"),
        ("&a [" + "*a, " * 10_000 + "]", "recursive-alias"),
        ("\n".join(f"k: {i}" for i in range(10_000)), "duplicate-key"),
    ],
    ids=["lists", "mappings", "block lists", "keys", "bytes", "directives", "cycle", "duplicates"],
)
def test_a_hostile_file_is_refused_at_once(text: str, rule: str) -> None:
    start = time.perf_counter()
    problems = find_problems(text)
    assert {problem.rule for problem in problems} == {rule}
    assert len(problems) <= document.MAX_PROBLEMS
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("joined", ["[{0}]", "{{<<: [{0}], z: 1}}"], ids=["lists", "merges"])
def test_a_billion_laughs_are_refused(joined: str) -> None:
    lines = ["a0: &a0 {x: lol}"]
    for i in range(1, 30):
        uses = ", ".join([f"*a{i - 1}"] * 9)
        lines.append(f"a{i}: &a{i} {joined.format(uses)}")
    start = time.perf_counter()
    assert [d.rule for d in find_problems("\n".join(lines))] == ["too-large"]
    assert time.perf_counter() - start < 5


def test_too_many_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_NODES", 10)
    assert read("[1, 2, 3, 4, 5, 6, 7, 8, 9]")
    assert list_problems("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]") == [
        "1:29 too-large: more than 10 values, with aliases written out"
    ]


YAML_PIECES = st.sampled_from(
    ["a", "b: ", "- ", "\n", "  ", "[", "]", "{", "}", ",", "&a ", "*a", "<<: ", "? ", "!!int "]
)
YAML_TRAPS = st.sampled_from(
    ["!<%FF>", "'", '"', "|", "#", "---", "...", "%YAML 1.2", "\t", "\ufeff"]
)
YAML_TEXTS = st.lists(st.one_of(YAML_PIECES, YAML_TRAPS), max_size=40).map("".join)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(), st.text(), YAML_TEXTS))
def test_nothing_but_a_spec_error_escapes(data: bytes | str) -> None:
    try:
        root = read_document(data, "f.yaml")
    except SpecError as error:
        assert error.diagnostics
        assert all(d.span is not None and d.message for d in error.diagnostics)
    else:
        as_plain(root)
