"""Every rule on specs that have its fault, and on the nearest that have not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Rule
from cnnspec.lint.pages import read_page
from cnnspec.lint.rules import RULES
from tests.lint.pages import SECTIONS, ask, find_spec

CASES = Path(__file__).parent / "cases"
rules = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def list_cases() -> list[Any]:
    """Each case with its rule."""
    found = []
    for rule in RULES:
        path = CASES / f"{rule.name}.yaml"
        for case in yaml.load(path.read_text(), yaml.CSafeLoader) if path.is_file() else ():
            found.append(pytest.param(rule, case, id=f"{rule.name}: {case['id']}"))
    return found


@pytest.mark.parametrize(("rule", "case"), list_cases())
def test_a_rule_finds_its_fault_and_no_other(rule: Rule, case: dict[str, Any]) -> None:
    found = ask(rule, case["spec"])
    assert [d.rule for d in found] == [rule.name] * len(case["find"]), found
    for diagnostic, wanted in zip(found, case["find"], strict=True):
        assert diagnostic.span is not None
        assert diagnostic.span.line == wanted["line"]
        assert wanted["message"] in diagnostic.message


@rules
def test_a_rule_has_cases_that_fire_and_cases_that_do_not(rule: Rule) -> None:
    cases = yaml.load((CASES / f"{rule.name}.yaml").read_text(), yaml.CSafeLoader)
    assert any(case["find"] for case in cases)
    assert any(not case["find"] for case in cases)


@rules
def test_a_page_has_all_its_sections(rule: Rule) -> None:
    page = read_page(rule)
    assert list(page.sections) == SECTIONS
    assert page.headline.endswith(".")
    assert len(page.headline) <= 100


@rules
def test_the_specs_on_a_page_are_bad_and_good(rule: Rule) -> None:
    bad, good = ask(rule, find_spec(rule, "Bad")), ask(rule, find_spec(rule, "Good"))
    assert {d.rule for d in bad} == {rule.name}
    assert good == []


def test_rules_stand_in_order_and_none_stands_twice() -> None:
    names = [rule.name for rule in RULES]
    assert names == sorted(set(names))


def test_there_is_no_case_of_an_unknown_rule() -> None:
    assert {path.stem for path in CASES.iterdir()} <= {rule.name for rule in RULES}


@rules
def test_a_rule_that_is_an_error_is_in_every_profile(rule: Rule) -> None:
    assert rule.severity is not Severity.ERROR or not rule.profiles
