"""Random networks that are sound: every step is tried by the ops' own shape rules first.

Hypothesis draws every choice, so that a network on which something goes wrong is made small. The
text of a spec is what comes out, in the language as a user would write it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from cnnspec.ops.catalog import OPS
from cnnspec.ops.shapes import Kind, Shape
from tests.fuzz.fields import Draw
from tests.fuzz.network import FORM, Use, kind_of, list_kinds
from tests.fuzz.steps import FORMS, MERGES, Made, Steps, name_sizes

MOST_STEPS = 4
MOST_WANTED = 4
_SIZES = {"line": (1, 20), "image": (2, 11), "volume": (3, 6), "tokens": (1, 9), "vector": (0, 0)}
_AXES = {"line": 1, "image": 2, "volume": 3, "tokens": 1, "vector": 0}
_STORED = ("constant", "parameter")
_LIKE = ("resize_like", "crop_like")
_DEFAULTS = ({"batch_norm": {"eps": 0.01}}, {"leaky_relu": {"negative_slope": 0.3}})


@dataclass(frozen=True, slots=True)
class Random:
    """A spec's text, and the classes of fields that it shows."""

    text: str
    uses: frozenset[Use]


@st.composite
def networks(draw: Draw, wanted: Sequence[Use] = ()) -> Random:
    """Whole specs; some of the wanted classes are in each."""
    network = Steps(draw)
    plan: list[Use] = []
    if wanted:
        plan = draw(st.lists(st.sampled_from(wanted), min_size=1, max_size=MOST_WANTED))
    plan.sort(key=_find_place)
    shape = draw_input(draw, plan[0] if plan else None)
    head: dict[str, Any] = {"cnnspec": 1, "name": "net"}
    start, shape = _start(network, head, shape)
    pieces = [start]
    for use in plan:
        piece, shape = _make(network, use, shape)
        if network.chance(40):
            more, shape = network.make_step(shape, 0)
            piece = piece + more
        pieces.append(piece)
    if not any(pieces) or network.chance(60):
        piece, shape = network.make_steps(shape, draw(st.integers(1, MOST_STEPS)), 0)
        pieces.append(piece)
    end, outputs = _end(network, shape)
    pieces.append(end)
    if network.params:
        head["params"] = network.params
    if network.chance(5):
        head["defaults"] = network.pick(_DEFAULTS)
        network.note("defaults")
    return Random(_write(network, head, pieces, outputs), frozenset(network.uses))


def _write(
    network: Steps, head: dict[str, Any], pieces: list[list[Any]], outputs: dict[str, Any]
) -> str:
    """The text of a spec: its layers as a list, or as stages with names."""
    lines = [f"{key}: {json.dumps(value)}" for key, value in head.items()]
    if network.blocks:
        lines += ["blocks:", *(f"  {n}: {json.dumps(b)}" for n, b in network.blocks.items())]
    lines.append("layers:")
    if not outputs and "input" in head and network.chance(20):
        network.note("stages")
        lines += [f"  {network.fresh('stage')}: {json.dumps(piece)}" for piece in pieces if piece]
    else:
        lines += [f"  - {json.dumps(step)}" for piece in pieces for step in piece]
    if outputs:
        lines.append(f"outputs: {json.dumps(outputs)}")
    return "\n".join(lines) + "\n"


def _find_place(use: Use) -> int:
    """What takes maps comes first, what takes tokens then: from a vector nothing leads back."""
    word, name, label = use
    if word == FORM:
        return 1
    kinds = {kind_of(label)} if name == "input" else OPS[word].kinds
    return 0 if Kind.MAP in kinds else 1 if Kind.TOKENS in kinds else 2


def draw_input(draw: Draw, use: Use | None) -> Shape:
    """An input of any kind, or of one that an op takes."""
    names = ["image", "line", "volume", "tokens", "vector"]
    if use is not None and use[0] != FORM:
        names = [use[2]] if use[1] == "input" else list_kinds(OPS[use[0]])
    name = draw(st.sampled_from(names))
    least, most = _SIZES[name]
    channels = draw(st.integers(1, 12 if name == "vector" else 6))
    sizes = tuple(draw(st.integers(least, most)) for _ in range(_AXES[name]))
    return Shape(kind_of(name), channels, sizes)


def _make(network: Steps, use: Use, shape: Shape) -> Made:
    """Steps that show a class, if it can be had here."""
    word, name, label = use
    if word == FORM:
        return network.make_form(name, shape, 0)
    if word in _STORED:
        return network.make_stored(shape, 0, _fit(use, shape))
    if word in MERGES:
        before, shape = network.turn({kind_of(label)}, shape)
        merged, shape = network.make_tap(shape, 0, word)
        return before + merged, shape
    if word in _LIKE:
        return network.make_like(shape, 0, use if name != "input" else (word, "", ""))
    return network.make_wanted(use, shape) or ([], shape)


def _fit(use: Use, shape: Shape) -> Use:
    """A wish for sizes that another kind of value has is a wish for the op alone."""
    word, name, label = use
    known = {*name_sizes(shape), "values", "initializer"}
    return use if name in known and label != "absent" else (word, "", "")


def _start(network: Steps, head: dict[str, Any], shape: Shape) -> Made:
    """The input or inputs, and what makes one value of them."""
    sizes: dict[str, Any] = name_sizes(shape)
    if not network.chance(10):
        if shape.kind is Kind.MAP and network.chance(8):
            axis = shape.axes[-1]
            network.note("open size")
            sizes = {**sizes, axis: {"default": sizes[axis]}}
        head["input"] = sizes
        return [], shape
    network.note("inputs")
    head["inputs"] = {"left": sizes, "right": sizes}
    merged, found = network.merge(network.pick(MERGES), ["_", "right"], shape)
    return [{**network.make_same(shape), "from": "left", "name": "first"}, *merged], found


def _end(network: Steps, shape: Shape) -> tuple[list[Any], dict[str, Any]]:
    """Steps behind the others, and several outputs; one may be there in training only."""
    if not network.chance(15):
        return [], {}
    steps = [
        {**network.make_same(shape), "name": "shared_part"},
        *network.keep(shape, 1),
        {**network.make_same(shape), "name": "last"},
        {"name": "helper", "from": "shared_part", "layers": network.keep(shape, 1)},
    ]
    if network.chance(50):
        network.note("outputs", "one in training")
        return steps, {"main": "last", "helper": {"training": True}}
    network.note("outputs", "two")
    return steps, {"main": "last", "other": "helper"}


def list_forms() -> list[Use]:
    """The forms that can be asked for."""
    return [(FORM, form, "used") for form in FORMS]
