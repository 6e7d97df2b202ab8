"""Which classes of which fields random networks have shown to which backend, and how often."""

from __future__ import annotations

from collections import Counter
from math import gcd
from pathlib import Path

from cnnspec.ops.catalog import OPS
from tests.fuzz.fields import list_classes
from tests.fuzz.generate import list_forms
from tests.fuzz.network import FORM, Use, list_kinds

# What a class needs to count as covered, for each backend.
ENOUGH = 20


def list_cells() -> list[Use]:
    """Every class of every field of every op, and every kind of value that it takes."""
    cells = []
    for word, kind in OPS.items():
        cells += [(word, name, label) for name in kind.model_fields
                  for label in list_classes(kind, name)]  # fmt: skip
        cells += [(word, "input", label) for label in list_kinds(kind)]
    return cells


def choose_wanted(number: int, count: int) -> list[Use]:
    """The classes that a batch is about: batches go round through all, forms among them.

    They depend on the batch's number alone, so that a number gives the same networks again.
    """
    cells = [*list_cells(), *list_forms()]
    # Neighbours are of one op: what a batch is about is taken from all over the list.
    steps = range(len(cells) * 5 // 13, len(cells))
    step = next(step for step in steps if gcd(step, len(cells)) == 1)
    return [cells[(number * count + n) * step % len(cells)] for n in range(count)]


class Coverage:
    """How often each backend was shown each class, beside what a table has of runs before."""

    def __init__(self, targets: tuple[str, ...], path: Path | None = None) -> None:
        self.targets = targets
        self.path = path
        self.before = _read(path) if path is not None and path.exists() else {}
        self.counts: dict[str, Counter[Use]] = {target: Counter() for target in targets}

    def add(self, target: str, uses: frozenset[Use]) -> None:
        """Count what a network showed to a backend that ran it."""
        self.counts[target].update(uses)

    def list_rare(self) -> list[tuple[Use, int]]:
        """The classes that some backend saw too seldom, with the least of its counts."""
        least = {cell: min(self._count(t, cell) for t in self.targets) for cell in list_cells()}
        return [(cell, count) for cell, count in least.items() if count < ENOUGH]

    def choose_rare(self, count: int) -> list[Use]:
        """The classes that were seen least, for a batch that is about them."""
        return [cell for cell, _ in sorted(self.list_rare(), key=lambda found: found[1])[:count]]

    def _count(self, target: str, use: Use) -> int:
        return self.counts[target][use] + self.before.get(use, {}).get(target, 0)

    def write(self) -> None:
        """Write the table, a row for each class."""
        if self.path is None:
            return
        forms = {use for counts in self.counts.values() for use in counts if use[0] == FORM}
        forms |= {use for use in self.before if use[0] == FORM}
        seen = {target for row in self.before.values() for target in row}
        targets = sorted(seen | set(self.targets))
        lines = ["\t".join(("op", "field", "class", *targets))]
        for use in [*list_cells(), *sorted(forms)]:
            row = self.before.get(use, {})
            own = (self.counts.get(target, Counter())[use] for target in targets)
            counts = [row.get(t, 0) + count for t, count in zip(targets, own, strict=True)]
            lines.append("\t".join((*use, *map(str, counts))))
        self.path.write_text("\n".join(lines) + "\n")


def _read(path: Path) -> dict[Use, dict[str, int]]:
    head, *lines = path.read_text().splitlines()
    targets = head.split("\t")[3:]
    rows = {}
    for line in lines:
        word, name, label, *counts = line.split("\t")
        rows[word, name, label] = dict(zip(targets, map(int, counts), strict=True))
    return rows
