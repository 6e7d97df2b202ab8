"""All rules of all profiles on networks of every kind: sound, broken, random."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from cnnspec import resources
from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.lint import engine
from cnnspec.lint.base import Subject
from cnnspec.lint.options import LintOptions
from cnnspec.lint.rules import RULES
from cnnspec.spec.model import ModelSpec
from cnnspec.spec.read import read_spec
from tests.graphs import single_op_graph
from tests.networks import SPECS, open_near
from tests.op_cases import CASES, OpCase
from tests.random_specs import write_random_spec
from tests.reference_data import read_network

BAD = Path(__file__).parents[1] / "bad"
EVERY_RULE = LintOptions(select=frozenset(rule.name for rule in RULES))


def find(spec: ModelSpec) -> tuple[Diagnostic, ...]:
    return engine.find_problems(spec, None, EVERY_RULE)


# Near the limits, where once takes seconds.
LARGE = {"too_many_steps"}


def check_twice(spec: ModelSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same is found again, and with the rules in another order."""
    found = find(spec)
    assert find(spec) == found
    with monkeypatch.context() as patch:
        patch.setattr(engine, "RULES", tuple(random.Random(0).sample(RULES, len(RULES))))
        assert sorted(find(spec), key=repr) == sorted(found, key=repr)


@pytest.mark.parametrize("seed", range(40))
def test_rules_take_random_networks(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check_twice(read_spec(write_random_spec(seed), "random.yaml"), monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", resources.list_zoo())
def test_rules_take_every_variant_of_the_zoo(name: str) -> None:
    assert all(finding.message for finding in find(read_network(name)))


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_rules_take_networks_of_every_structure(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_twice(read_spec(path.read_text(), path.name, open_near), monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_rules_take_specs_with_errors(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        spec = read_spec(path.read_bytes(), path.name, open_near)
    except SpecError as error:
        assert error.diagnostics
        return
    if path.stem in LARGE:
        assert find(spec)
    else:
        check_twice(spec, monkeypatch)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_rules_take_every_op_alone(case: OpCase) -> None:
    subject = Subject(single_op_graph(case))
    for rule in RULES:
        if rule.check is not None:
            assert all(finding.message for finding in rule.check(subject))
