"""Offers on hand-made diagnostics: the lines that a fix changes, and how many can be fixed."""

from __future__ import annotations

from dataclasses import replace

from cnnspec.diagnostics import Diagnostic, Offer, Severity, Span, TextEdit
from cnnspec.report import findings
from cnnspec.report.offers import draw_offer

SOURCE = "".join(f"line {number}\n" for number in range(1, 13))


def edit(start: tuple[int, int], end: tuple[int, int], text: str) -> TextEdit:
    return TextEdit(Span("net.yaml", *start, *end), text)


def draw(*edits: TextEdit, source: str = SOURCE) -> list[str]:
    return draw_offer(Offer("change it", edits, True), source, 2)[1:]


HINT = Diagnostic(
    "small-fault",
    "it is small",
    Span("net.yaml", 2, 1, 2, 5),
    Severity.HINT,
    help=("change it", "or leave it"),
    offer=Offer("change it", (edit((2, 6), (2, 7), "two"),), True),
)


def test_lines_have_the_numbers_of_their_own_text() -> None:
    assert draw(edit((3, 1), (5, 1), ""), edit((10, 8), (10, 8), "\nnew")) == [
        " 3 - line 3",
        " 4 - line 4",
        " 9 + new",
    ]


def test_edits_of_one_line_are_one_change() -> None:
    assert draw(edit((3, 1), (3, 5), "row"), edit((3, 6), (3, 7), "three")) == [
        " 3 - line 3",
        " 3 + row three",
    ]


def test_lines_that_change_places_are_one_change() -> None:
    assert draw(edit((3, 1), (3, 7), "line 4"), edit((4, 1), (4, 7), "line 3")) == [
        " 3 - line 3",
        " 4 - line 4",
        " 3 + line 4",
        " 4 + line 3",
    ]


def test_a_last_line_without_a_line_break_changes_as_others_do() -> None:
    assert draw(edit((1, 7), (1, 7), "\nb"), source="\ufeffline 1") == [" 2 + b"]


def test_long_changes_and_long_lines_are_cut() -> None:
    shown = draw(edit((1, 1), (1, 1), "x\n" * 30), edit((2, 1), (2, 1), "y" * 200))
    assert len(shown) == 17
    assert shown[-1].endswith(" 18 more lines: --diff shows them")
    (_, long) = draw(edit((2, 1), (2, 1), "y" * 200))
    assert len(long) == 105
    assert long.endswith("...")


def test_an_offer_stands_in_the_place_of_the_help_that_says_the_same() -> None:
    assert findings.format_text([HINT], {"net.yaml": SOURCE}) == (
        "net.yaml:2:1: hint[small-fault]: it is small\n"
        "  |\n"
        "2 | line 2\n"
        "  | ^^^^\n"
        "  = help: or leave it\n"
        "  = help: change it (--fix)\n"
        "2 - line 2\n"
        "2 + line two\n"
    )


def test_changes_have_the_colours_of_a_diff() -> None:
    shown = findings.format_text([HINT], {"net.yaml": SOURCE}, colour=True)
    assert "\x1b[31m2 - line 2\x1b[0m\n\x1b[32m2 + line two\x1b[0m\n" in shown


def test_without_its_text_an_offer_is_left_out() -> None:
    assert "--fix" not in findings.format_text([HINT], {})


def test_the_count_says_how_findings_can_be_fixed() -> None:
    assert HINT.offer is not None
    unsafe = replace(HINT, offer=replace(HINT.offer, is_safe=False))
    none = replace(HINT, offer=None)
    assert findings.describe_count([HINT, none], 1) == (
        "2 hints in 1 file; 1 can be fixed with --fix"
    )
    assert findings.describe_count([unsafe], 1) == (
        "1 hint in 1 file; 1 can be fixed with --unsafe-fixes"
    )
    assert findings.describe_count([HINT, unsafe], 1) == (
        "2 hints in 1 file; 1 can be fixed with --fix, 1 more with --unsafe-fixes"
    )
