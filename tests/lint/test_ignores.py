"""Comments that ignore findings: which are found, what they are for, and which cannot be read."""

from __future__ import annotations

import time

import pytest
import yaml

from cnnspec.diagnostics import Span
from cnnspec.document import MAX_BYTES, read_document
from cnnspec.lint.ignores import Ignore, find_ignores


def find(text: str) -> list[Ignore]:
    read_document(text, "net.yaml")
    ignores, problems = find_ignores(text, "net.yaml")
    assert problems == []
    return ignores


def list_rules(text: str) -> list[tuple[int, list[str]]]:
    """The line that each comment is for, with its rules."""
    return [(ignore.line, [rule for rule, _ in ignore.rules]) for ignore in find(text)]


def cut(line: str, span: Span) -> str:
    return line[span.column - 1 : span.end_column - 1]


@pytest.fixture(params=[True, False], ids=["libyaml", "python"])
def scanner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.param:
        monkeypatch.setattr(yaml, "__with_libyaml__", False)


def test_a_comment_behind_a_step_is_for_its_line() -> None:
    line = "b: 2   # cnnspec: ignore[one-rule,  other]  as in\tthe paper "
    (ignore,) = find(f"a: 1\n{line}\n")
    assert (ignore.line, ignore.reason) == (2, "as in the paper")
    assert [rule for rule, _ in ignore.rules] == ["one-rule", "other"]
    assert [cut(line, span) for _, span in ignore.rules] == ["one-rule", "other"]
    assert cut(line, ignore.span) == line[7:-1]
    assert ignore.span.line == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\n# cnnspec: ignore[x]\nb: 2\n", 3),
        ("a: 1\n  # why # cnnspec: ignore[x]\n\n# more\n  \nb: 2\n", 6),
        ("a: 1\nb: 2\n# cnnspec: ignore[x]\n", 3),
        ("\ufeff# cnnspec: ignore[x]\na: 1\n", 2),
        ("# cnnspec: ignore[x]\r\na: 1\r\n", 2),
    ],
    ids=["the next", "below nothing and comments", "none below", "behind a mark", "line ends"],
)
def test_a_comment_alone_is_for_the_next_line_with_more(text: str, line: int) -> None:
    assert list_rules(text) == [(line, ["x"])]


@pytest.mark.usefixtures("scanner")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('a: "# cnnspec: ignore[x]"', []),
        ("a: '# cnnspec: ignore[x]' # cnnspec: ignore[y]", [(1, ["y"])]),
        ("a: 'over\n  # cnnspec: ignore[x]\n  lines'", []),
        ("a: |\n  # cnnspec: ignore[x]\n  text\n# cnnspec: ignore[y]\nb: 1", [(5, ["y"])]),
        ("a: >- # cnnspec: ignore[y]\n  # cnnspec: ignore[x]\nb: 1", [(1, ["y"])]),
        ("a: b#cnnspec ignore[x]", []),
        ("a: b\n  c # cnnspec: ignore[y]", [(2, ["y"])]),
        ("a: [1,#cnnspec:ignore[y]\n  2]", [(1, ["y"])]),
        ("a: {b: 1, # cnnspec: ignore[y]\n  c: 2} # cnnspec: ignore[z]", [(1, ["y"]), (2, ["z"])]),
    ],
)
def test_what_looks_like_a_comment_in_a_text_is_none(
    text: str, found: list[tuple[int, list[str]]]
) -> None:
    assert list_rules(text) == found


def test_a_line_may_hold_several() -> None:
    text = "a: 1 # why # cnnspec: ignore[x] so # cnnspec: ignore[y] and so"
    first, second = find(text)
    assert (first.reason, second.reason) == ("so", "and so")
    assert cut(text, first.span) == "# cnnspec: ignore[x] so"
    assert cut(text, second.span) == "# cnnspec: ignore[y] and so"


@pytest.mark.parametrize(
    ("comment", "message", "marked"),
    [
        ("# cnnspec: ignore", "an ignore names its rules in brackets", "ignore"),
        ("# cnnspec: ignore x", "an ignore names its rules in brackets", "ignore"),
        ("# cnnspec: ignore[]", "a rule's name is missing here", "[]"),
        ("# cnnspec: ignore[x,]", "a rule's name is missing here", "[x,]"),
        ("# cnnspec: ignore[x, y", "this bracket is not closed", "["),
        ("# cnnspec: ignore[x y]", "rules have commas between them", "x y"),
        ("# cnnspec: ignore[x, y, x]", "'x' is named twice", "x"),
        ("# cnnspec: ignroe[x]", "there is no comment 'cnnspec: ignroe'", "ignroe"),
        ("# cnnspec: Ignore[x]", "there is no comment 'cnnspec: Ignore'", "Ignore"),
        (
            "# cnnspec ignore[x]",
            "an ignore begins with '# cnnspec: ignore'",
            "# cnnspec ignore",
        ),
        (
            "# CNNSPEC: ignore[x]",
            "an ignore begins with '# cnnspec: ignore'",
            "# CNNSPEC: ignore",
        ),
    ],
)
def test_a_comment_that_cannot_be_read_is_an_error(comment: str, message: str, marked: str) -> None:
    text = f"a: 1 {comment}\n"
    ignores, (problem,) = find_ignores(text, "net.yaml")
    assert ignores == []
    assert (problem.rule, problem.message) == ("invalid-ignore", message)
    assert problem.help == ("write '# cnnspec: ignore[bias-before-norm] and why'",)
    assert problem.span is not None
    assert cut(text, problem.span) == marked


def test_other_comments_about_us_are_left_alone() -> None:
    text = "# cnnspec: 1\n# cnnspec ignores unread rows\n# cnnspec: signed\n# ignore[x]\na: 1\n"
    assert find(text) == []


def test_a_text_without_such_a_comment_is_not_scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("scanned")

    monkeypatch.setattr(yaml, "scan", fail)
    assert find("cnnspec: 1\nlayers: [relu] # the only one\n") == []
    with pytest.raises(AssertionError, match="scanned"):
        find("layers: [relu] # cnnspec: ignore[x]\n")


@pytest.mark.parametrize(
    "piece",
    [
        "# cnnspec: ignore[a]\n",
        "# cnnspec: ignore[a]",
        "# cnnspec: inore\n",
        "#",
        "#cnnspec  ",
        " ",
    ],
)
def test_a_hostile_text_is_read_promptly(piece: str) -> None:
    text = "# cnnspec: ignore[" + piece * (MAX_BYTES // 8 // len(piece))
    started = time.process_time()
    find_ignores(text, "net.yaml")
    # A sanity bound far above what it takes, and far below what a square of it would.
    assert time.process_time() - started < 5
