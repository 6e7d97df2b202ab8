"""Every limit is met: what comes to it passes, and one more is refused by its name and number."""

from __future__ import annotations

from importlib import import_module

import pytest

from cnnspec.diagnostics import Diagnostic, Severity, SpecError
from cnnspec.lint.engine import find_problems
from cnnspec.spec.read import read_spec
from tests.limit_cases import CASES, Files


def check(files: str | Files) -> list[Diagnostic]:
    """The errors of `net.yaml`."""
    held = {"net.yaml": files} if isinstance(files, str) else files

    def open_file(name: str) -> tuple[str, bytes]:
        return name, held[name.rpartition("/")[2]].encode()

    try:
        found = find_problems(read_spec(held["net.yaml"], "net.yaml", open_file))
    except SpecError as error:
        found = error.diagnostics
    return [problem for problem in found if problem.severity is Severity.ERROR]


@pytest.mark.parametrize("name", CASES)
def test_a_limit_is_met_and_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES[name]
    module, _, constant = name.rpartition(".")
    home = import_module(f"cnnspec.{module}")
    limit = getattr(home, constant)
    if case.low:
        monkeypatch.setattr(f"cnnspec.{case.where or module}.{constant}", case.low)
        limit = case.low
    assert [problem.message for problem in check(case.make(limit))] == []
    problems = check(case.make(limit + case.step))
    assert problems
    found = problems[0]
    assert found.rule == case.rule
    names = [case.named] if case.named else [f"{limit:,}", str(limit)]
    assert any(name in found.message for name in names)
