"""What `make bench` measures: its specs are sound, and its page shows what it has measured."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

import cnnspec
from bench import pairs
from bench.page import PAGE
from bench.pairs import Contest, run_contest

SPECS = sorted((Path(pairs.__file__).parent / "specs").glob("*.yaml"))
ROW = re.compile(
    r"\| (?P<ratio>[\d.]+) \| (?P<low>[\d.]+) to [\d.]+ \| \d+ \| (?P<limit>[\d.]+) \|$"
)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_specs_are_sound(spec: Path) -> None:
    assert cnnspec.load(spec).check() == ()


def test_page_shows_no_row_over_its_limit() -> None:
    rows = [found for line in PAGE.read_text().splitlines() if (found := ROW.search(line))]
    assert len(rows) >= 8
    assert all(float(row["low"]) <= float(row["limit"]) for row in rows)


@pytest.mark.parametrize(("cost", "is_over"), [(1.0, False), (1.1, True)])
def test_ratio_is_found_in_noise(cost: float, is_over: bool) -> None:
    """A machine that slows down, and now and then stops, does not hide a tenth."""
    noise = random.Random(0)
    now = 0.0

    def make(seconds: float) -> pairs.Step:
        def step() -> None:
            nonlocal now
            now += seconds * (1 + now / 50) + noise.choice((0.0, 0.0, 0.0, 0.5 * seconds))

        return step

    contest = Contest(
        "a", "b", lambda: make(cost), lambda: make(1.0), limit=1.02, clock=lambda: now
    )
    result = run_contest(contest, 2.0)
    assert result.ratio == pytest.approx(cost, rel=0.02)
    assert result.low <= result.ratio <= result.high
    assert result.is_over is is_over
