"""What random networks are made of: every op and field, in specs that the checker takes."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from cnnspec.graph.build import build_graph
from cnnspec.ops.catalog import OPS
from cnnspec.spec.read import read_spec
from tests.fuzz.coverage import ENOUGH, Coverage, choose_wanted, list_cells
from tests.fuzz.fields import list_classes
from tests.fuzz.generate import Random, networks
from tests.fuzz.network import APART, PLAIN, Use
from tests.fuzz.parts import PARTS, Part, open_part


@pytest.mark.parametrize("word", OPS)
def test_every_field_of_every_op_has_classes_of_values(word: str) -> None:
    for name, info in OPS[word].model_fields.items():
        written = [make for make in list_classes(OPS[word], name).values() if make is not None]
        assert written, f"{word}.{name} is never written"
        assert info.is_required() or len(list_classes(OPS[word], name)) > len(written)


def test_every_op_is_drawn() -> None:
    assert APART | set(PLAIN) == set(OPS)


@pytest.mark.slow
def test_batches_go_round_all_classes() -> None:
    asked = {use for number in range(120) for use in choose_wanted(number, 10)}
    assert {*list_cells()} <= asked


def test_what_a_table_has_least_of_can_be_asked_for(tmp_path: Path) -> None:
    table = tmp_path / "table.tsv"
    first, *_, last = list_cells()
    seen = Coverage(("torch", "onnx"), table)
    for cell in list_cells():
        for target in seen.targets:
            seen.counts[target][cell] = ENOUGH
    seen.counts["onnx"][first], seen.counts["torch"][last] = 3, 2
    seen.write()
    again = Coverage(("torch", "onnx"), table)
    assert again.choose_rare(10) == [last, first]
    again.add("torch", frozenset({last}))
    again.add("torch", frozenset({last}))
    assert again.choose_rare(1) == [first]
    assert dict(again.list_rare()) == {first: 3, last: 4}


def test_a_seed_gives_the_same_networks_again() -> None:
    assert draw(7, choose_wanted(7, 10), 5) == draw(7, choose_wanted(7, 10), 5)


def test_random_networks_are_sound() -> None:
    for made in draw(1, choose_wanted(1, 10), 15):
        build_graph(read_spec(made.text, "net.yaml", open_part))


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("word", OPS)
def test_every_class_can_be_had(word: str) -> None:
    for cell in (cell for cell in list_cells() if cell[0] == word):
        assert any(cell in made.uses for made in draw(3, [cell], 20)), cell


@pytest.mark.parametrize("part", PARTS, ids=lambda part: str(part.kind))
def test_parts_are_sound(part: Part) -> None:
    build_graph(read_spec(part.text, "part.yaml"))


def draw(number: int, wanted: list[Use], count: int) -> list[Random]:
    """Some networks of a seed."""
    found: list[Random] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(networks(wanted))
    def keep(made: Random) -> None:
        found.append(made)

    keep()
    return found


@pytest.mark.parametrize(
    ("size", "fields", "is_refused"),
    [
        ("tokens: 3", "num_heads: 3", True),
        ("length: L", "num_heads: 3", True),
        ("tokens: 4", "num_heads: 3", False),
        ("tokens: 3", "num_heads: 1", False),
        ("tokens: 3", "num_heads: 3, bias: false", False),
    ],
)
def test_keras_refuses_as_many_tokens_as_heads_of_one_channel(
    size: str, fields: str, is_refused: bool
) -> None:
    from cnnspec.backends.keras.emit import compile_keras
    from cnnspec.diagnostics import SpecError

    path = Path(__file__).parent / "cases" / "as_many_tokens_as_heads.yaml"
    text = path.read_text().replace("tokens: 3", size).replace("num_heads: 3", fields)
    if size == "length: L":
        text = text.replace("layers:", "layers:\n  - to_tokens")
    graph = build_graph(read_spec(text, "net.yaml"))
    with pytest.raises(SpecError, match="heads of one channel") if is_refused else nullcontext():
        compile_keras(graph, "test")
