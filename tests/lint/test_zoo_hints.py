"""The hints that networks of the zoo get, stored, so that a rule's noise is seen in a diff.

Each was looked at: `why` says what is true of the network. A new one has none, and fails.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from cnnspec import resources
from cnnspec.diagnostics import Severity
from cnnspec.lint.engine import find_problems
from tests.documents import UPDATE
from tests.reference_data import read_network

STORED = Path(__file__).parents[1] / "data" / "zoo_hints.csv"
HEAD = ("spec", "rule", "line", "count", "why")

# A spec, a rule, and the text of a line.
Row = tuple[str, str, str]


def list_hints(name: str) -> list[Row]:
    """A spec's hints in order."""
    lines = resources.read_zoo(name).decode().splitlines()
    rows = []
    for finding in find_problems(read_network(name)):
        if finding.severity is Severity.HINT:
            assert finding.span is not None
            rows.append((name, finding.rule, lines[finding.span.line - 1].strip()))
    return rows


def read_stored() -> dict[Row, tuple[int, str]]:
    """How often each hint is given, and why it is true."""
    with STORED.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert tuple(head) == HEAD
    stored = {(spec, rule, line): (int(count), why) for spec, rule, line, count, why in rows}
    assert len(stored) == len(rows)
    return stored


@pytest.mark.slow
def test_the_hints_of_the_zoo_are_those_that_were_looked_at() -> None:
    found = Counter(row for name in resources.list_zoo() for row in list_hints(name))
    stored = read_stored()
    if UPDATE:
        with STORED.open("w", encoding="utf-8", newline="") as file:
            rows = [(*row, count, stored.get(row, (0, ""))[1]) for row, count in found.items()]
            csv.writer(file, lineterminator="\n").writerows([HEAD, *rows])
        return
    assert list(found.items()) == [(row, count) for row, (count, _) in stored.items()]


def test_every_hint_of_the_zoo_is_true() -> None:
    assert [row for row, (_, why) in read_stored().items() if not why] == []
