"""The fixes of the rules themselves: on their pages, their cases, the seeds and the zoo."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Problem, Rule
from cnnspec.lint.fixes import Fixed
from cnnspec.lint.options import LintOptions
from cnnspec.lint.rules import RULES
from cnnspec.network import Network
from cnnspec.resources import list_zoo, read_zoo
from cnnspec.sources import Source, find_source
from tests.lint.pages import find_spec

FOLDER = Path(__file__).parent
rules = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def load(text: str) -> Network:
    return Network(Source("net.yaml", text.encode(), FOLDER))


def fix_all(network: Network, options: LintOptions | None = None) -> Fixed:
    """The spec after all fixes: nothing is worse, and there is nothing more to fix."""
    fixed = network.fix(options, unsafe=True)
    assert fixed is not None
    before = [found.rule for found in network.check(options) if found.severity is Severity.ERROR]
    after = [found.rule for found in fixed.problems if found.severity is Severity.ERROR]
    assert set(after) <= set(before)
    source = network.source
    if fixed.text.encode() == source.data:
        return fixed
    again = Network(Source(source.file, fixed.text.encode(), source.folder)).fix(options, True)
    assert again is not None
    assert again.text == fixed.text
    return fixed


@rules
def test_the_fault_on_a_page_is_mended_by_what_its_rule_proposes(rule: Rule) -> None:
    options = LintOptions(select=frozenset({rule.name}))
    network = load(find_spec(rule, "Bad"))
    found = network.offer(options)
    proposed = [problem for problem in found if isinstance(problem, Problem) and problem.fixes]
    assert all(problem.offer for problem in proposed)
    if proposed:
        left = fix_all(network, options).problems
        assert len(left) == len(found) - len(proposed)


def list_texts() -> list[object]:
    """The specs of all cases, and the seeds."""
    found = []
    for path in sorted((FOLDER / "cases").iterdir()):
        for case in yaml.load(path.read_text(), yaml.CSafeLoader):
            found.append(pytest.param(case["spec"], id=f"{path.stem}: {case['id']}"))
    for path in sorted((FOLDER.parent / "seeds").glob("*.yaml")):
        found.append(pytest.param(path.read_text(), id=path.stem))
    return found


@pytest.mark.parametrize("text", list_texts())
def test_fixing_makes_nothing_worse_and_comes_to_an_end(text: str) -> None:
    fix_all(load(text))


@pytest.mark.slow
@pytest.mark.parametrize("name", list_zoo())
def test_no_fix_of_a_zoo_spec_makes_a_figure_wrong(name: str) -> None:
    source = find_source(name)
    assert source.data == read_zoo(name)
    fix_all(Network(source))
