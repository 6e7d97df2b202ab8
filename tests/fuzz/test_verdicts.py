"""A check accepts what frameworks run, and refuses what they refuse, or says why it does not."""

from __future__ import annotations

import pytest

pytest.importorskip("numpy")

from hypothesis import HealthCheck, given, settings

from tests.fuzz.boundaries import KERAS_OPS, Use, uses
from tests.fuzz.disagreements import LOOSER, STRICTER, Disagreement
from tests.fuzz.verdicts import explain, is_idle, judge

pytestmark = pytest.mark.torch

DISAGREEMENTS = (*STRICTER, *LOOSER)
FIXED = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@FIXED
@given(uses())
def test_pytorch_runs_what_is_accepted_and_nothing_else(use: Use) -> None:
    explain(judge(use))


@pytest.mark.keras
@settings(FIXED, max_examples=100)
@given(uses(KERAS_OPS))
def test_keras_runs_what_is_accepted_and_nothing_else(use: Use) -> None:
    explain(judge(use, keras=True))


@pytest.mark.parametrize(
    "disagreement",
    [
        pytest.param(one, marks=pytest.mark.keras if "keras" in one.runners else (), id=one.name)
        for one in DISAGREEMENTS
    ],
)
def test_a_disagreement_is_met(disagreement: Disagreement) -> None:
    verdict = judge(disagreement.example, keras="keras" in disagreement.runners)
    assert disagreement.fits(verdict.use, verdict.rules)
    assert explain(verdict) == disagreement.name
    if disagreement in LOOSER:
        assert verdict.parts.runs
        return
    assert verdict.runners >= set(disagreement.runners)
    assert not disagreement.idle or is_idle(verdict.use, parts=not verdict.layer.runs)
