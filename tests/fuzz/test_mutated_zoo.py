"""What a check accepts runs: the zoo and tests/specs, narrow, after blind edits of their text."""

from __future__ import annotations

from collections import Counter

import pytest

pytest.importorskip("numpy")

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.edits import KINDS, Edit
from tests.fuzz.mutants import Mutant, find_faults
from tests.networks import NETS

pytestmark = [pytest.mark.torch, pytest.mark.onnx]

PLACES = st.integers(0, 9999)
EDITS = st.lists(
    st.builds(Edit, st.sampled_from(KINDS), PLACES, PLACES), min_size=1, max_size=3
).map(tuple)
MUTANTS = st.builds(Mutant, st.sampled_from(NETS), EDITS)
RUNS = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))


def check(mutant: Mutant, targets: tuple[str, ...] = ("torch", "onnx")) -> None:
    faults = find_faults(mutant, targets, Counter())
    assert not faults, "\n".join([str(mutant), *faults, mutant.text])


@settings(RUNS, max_examples=40, derandomize=True)
@given(MUTANTS)
def test_an_accepted_mutant_runs_as_its_flat_graph(mutant: Mutant) -> None:
    check(mutant)


@pytest.mark.exhaustive
@pytest.mark.keras
@pytest.mark.parametrize("number", range(10))
def test_more_accepted_mutants_run_everywhere(number: int) -> None:
    @seed(number)
    @settings(RUNS, max_examples=100)
    @given(MUTANTS)
    def run(mutant: Mutant) -> None:
        check(mutant, ("torch", "onnx", "keras"))

    run()
