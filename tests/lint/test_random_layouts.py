"""Edits of steps that are laid out at random: the text then says what was meant, and no more."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.document import Mapping, as_plain, read_document
from cnnspec.lint.edits import DropField, InsertAfter, InsertBefore, RemoveStep, SetField, SwapSteps
from tests.lint.editing import HEADER, Choose, edit

FIELDS = {"out_channels": "8", "kernel_size": "[3, 3]", "bias": "'$(1 == 1)'"}


@dataclass(frozen=True)
class Written:
    """A step as it is written in a list in block style and in brackets, and what it says."""

    block: str
    flow: str
    value: object


@st.composite
def write_step(draw: st.DrawFn, number: int) -> Written:
    """A convolution with fields, brackets, lines and comments as they come."""
    names = draw(st.lists(st.sampled_from(list(FIELDS)), min_size=1, unique=True))
    pairs = [(name, FIELDS[name]) for name in names]
    value: dict[str, object] = {"conv": {name: as_plain(_read(text)) for name, text in pairs}}
    braces = f"{{{draw(st.sampled_from(['', ' ']))}{', '.join(f'{n}: {t}' for n, t in pairs)}}}"
    comment = draw(st.sampled_from(["", f" # {number}", f"  # - {number}: {{"]))
    named = draw(st.booleans())
    if named:
        value["name"] = f"step{number}"
    name = f"name: step{number}"
    flow = f"{{conv: {braces}, {name}}}" if named else f"{{conv: {braces}}}"
    block = f"- {flow}{comment}\n"
    match draw(st.sampled_from(["braces", "line", "lines"])):
        case "line":
            block = f"- conv: {braces}{comment}\n" + (f"  {name}\n" if named else "")
        case "lines":
            fields = "".join(f"    {name}: {text}{comment}\n" for name, text in pairs)
            block = f"- conv:{comment}\n{fields}" + (f"  {name}{comment}\n" if named else "")
    return Written(block, flow, value)


def _read(text: str) -> object:
    return read_document(text, "")


@st.composite
def write_steps(draw: st.DrawFn) -> tuple[str, list[object]]:
    """A list of steps with its value."""
    count = draw(st.integers(2, 5))
    steps = [draw(write_step(number)) for number in range(count)]
    style = draw(st.sampled_from(["block", "flow", "lines"]))
    if style == "flow":
        text = f"layers: [{', '.join(step.flow for step in steps)}] # all\n"
    elif style == "lines":
        end = draw(st.sampled_from(["", ","]))
        lines = [f"  {step.flow}," for step in steps[:-1]]
        last = f"  {steps[-1].flow}{end}"
        text = "layers: [\n" + "\n".join(f"{line} # c" for line in [*lines, last]) + "\n]\n"
    else:
        gap = draw(st.sampled_from(["", "# between\n", "\n"]))
        blocks = [step.block for step in steps]
        text = "layers:\n" + gap.join(
            "".join(f"  {line}\n" for line in block.splitlines()) for block in blocks
        )
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    return f"{HEADER}{text}".replace("\n", newline), [step.value for step in steps]


def read_layers(text: str) -> object:
    document = read_document(text, "net.yaml")
    assert isinstance(document, Mapping)
    entry = document.get("layers")
    assert entry is not None
    return as_plain(entry.value)


def check(text: str, choose: Choose, wanted: object) -> str:
    edited = edit(text, choose)
    assert read_layers(edited) == wanted
    assert ("\r\n" in text) == ("\r\n" in edited)
    assert edited.replace("\r\n", "").count("\r") == 0
    return edited


@settings(max_examples=40, deadline=None)
@given(write_steps(), st.data())
def test_a_random_step_goes_and_all_others_stay(
    written: tuple[str, list[object]], data: st.DataObject
) -> None:
    text, steps = written
    place = data.draw(st.integers(0, len(steps) - 1))
    check(text, lambda find: [RemoveStep(find("conv", place))], steps[:place] + steps[place + 1 :])


@settings(max_examples=40, deadline=None)
@given(write_steps(), st.data())
def test_a_step_comes_beside_a_random_one(
    written: tuple[str, list[object]], data: st.DataObject
) -> None:
    text, steps = written
    place = data.draw(st.integers(0, len(steps) - 1))
    new = {"linear": 3}
    wanted = [*steps[:place], new, *steps[place:]]
    check(text, lambda find: [InsertBefore(find("conv", place), "linear: 3")], wanted)
    wanted = [*steps[: place + 1], new, *steps[place + 1 :]]
    check(text, lambda find: [InsertAfter(find("conv", place), "linear: 3")], wanted)


@settings(max_examples=40, deadline=None)
@given(write_steps(), st.data())
def test_fields_of_a_random_step_change_and_all_others_stay(
    written: tuple[str, list[object]], data: st.DataObject
) -> None:
    text, steps = written
    place = data.draw(st.integers(0, len(steps) - 1))
    step = steps[place]
    assert isinstance(step, dict)
    name = data.draw(st.sampled_from([*FIELDS, "stride"]))
    changed = {**step, "conv": {**step["conv"], name: 2}}
    wanted = [*steps[:place], changed, *steps[place + 1 :]]
    check(text, lambda find: [SetField(find("conv", place), name, "2")], wanted)
    if len(step["conv"]) > 1 and name in step["conv"]:
        kept = {key: value for key, value in step["conv"].items() if key != name}
        wanted = [*steps[:place], {**step, "conv": kept}, *steps[place + 1 :]]
        check(text, lambda find: [DropField(find("conv", place), name)], wanted)


@settings(max_examples=40, deadline=None)
@given(write_steps(), st.data())
def test_random_steps_change_places(written: tuple[str, list[object]], data: st.DataObject) -> None:
    text, steps = written
    first = data.draw(st.integers(0, len(steps) - 2))
    second = data.draw(st.integers(first + 1, len(steps) - 1))
    if "[\n" in text.replace("\r\n", "\n"):
        return  # their comments would not go with them
    wanted = list(steps)
    wanted[first], wanted[second] = wanted[second], wanted[first]
    edited = check(
        text, lambda find: [SwapSteps(find("conv", first), find("conv", second))], wanted
    )
    assert edited.count("#") == text.count("#")
