"""Edits of steps keep the layout and the comments of the text around them."""

from __future__ import annotations

from textwrap import indent

import pytest

from cnnspec.diagnostics import Span
from cnnspec.graph.walk import list_steps
from cnnspec.lint.edits import (
    DropField,
    DropText,
    InsertBefore,
    RemoveStep,
    ReplaceText,
    SetField,
    SwapSteps,
)
from cnnspec.lint.text.edits import find_text_edits
from cnnspec.lint.text.layout import Layout, UneditableError
from cnnspec.lint.text.lines import apply_edits
from cnnspec.lint.text.names import WrittenSteps
from cnnspec.resources import list_zoo, read_zoo
from cnnspec.spec.read import read_spec
from tests.lint.editing import HEADER, Choose, edit, read_zoo_spec
from tests.lint.field_edits import DROPS, SETS
from tests.lint.step_edits import INSERTS, REMOVES, REPLACES, SWAPS


@pytest.mark.parametrize("is_windows", [False, True], ids=["", "with the line ends of Windows"])
@pytest.mark.parametrize(
    ("before", "choose", "after"), [*SETS, *DROPS, *REMOVES, *INSERTS, *REPLACES, *SWAPS]
)
def test_an_edit_changes_its_step_alone(
    before: str, choose: Choose, after: str, is_windows: bool
) -> None:
    texts = [f"{HEADER}layers:\n{indent(text, '  ')}" for text in (before, after)]
    if is_windows:
        texts = [text.replace("\n", "\r\n") for text in texts]
    assert edit(texts[0], choose) == texts[1]
    read_spec(texts[1], "net.yaml")


REFUSED = [
    ("- &a {conv: 8}\n- *a\n", lambda find: [SetField(find("conv"), "bias", "false")], "anchor"),
    ("- &a {conv: 8}\n- *a\n", lambda find: [RemoveStep(find("conv"))], "anchor"),
    ("- conv: !!int 8\n- relu\n", lambda find: [RemoveStep(find("conv"))], "tag"),
    ("- linear: 8\n", lambda find: [DropField(find("linear"), "bias")], "not have that field"),
    ("- relu\n", lambda find: [DropField(find("relu"), "bias")], "not have that field"),
    (
        "- conv: 8\n  name: a\n- concat: [a, _]\n",
        lambda find: [RemoveStep(find("conv"))],
        "name is taken",
    ),
    ("a: {conv: 8}\nb: relu\nc: {add: [a, b]}\n", lambda f: [RemoveStep(f("relu"))], "name is"),
    (
        "- conv: 8\n  name: a\n- relu:\n  from: a\n",
        lambda find: [RemoveStep(find("relu"))],
        "takes another value",
    ),
    (
        "a: [relu, conv: 8]\nb: {relu: , from: a.0}\n",
        lambda find: [InsertBefore(find("conv"), "tanh")],
        "positions",
    ),
    ("- {conv: 8}\n- residual: [relu]\n", lambda f: [SwapSteps(f("conv"), f("relu"))], "one list"),
    ("- add: [_, _]\n", lambda find: [SetField(find("add"), "a", "1")], "no fields"),
    ("- residual: [relu]\n", lambda find: [SetField(find("residual"), "a", "1")], "no fields"),
    ("stem: {a: {linear: 3}, b: relu}\n", lambda f: [RemoveStep(f("linear"))], "as one step"),
    (
        "- residual: # sum\n    # of\n    - relu\n",
        lambda find: [RemoveStep(find("relu"))],
        "comment",
    ),
    (
        "- linear: 8\n",
        lambda find: [RemoveStep(find("linear")), SetField(find("linear"), "a", "1")],
        "each other's way",
    ),
]


@pytest.mark.parametrize(("layers", "choose", "reason"), REFUSED)
def test_an_edit_that_would_do_harm_is_refused(layers: str, choose: Choose, reason: str) -> None:
    with pytest.raises(UneditableError, match=reason):
        edit(f"{HEADER}layers:\n{indent(layers, '  ')}", choose)


def test_a_field_that_comes_from_the_defaults_is_set_in_the_step_and_cannot_be_dropped() -> None:
    text = f"{HEADER}defaults: {{linear: {{bias: true}}}}\nlayers:\n  - linear: 3\n"
    with pytest.raises(UneditableError):
        edit(text, lambda find: [DropField(find("linear"), "bias")])
    edited = edit(text, lambda find: [SetField(find("linear"), "bias", "false")])
    assert edited.endswith("  - linear: {out_features: 3, bias: false}\n")


def test_a_call_of_a_block_names_its_first_parameter() -> None:
    text = f"{HEADER}blocks:\n  unit: {{params: [wide, b=1], layers: [{{conv: $wide}}]}}\nlayers:\n"
    edited = edit(f"{text}  - unit: 8\n", lambda find: [SetField(find("unit"), "b", "2")])
    assert edited == f"{text}  - unit: {{wide: 8, b: 2}}\n"


def test_steps_of_another_file_are_not_edited() -> None:
    text = f"{HEADER}layers: [conv_bn: 8]\n"
    spec = read_spec(text, "net.yaml")
    with pytest.raises(UneditableError, match="not written in this file"):
        find_text_edits(Layout(text, "other.yaml"), WrittenSteps(spec), [RemoveStep(spec.steps[0])])


COMMENTS = [
    ("- relu # because\n- tanh\n", "# because", "- relu\n- tanh\n"),
    ("- relu\n  # because\n- tanh\n", "# because", "- relu\n- tanh\n"),
    ("- relu # a, because\n", ", because", "- relu # a\n"),
    ("- relu # a, b because\n", "a, ", "- relu # b because\n"),
]


@pytest.mark.parametrize(("before", "dropped", "after"), COMMENTS)
def test_a_comment_goes_without_a_trace(before: str, dropped: str, after: str) -> None:
    line = next(n for n, line in enumerate(before.splitlines(), 1) if dropped in line)
    column = before.splitlines()[line - 1].index(dropped) + 1
    span = Span("net.yaml", line, column, line, column + len(dropped))
    assert edit_text(before, DropText(span)) == after


def edit_text(text: str, change: DropText | ReplaceText) -> str:
    spec = read_spec(f"{HEADER}layers: [relu]", "net.yaml")
    return apply_edits(
        text, find_text_edits(Layout(text, "net.yaml"), WrittenSteps(spec), [change])
    )


def test_a_text_takes_the_place_of_another_behind_a_byte_order_mark() -> None:
    span = Span("net.yaml", 1, 3, 1, 7)
    assert edit_text("\ufeff- relu # é\n", ReplaceText(span, "tanh")) == "\ufeff- tanh # é\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", list_zoo())
def test_no_step_of_the_zoo_is_edited_into_a_broken_spec(name: str) -> None:
    text = read_zoo(name).decode()
    spec = read_zoo_spec(name, text)
    layout, written = Layout(text, spec.file), WrittenSteps(spec)
    for step in list_steps(spec):
        for change in (RemoveStep(step), SetField(step, "added", "[1, 2]")):
            try:
                edits = find_text_edits(layout, written, [change])
            except UneditableError:
                continue
            read_zoo_spec(name, apply_edits(text, edits))
