"""Inputs that once broke a promise, and some random ones: a hunt is by hand, ``make chaos``."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

pytest.importorskip("numpy")

from cnnspec.graph import limits
from tests.chaos.hunt import LIMITS
from tests.chaos.mutate import mutate
from tests.chaos.promises import BrokenPromise
from tests.chaos.seeds import list_found, list_seeds
from tests.chaos.targets import TARGETS

# As many as take a second at most.
RUNS = {
    "document": 150,
    "expression": 400,
    "check": 40,
    "fix": 8,
    "compile": 20,
    "report": 15,
    "folder": 20,
    "renaming": 80,
    "settings": 12,
}
LONGEST_SEED = 600


@pytest.fixture(scope="module", autouse=True)
def _low_limits() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, bound in LIMITS.items():
            patch.setattr(limits, name, bound)
        yield


@pytest.mark.parametrize("name", [name for target in TARGETS for name in list_found(target)])
def test_what_once_broke_a_promise_keeps_it(name: str) -> None:
    target = name.partition("-")[0]
    TARGETS[target](list_found(target)[name])


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("target", TARGETS)
def test_mutated_inputs_break_no_promise(target: str) -> None:
    seeds = [seed for seed in list_seeds(target) if len(seed) <= LONGEST_SEED]
    texts = [seed.decode(errors="replace") for seed in seeds]
    for number in range(RUNS[target]):
        draw = random.Random(f"{target} {number}")
        data = mutate(draw.choice(seeds), draw, lambda draw=draw: draw.choice(texts))
        try:
            TARGETS[target](data)
        except Exception as error:
            raise BrokenPromise(f"{target} of {data!r}") from error


def test_every_target_has_a_share_of_a_hunt() -> None:
    from tests.chaos.__main__ import SHARES

    assert SHARES.keys() == RUNS.keys() == TARGETS.keys()
    assert sum(SHARES.values()) == 100
