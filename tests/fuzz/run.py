"""Batches of random networks, and what came of them."""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis.errors import FlakyFailure

from cnnspec.diagnostics import SpecError
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.spec.read import read_spec
from tests.fuzz.coverage import Coverage, choose_wanted
from tests.fuzz.generate import Random, networks
from tests.fuzz.hold import Held, hold
from tests.fuzz.parts import open_part, write_parts

BATCH = 25
WANTED = 10
# Seconds in which a network that failed is made small.
SHRINKING = 40


def build(text: str) -> Graph:
    """The graph of a random network."""
    return build_graph(read_spec(text, "net.yaml", open_part))


class _EnoughError(BaseException):
    """Ends a batch whose failure took long to make small."""


class Session:
    """Random networks on some targets, what they have shown, and what was wrong."""

    def __init__(self, targets: tuple[str, ...], folder: Path, table: Path | None = None) -> None:
        self.targets = targets
        self.folder = folder
        self.networks = 0
        self.rough = 0
        self.failures = 0
        # The smallest network that failed in this batch, and why; since when it is made small.
        self.smallest: tuple[Random, str] | None = None
        self.began = 0.0
        self.refused: Counter[str] = Counter()
        self.known: Counter[str] = Counter()
        self.coverage = Coverage(targets, table)
        # Keras collects garbage after each model: what stays for good need not be looked at.
        gc.collect()
        gc.freeze()

    def try_network(self, made: Random) -> None:
        """Raise AssertionError where targets disagree, or where one fails."""
        try:
            graph = build(made.text)
        except SpecError as error:
            rules = {diagnostic.rule for diagnostic in error.diagnostics}
            assume(rules != {"empty-network"})
            self.fail(made, [f"refused: {error.diagnostics[0].message}"])
        held = hold(graph, self.targets)
        if self.smallest is None:
            self.count(made, held)
        if held.problems:
            self.fail(made, held.problems)

    def fail(self, made: Random, problems: list[str]) -> NoReturn:
        """Note a failure, which Hypothesis makes smaller, and raise AssertionError for it."""
        problem = "; ".join(problems)
        if self.smallest is None:
            self.began = time.monotonic()
        if self.smallest is None or len(made.text) <= len(self.smallest[0].text):
            self.smallest = made, problem
        if time.monotonic() - self.began > SHRINKING:
            raise _EnoughError
        raise AssertionError(problem)

    def count(self, made: Random, held: Held) -> None:
        """Count a network and what it showed."""
        self.networks += 1
        self.rough += held.is_rough
        self.refused.update(f"{target}: {reason}" for target, reason in held.refused.items())
        self.known.update(held.known)
        for target in held.ran:
            if target in self.targets:
                self.coverage.add(target, made.uses)

    def run_batch(self, number: int, *, rare: bool = False) -> str | None:
        """One batch; of what fails the smallest network is kept, and told in a line.

        A batch for what is rare is about the classes that the table has least of.
        """
        self.smallest = None
        wanted = self.coverage.choose_rare(WANTED) if rare else choose_wanted(number, WANTED)

        @seed(number)
        @settings(
            max_examples=BATCH,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
            print_blob=False,
            report_multiple_bugs=False,
        )
        @given(networks(wanted))
        def check(made: Random) -> None:
            self.try_network(made)

        try:
            check()
        except (AssertionError, _EnoughError, FlakyFailure) as error:
            if self.smallest is None:
                raise
            made, problem = self.smallest
            self.failures += 1
            path = self._keep(number, made.text, problem.splitlines()[0][:600])
            again = " (not every time)" if isinstance(error, FlakyFailure) else ""
            return f"{path}: {problem[:600]}{again}"
        return None

    def _keep(self, number: int, text: str, problem: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"seed_{number}.yaml"
        targets = ",".join(self.targets)
        head = (
            f"# {problem}\n# Found with: python -m tests.fuzz --networks {BATCH} --seed {number} "
            f"--targets {targets}\n# Again: python -m tests.fuzz --replay {path.name} "
            f"--targets {targets}\n"
        )
        path.write_text(head + text)
        write_parts(text, self.folder)
        return path

    def summarise(self) -> str:
        """How many there were, and what is missing."""
        rare = self.coverage.list_rare()
        lines = [
            f"{self.networks} networks on {', '.join(self.targets)}: {self.failures} failures, "
            f"{self.rough} that single precision loses much of",
            *(f"refused {count} times: {reason}" for reason, count in self.refused.most_common()),
            *(f"known {count} times: {fault}" for fault, count in self.known.most_common()),
            f"{len(rare)} classes were seen by some target less than 20 times",
            *(f"  {count:2} {' '.join(cell)}" for cell, count in rare[:40]),
        ]
        return "\n".join(lines) + "\n"


def replay(paths: Iterable[Path], targets: tuple[str, ...]) -> int:
    """Hold kept networks again, a line for each."""
    failed = False
    for path in paths:
        held = hold(build(path.read_text()), targets)
        problems = [*held.problems, *(f"{t} refuses: {why}" for t, why in held.refused.items())]
        sys.stdout.write(f"{path}: {'; '.join(problems) or 'passed'}\n")
        failed |= bool(held.problems)
    return int(failed)
