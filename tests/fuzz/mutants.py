"""What a check accepts runs: networks of the zoo, made narrow, after blind edits of their text.

    python -m tests.fuzz.mutants [--count N] [--seed S] [--targets torch,onnx] [--keep DIR]

A mutant that is accepted is compiled and run on each target, and held against its flat graph as
random networks are. One that fails is kept as a file, with the edits that make it fail.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from math import prod
from pathlib import Path

from cnnspec.diagnostics import Severity, SpecError
from cnnspec.graph.check import check_variants
from cnnspec.graph.ir import Graph
from cnnspec.spec.read import read_spec
from tests.frameworks import torch
from tests.fuzz.edits import KINDS, Edit, apply_all
from tests.networks import NETS, Net, open_near

# A mutant that is larger says nothing more, and takes long.
MOST_MACS = 2 * 10**8
MOST_NUMBERS = 2 * 10**7
MOST_NODES = 400


@dataclass(frozen=True)
class Mutant:
    """A network of the list after some edits."""

    net: Net
    edits: tuple[Edit, ...]

    @property
    def text(self) -> str:
        return apply_all(self.net.text, list(self.edits))

    def __str__(self) -> str:
        return f"{self.net.id} after {', '.join(map(str, self.edits))}"


def draw_mutant(source: random.Random, nets: tuple[Net, ...] = NETS) -> Mutant:
    """One network and one to three edits."""
    count = source.choice([1, 1, 1, 2, 2, 3])
    edits = [
        Edit(source.choice([*KINDS, "number", "number", "field"]), *_draw_pair(source))
        for _ in range(count)
    ]
    return Mutant(source.choice(nets), tuple(edits))


def _draw_pair(source: random.Random) -> tuple[int, int]:
    return source.randrange(10**4), source.randrange(10**4)


def build(mutant: Mutant) -> Graph | None:
    """The network, if the check accepts it."""
    try:
        spec = read_spec(mutant.text, "mutant.yaml", open_near)
        checked = check_variants(spec, mutant.net.settings, mutant.net.variant)
    except SpecError:
        return None
    if any(finding.severity is Severity.ERROR for finding in checked.findings):
        return None
    return checked.graphs[mutant.net.variant]


def is_small(graph: Graph) -> bool:
    """Whether it can be run here."""
    padded = (node.op.find_padded(node.shapes) or node.shape for node in graph.nodes)
    numbers = sum(shape.elements for shape in padded)
    weights = sum(prod(weight.shape) for _, weight in graph.list_weights())
    return (
        len(graph.nodes) <= MOST_NODES
        and max(numbers, weights) <= MOST_NUMBERS
        and sum(node.op.count_macs(node.shapes, node.shape) for node in graph.nodes) <= MOST_MACS
    )


def shorten(mutant: Mutant, targets: tuple[str, ...]) -> Mutant:
    """The mutant with one of its edits alone, if that fails too."""
    alone = (Mutant(mutant.net, (edit,)) for edit in mutant.edits)
    return next((one for one in alone if find_faults(one, targets, Counter())), mutant)


def find_faults(mutant: Mutant, targets: tuple[str, ...], tally: Counter[str]) -> list[str]:
    """What is wrong with a mutant that is accepted; nothing, if it is refused."""
    try:
        graph = build(mutant)
    except Exception as error:
        tally["crashed"] += 1
        return [f"check: {type(error).__name__}: {error}"]
    if graph is None:
        tally["refused"] += 1
        return []
    if not is_small(graph):
        tally["too large"] += 1
        return []
    tally["run"] += 1
    # Loads PyTorch.
    from tests.fuzz.hold import hold

    return hold(graph, targets).problems


def main() -> int:
    """Run some mutants, and keep those that fail."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--targets", default="torch,onnx")
    parser.add_argument("--keep", type=Path, default=Path("build/mutants"))
    options = parser.parse_args()
    targets = tuple(options.targets.split(","))
    torch.set_num_threads(1)
    tally: Counter[str] = Counter()
    start = time.monotonic()
    for seed in range(options.seed, options.seed + options.count):
        mutant = draw_mutant(random.Random(seed))
        faults = find_faults(mutant, targets, tally)
        if faults:
            tally["failed"] += 1
            small = shorten(mutant, targets)
            options.keep.mkdir(parents=True, exist_ok=True)
            file = options.keep / f"{seed}.yaml"
            file.write_text(small.text)
            shown = "".join(f"  {fault}\n" for fault in faults)
            sys.stdout.write(f"seed {seed}: {small}, in {file}\n{shown}")
            sys.stdout.flush()
    spent = time.monotonic() - start
    counts = ", ".join(f"{number} {word}" for word, number in sorted(tally.items()))
    sys.stdout.write(f"{options.count} mutants in {spent:.0f} s: {counts}\n")
    return 1 if tally["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
