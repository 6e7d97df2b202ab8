"""What writing a file may spend on what comes to nothing, and what it writes when that is spent."""

from __future__ import annotations

import re

import pytest

from cnnspec.backends.keras.emit import MAX_DEPTH, compile_keras
from cnnspec.backends.torch.emit import compile_torch
from cnnspec.graph.build import build_graph
from cnnspec.spec.read import read_spec

COMPILERS = {"torch": compile_torch, "keras": compile_keras}
FLAT = "cnnspec: 1\nname: net\ninput: {features: 8}\n"


def write(text: str, target: str) -> str:
    graph = build_graph(read_spec(text, "net.yaml"))
    (source,) = COMPILERS[target](graph, "cnnspec compile").files.values()
    compile(source, "net.py", "exec")
    return source.decode()


def nest_loops(depth: int) -> str:
    """Loops in loops of which none can be written: their turns call different ops."""
    text, indent = f"{FLAT}layers:\n", ""
    for level in range(depth):
        text += f"{indent}- for: {{i{level}: [0, 1]}}\n{indent}  layers:\n"
        indent += "  "
    return f"{text}{indent}- $('relu' if i{depth - 1} else 'batch_norm')\n{indent}- linear: 8\n"


@pytest.mark.parametrize("target", COMPILERS)
def test_loops_are_written_while_they_may_be_tried(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"{FLAT}layers:\n- repeat: 9\n  layers: [linear: 8, relu]\n"
    assert "for " in write(text, target)
    monkeypatch.setattr("cnnspec.backends.room.MAX_WASTED", 0)
    source = write(text, target)
    assert "for " not in source
    assert source.count("Linear(" if target == "torch" else "Dense(") == 9


@pytest.mark.parametrize("target", COMPILERS)
def test_loops_that_cannot_be_written_are_tried_only_so_often(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    waste = "cnnspec.backends.room.Room.waste"
    from cnnspec.backends.room import Room

    kept = Room.waste

    def count(room: Room, rows: object) -> None:
        tried.append(room.steps)
        kept(room, rows)  # type: ignore[arg-type]

    monkeypatch.setattr(waste, count)
    monkeypatch.setattr("cnnspec.backends.room.MAX_WASTED", 1_000)
    write(nest_loops(6), target)
    assert min(tried) > 0
    # Without a bound each level would be tried in each of the attempts around it.
    assert len(tried) < 2**6


def test_channels_are_numbers_once_too_many_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        f"{FLAT}blocks:\n  b: {{params: [width], layers: [linear: $width, linear: $width]}}\n"
        "layers: [b: 8]\n"
    )
    assert "nn.Linear(width, width)" in write(text, "torch")
    monkeypatch.setattr("cnnspec.backends.room.MAX_ASKED", 0)
    assert "nn.Linear(8, width)" in write(text, "torch")


def call_block(defaults: str, step: str) -> str:
    return (
        f"{FLAT}blocks:\n  b:\n    params: [c, {defaults}]\n    layers: [{step}]\n"
        "layers: [b: 1, b: 2]\n"
    )


def test_a_default_of_a_default_is_written_out_as_long_as_it_is_read() -> None:
    """Each of these doubles the one before: a hundred would not fit into any memory."""
    few = ", ".join(f"d{n + 1}=$(d{n} + d{n} - d{n})" for n in range(1, 3))
    assert "in_channels: int, c: int)" in write(
        call_block(f"d1=$(c + 0), {few}", "linear: $d3"), "torch"
    )
    many = ", ".join(f"d{n + 1}=$(d{n} + d{n} - d{n})" for n in range(1, 99))
    source = write(call_block(f"d1=$(c + 0), {many}", "linear: $d99"), "torch")
    assert max(map(len, source.splitlines())) < 200
    assert re.search(r"in_channels: int, d\d+: int\)", source)


def test_a_chain_of_defaults_is_no_recursion() -> None:
    chain = ", ".join(f"d{n + 1}=$(d{n} + 1)" for n in range(1, 900))
    for target in COMPILERS:
        assert write(call_block(f"d1=$c, {chain}", "linear: $d900"), target)


def test_conditions_that_all_uses_agree_in_are_no_nest_of_calls() -> None:
    units = "".join(
        f"    - residual: {{body: [linear: 8], shortcut_when: $(x > {n})}}\n" for n in range(700)
    )
    text = f"{FLAT}blocks:\n  b:\n    params: [x]\n    layers:\n{units}layers: [b: 1, b: 2]\n"
    source = write(text, "torch")
    assert max(map(len, source.splitlines())) < 400


def test_a_sum_of_too_many_words_is_a_number() -> None:
    def write_sum(count: int) -> str:
        names = ", ".join(f"p{n}" for n in range(count))
        steps = "".join(f"    - linear: $p{n}\n      name: a{n}\n" for n in range(count))
        values = ", ".join(f"a{n}" for n in range(count))
        given = ", ".join(f"p{n}: {n % 7 + 1}" for n in range(count))
        return write(
            f"{FLAT}blocks:\n  b:\n    params: [{names}]\n    layers:\n{steps}"
            f"    - concat: [{values}]\n    - linear: 8\nlayers:\n- b: {{{given}}}\n",
            "torch",
        )

    assert "p0 + p1 + p2 + p3" in write_sum(4)
    assert "p0 + p1" not in write_sum(150)


@pytest.mark.parametrize(("count", "is_deep"), [(MAX_DEPTH, False), (MAX_DEPTH + 1, True)])
def test_keras_gets_room_for_many_layers_in_a_row(count: int, is_deep: bool) -> None:
    layers = f"- repeat: {count - 1}\n  relu:\n- linear: 8\n"
    source = write(f"{FLAT}layers:\n{layers}", "keras")
    assert ("sys.setrecursionlimit(" in source) is is_deep
    assert ("import sys\n" in source) is is_deep
