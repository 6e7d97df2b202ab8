"""Any text in any place of a spec: it is refused in words that steer nothing, or stays a text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from types import MappingProxyType

import pytest

from cnnspec.diagnostics import SpecError
from cnnspec.lint.options import LintOptions
from cnnspec.naming import is_name
from cnnspec.ops.catalog import OPS
from cnnspec.spec import keys
from tests.attacks import harness
from tests.attacks.harness import Held
from tests.attacks.places import (
    CHECKED,
    EVERYTHING,
    HOSTS,
    SMALL,
    Place,
    Raw,
    list_places,
    list_words,
    put,
    rename,
    spell,
)
from tests.attacks.texts import HOMOGLYPHS, HOSTILE, LARGE, NAMES, RAW

# Tables of words that are values, and not keys.
VALUES = {"TASKS", "TARGETS", "LOSSES", "LOSS_WORDS", "SEVERITIES"}
# What the hosts call things, by the file that is checked.
NAMED = {
    "classifier.yaml": (
        "victim", "word", "table", "unit", "manner", "first", "body", "tail", "sides", "left",
        "pooled", "fc", "helper", "logits", "letter", "stem", "width", "classes",
    ),
    "pairs.yaml": (
        "W", "two", "more", "eye", "number", "look", "start", "likeness", "taken", "inner", "go",
        "stop", "deep", "end", "right",
    ),
    "vector.yaml": ("film", "join"),
}  # fmt: skip
RENAMED = [(file, name) for file, names in NAMED.items() for name in names]
TEXTS = (*HOSTILE, *LARGE, *map(Raw, RAW))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which nothing may appear."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def examine(place: Place, text: str | Raw) -> None:
    """All formats, reports and sources of a host with a text in a place."""
    network = Held(put(place, text), CHECKED[place.file])
    if not harness.examine(network):
        return
    harness.examine_reports(network)
    # An expression, a name or a part of one, or a piece of YAML may well be another network.
    plain = isinstance(text, str) and "$" not in text and not is_name(f"step{text}")
    harness.examine_code(harness.compile_all(network), find_harmless(place) if plain else None)


def find_harmless(place: Place) -> dict[str, str] | None:
    """The sources of the host with a word in that place, where that is a network."""
    try:
        return harness.compile_all(Held(put(place, "harmless"), CHECKED[place.file]))
    except SpecError:
        return None


def examine_name(file: str, name: str, new: str) -> None:
    """The same for a host in which something is called otherwise."""
    network = Held(rename(name, new), file)
    if harness.examine(network):
        harness.examine_reports(network)
        harness.examine_code(harness.compile_all(network))


def test_the_hosts_hold_every_key_of_the_language() -> None:
    used = set[str]().union(*map(list_words, HOSTS))
    tables = {
        name: table for name, table in vars(keys).items() if isinstance(table, MappingProxyType)
    }
    assert tables.keys() >= VALUES
    for name in tables.keys() - VALUES:
        assert tables[name].keys() <= used, name
    assert len(list_places()) > 400


@pytest.mark.parametrize("file", sorted({*CHECKED.values()}))
def test_the_hosts_are_accepted(file: str) -> None:
    network = Held(HOSTS, file)
    assert harness.examine(network)
    assert set(harness.compile_all(network)) == {"torch", "keras"}


@pytest.mark.slow
def test_texts_in_some_places_are_refused_or_stay_texts(folder: Path) -> None:
    random = Random(0)
    for _ in range(120):
        examine(random.choice(list_places()), random.choice(TEXTS))
    assert not list(folder.iterdir())


@pytest.mark.slow
def test_a_text_with_all_that_steers_does_so_in_no_place(folder: Path) -> None:
    for place in list_places():
        examine(place, EVERYTHING.replace("$$(x)", ""))
    assert not list(folder.iterdir())


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("place", list_places(), ids=str)
def test_every_text_in_every_place_is_refused_or_stays_a_text(place: Place, folder: Path) -> None:
    for text in TEXTS:
        examine(place, text)
    assert not list(folder.iterdir())


@pytest.mark.slow
def test_some_names_of_anything_stay_names() -> None:
    random = Random(0)
    for _ in range(5):
        examine_name(*random.choice(RENAMED), random.choice([*NAMES, *HOMOGLYPHS]))


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize(("file", "name"), RENAMED)
def test_every_name_of_anything_stays_a_name(file: str, name: str) -> None:
    for new in (*NAMES, *HOMOGLYPHS):
        examine_name(file, name, new)


# An expression is another text than it seems, and no text is another module.
PROSE = tuple(text for text in HOSTILE if "$" not in text and text.strip())


@pytest.mark.parametrize(
    "texts", [PROSE[::3], pytest.param(PROSE, marks=(pytest.mark.slow, pytest.mark.exhaustive))]
)
def test_prose_is_a_text_and_no_code_whatever_it_holds(folder: Path, texts: Sequence[str]) -> None:
    harmless = harness.compile_all(Held({"net.yaml": SMALL}, "net.yaml"))
    accepted = 0
    for text in (EVERYTHING, *texts):
        network = Held({"net.yaml": SMALL.replace("TEXT", spell(text))}, "net.yaml")
        if harness.examine(network):
            accepted += 1
            harness.examine_reports(network)
            harness.examine_code(harness.compile_all(network), harmless)
    assert not list(folder.iterdir())
    # What YAML has no way to say is refused.
    assert len(texts) * 0.8 < accepted < len(texts)


def write_field(op: str, field: str, text: str) -> str:
    return (
        "cnnspec: 1\nname: net\ninput: {channels: 3, height: 8, width: 8}\n"
        f"layers:\n  - {op}: {{{field}: {spell(text)}}}\n"
    )


def list_fields() -> list[tuple[str, str]]:
    return [(word, field) for word, op in OPS.items() for field in op.model_fields]


def test_no_field_of_an_op_takes_a_hostile_text() -> None:
    for op, field in list_fields():
        assert not harness.examine(Held({"a.yaml": write_field(op, field, EVERYTHING)}, "a.yaml"))


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize(("op", "field"), list_fields())
def test_no_field_of_an_op_takes_any_hostile_text(op: str, field: str) -> None:
    for text in (*HOSTILE, *LARGE):
        network = Held({"a.yaml": write_field(op, field, text)}, "a.yaml")
        if harness.examine(network):
            harness.examine_code(harness.compile_all(network))


def test_a_comment_says_nothing_but_what_is_ignored() -> None:
    spec = SMALL.replace("TEXT", "text")
    for text in HOSTILE[::3]:
        line = text.translate({ord(c): " " for c in "\r\n\x85\u2028\u2029"})
        for comment in (f"# cnnspec: ignore[{line}]", f"# cnnspec: ignore[x] {line}"):
            commented = spec.replace("- flatten", f"- flatten {comment}")
            network = Held({"net.yaml": commented}, "net.yaml")
            harness.examine(network, LintOptions(profile="teaching"))
