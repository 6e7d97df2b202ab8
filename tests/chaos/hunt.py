"""Hunts with Atheris for inputs that break a promise to one target, until the time is over.

What is found is written down, and the hunt goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import json
import os
import pkgutil
import random
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

# Modules that import frameworks, and what only a hunt through files of weights would reach.
LEFT_OUT = (
    "cnnspec.verify",
    "cnnspec.backends.onnx",
    "cnnspec.weights.formats",
    "cnnspec.__main__",
)
# Seconds of the processor, under instrumentation: a multiple of what anything here should take.
SLOW = {"document": 1.0, "expression": 1.0, "renaming": 1.0, "settings": 4.0, "fix": 40.0}
SLOW_OTHERS = 10.0
# Bounds of one network that are reached soon, so that more networks are looked at.
LIMITS = {"MAX_NODES": 3_000, "MAX_STEPS": 5_000, "MAX_WORK": 10_000}
LONGEST = 8_192
# Where an input takes long, a hunt starts from short ones, and takes parts of the others.
LONGEST_SEEDS = {"check": 1_200, "fix": 500, "compile": 1_200, "report": 1_200}


@dataclass
class Tally:
    """What a hunt came to."""

    target: str
    runs: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    found: dict[str, int] = field(default_factory=dict)


@dataclass
class Hunter:
    """Runs a target, and keeps the shortest input of each kind of failure."""

    run: Callable[[bytes], None]
    folder: Path
    tally: Tally
    slow: float
    until: float
    lengths: dict[str, int] = field(default_factory=dict)

    def try_input(self, data: bytes) -> None:
        """Run the target once."""
        started = time.process_time()
        try:
            self.run(data)
        # Whatever escapes is a finding: MemoryError and RecursionError, too.
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            self.keep(_name_failure(error), data, traceback.format_exc())
        taken = time.process_time() - started
        self.tally.slowest = max(self.tally.slowest, taken)
        self.tally.runs += 1
        self.tally.seconds += taken
        if taken > self.slow:
            self.keep("slow", data, f"{taken:.1f} s\n")
        if self.tally.runs % 50 == 0:
            self.write()
        if time.process_time() > self.until:
            self.write()
            # Nothing else ends a hunt by the time of the processor.
            os._exit(0)

    def keep(self, kind: str, data: bytes, told: str) -> None:
        """Write down a failure, if it is new or shorter than the last of its kind."""
        self.tally.found[kind] = self.tally.found.get(kind, 0) + 1
        if len(data) < self.lengths.get(kind, sys.maxsize):
            self.lengths[kind] = len(data)
            (self.folder / f"{kind}.input").write_bytes(data)
            (self.folder / f"{kind}.txt").write_text(told, errors="replace")
        self.write()

    def write(self) -> None:
        """Write down how far the hunt is."""
        (self.folder / "tally.json").write_text(json.dumps(asdict(self.tally)))


def _name_failure(error: BaseException) -> str:
    """Failures in one line of the code are of one kind."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(frame.filename).stem}-{frame.lineno}" for frame in frames[-2:]]
    words = str(error)[:24] if type(error).__name__ == "BrokenPromise" else ""
    digest = hashlib.sha256(words.encode()).hexdigest()[:4] if words else ""
    return "-".join([type(error).__name__, *places, digest]).rstrip("-")


def import_all() -> None:
    """Import every module, so that all of them are instrumented."""
    package = importlib.import_module("cnnspec")
    for module in pkgutil.walk_packages(package.__path__, "cnnspec."):
        if module.name.startswith(LEFT_OUT):
            continue
        # Some need packages that a hunt can do without.
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(module.name)


def hunt(target: str, seconds: int, folder: Path) -> None:
    """Hunt for some seconds of the processor, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=["cnnspec"]):
        import_all()
    from cnnspec.graph import limits
    from tests.chaos.mutate import mutate
    from tests.chaos.seeds import list_seeds
    from tests.chaos.targets import TARGETS

    for name, bound in LIMITS.items():
        setattr(limits, name, bound)
    corpus, seeds = folder / "corpus", folder / "seeds"
    for each in (corpus, seeds):
        each.mkdir(parents=True, exist_ok=True)
    known = [seed for seed in list_seeds(target) if len(seed) <= LONGEST]
    for number, seed in enumerate(known):
        if len(seed) <= LONGEST_SEEDS.get(target, LONGEST):
            (seeds / f"{number:04}").write_bytes(seed)
    texts = [seed.decode(errors="replace") for seed in known]

    def change(data: bytes, most: int, seed: int) -> bytes:
        draw = random.Random(seed)
        if draw.random() < 0.15:
            return bytes(atheris.Mutate(data, most))
        return mutate(data, draw, lambda: draw.choice(texts))[:most]

    slow = SLOW.get(target, SLOW_OTHERS)
    hunter = Hunter(TARGETS[target], folder, Tally(target), slow, seconds)
    options = [
        "-timeout=300", "-rss_limit_mb=2048", "-len_control=0", f"-max_len={LONGEST}",
        f"-artifact_prefix={folder}/",
    ]  # fmt: skip
    atheris.Setup(
        [sys.argv[0], *options, str(corpus), str(seeds)], hunter.try_input, custom_mutator=change
    )
    atheris.Fuzz()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("seconds", type=int)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    hunt(given.target, given.seconds, given.folder)
