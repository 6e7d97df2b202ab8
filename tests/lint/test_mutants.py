"""One fault planted in a correct network is found, at its line.

What is planted says nothing of the rules' own conditions: a mutant that no rule finds counts as
missed.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.lint.engine import find_problems
from tests.lint.faults import chains, heads, sizes, words
from tests.lint.faults.base import FAULTS, Base, Fault, Plant, list_bases, list_narrow_bases, read
from tests.lint.faults.sheet import Tree

# Importing them fills the list of faults.
FILES = (chains, heads, sizes, words)
# In how many places of one network a fault is planted at most.
PLACES = 3
# A network of so many ops is for the long run, which plants in all others too.
DEEP = 50
# Not small, but with the blocks that some faults need.
BESIDE = ("resnet:18", "resnet_v2: narrow")
LEAST_SHARE = 0.95
LEAST_SHARE_OF_KIND = 0.8


@dataclass(frozen=True)
class Mutant:
    """One fault in one network, and whether a finding says so."""

    kind: str
    base: str
    text: str
    lines: frozenset[int]
    found: bool
    findings: tuple[str, ...]

    def __str__(self) -> str:
        planted = ", ".join(map(str, sorted(self.lines)))
        return (
            f"{self.kind} in {self.base}, line {planted}: {'; '.join(self.findings) or 'silence'}"
        )


def plant_all(bases: Iterable[Base], places: int) -> Iterator[Mutant]:
    """Plant every fault that a network can have, in so many places."""
    for base in bases:
        sound = list(find(base.text, base.file))
        for fault in FAULTS:
            for plant in choose(list(fault.planter(base)), places):
                yield plant_one(base, fault, plant, sound)


def choose(plants: list[Plant], places: int) -> list[Plant]:
    """The first and the last, and those evenly between."""
    if len(plants) <= places:
        return plants
    if places == 1:
        return [plants[len(plants) // 2]]
    return [plants[number * (len(plants) - 1) // (places - 1)] for number in range(places)]


def plant_one(base: Base, fault: Fault, plant: Plant, sound: list[Diagnostic]) -> Mutant:
    sheet = base.open()
    before = sheet.write()[1]
    blamed = plant(sheet)
    text, places = sheet.write()
    lines = frozenset(line for node in blamed for line in list_lines(node, places))
    assert lines, f"{fault.name} in {base.id}: nothing is to blame"
    assert text != base.text, f"{fault.name} in {base.id}: nothing changed"
    # What is said of the sound network too does not count.
    moved = {line: places[node] for node, line in before.items() if node in places}
    known = {(one.rule, moved.get(one.span.line)) for one in sound if one.span}
    findings = find(text, base.file)
    found = any(
        finding.rule in fault.rules and (finding.rule, line) not in known
        for finding in findings
        for line in lines & name_lines(finding, base.file)
    )
    shown = tuple(f"{one.rule} at {one.span.line if one.span else 0}" for one in findings)
    return Mutant(fault.name, base.id, text, lines, found, shown)


def list_lines(node: Tree, places: dict[int, int]) -> Iterator[int]:
    """The lines on which a node and all below it stand."""
    if id(node) in places:
        yield places[id(node)]
    for entry in node.value if not isinstance(node.value, str) else ():
        for child in entry if isinstance(entry, tuple) else (entry,):
            yield from list_lines(child, places)


def find(text: str, file: str) -> tuple[Diagnostic, ...]:
    try:
        return find_problems(read(text, file))
    except SpecError as error:
        return error.diagnostics


def name_lines(finding: Diagnostic, file: str) -> set[int]:
    """The line where a finding stands, and those that it names as what led there."""
    named = {
        int(line)
        for text in (*finding.notes, *finding.help)
        for line, other in re.findall(r"at line (\d+)(?: of (\S+))?", text)
        if other in ("", file)
    }
    span = finding.span
    return named | ({span.line} if span is not None and span.file == file else set())


def judge(mutants: list[Mutant]) -> None:
    """Fail where too many mutants of all, or of one kind, are missed."""
    missed = [str(mutant) for mutant in mutants if not mutant.found]
    shown = [f"{len(mutants) - len(missed)} of {len(mutants)} mutants are found", *missed]
    sys.stdout.write("".join(f"{line}\n" for line in shown))
    assert len(missed) <= (1 - LEAST_SHARE) * len(mutants)
    planted = Counter(mutant.kind for mutant in mutants)
    found = Counter(mutant.kind for mutant in mutants if mutant.found)
    assert [kind for kind in planted if found[kind] < LEAST_SHARE_OF_KIND * planted[kind]] == []


@pytest.mark.slow
def test_nearly_every_fault_in_a_small_network_is_found() -> None:
    every = (*list_bases(), *list_narrow_bases())
    chosen = [base for base in list_bases() if len(base.graph.nodes) < DEEP]
    chosen += [base for base in every if base.id in BESIDE]
    mutants = list(plant_all(chosen, 1))
    judge(mutants)
    assert {mutant.kind for mutant in mutants} == {fault.name for fault in FAULTS}


@pytest.mark.slow
@pytest.mark.exhaustive
def test_nearly_every_fault_is_found() -> None:
    mutants = list(plant_all(list_bases(), PLACES))
    mutants += plant_all(list_narrow_bases(), 1)
    judge(mutants)
    assert {mutant.base for mutant in mutants} >= {base.id for base in list_bases()}
